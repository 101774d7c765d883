"""An event's launches, how they are closed, and their results, in DynamoDB."""

import zlib
from collections.abc import Sequence
from typing import Any, NamedTuple, cast

import orjson

from marquee import ddb, keys
from marquee.campaigns import repository as campaigns
from marquee.campaigns.closing.models import Run
from marquee.campaigns.models import Setup
from marquee.settings import settings

_ORDER = "ORDER"
_CURRENT, _RUN = "RESULT", "RESULT#"


def launches(tenant: str, eid: str) -> list[Setup]:
    """All set-ups that the event has, or had and may get back, as of now (consistent)."""
    found = campaigns.under(tenant, eid, campaigns.SETUP)
    return [cast("Setup", item) for item in found if "launch_id" in item]


def never_launched(tenant: str, eids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Of these events those that never had a launch: each with a transaction's condition that it still had none."""
    wanted = [(keys.event(tenant, eid), _ORDER) for eid in eids]
    found = ddb.batch_get(settings().campaigns_table, wanted, consistent=True)
    launched = {item["pk"] for item in found if "launches" in item}
    return {
        eid: {
            "ConditionCheck": {
                "TableName": settings().campaigns_table,
                "Key": ddb.to_item({"pk": pk, "sk": _ORDER}),
                "ConditionExpression": "attribute_not_exists(launches)",
            }
        }
        for eid, (pk, _) in zip(eids, wanted, strict=True)
        if pk not in launched
    }


def move(tenant: str, read: Setup, changes: dict[str, Any], without: Sequence[str] = ()) -> bool:
    """Write these fields of the set-up as it was read, and take others away. False where somebody else wrote since."""
    clause, names, values = ddb.set_expression({**changes, "version": read["version"] + 1})
    names |= {f"#r{index}": name for index, name in enumerate(without)}
    removed = f" REMOVE {', '.join(f'#r{index}' for index in range(len(without)))}" if without else ""
    update = {
        "TableName": settings().campaigns_table,
        "Key": ddb.to_item({"pk": keys.event(tenant, read["eid"]), "sk": read["sk"]}),
        "UpdateExpression": clause + removed,
        "ConditionExpression": "version = :seen",
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values | ddb.to_item({":seen": read["version"]}),
    }
    return not ddb.transact([{"Update": update}])


# --- results ----------------------------------------------------------------------------------------------------------


class Current(NamedTuple):
    """Which attribution counts (None before the first), since when, and how often that has changed."""

    run_id: str | None
    changes: int
    since: str


def current(tenant: str, eid: str) -> Current:
    """Which of the event's attributions counts now (consistent)."""
    item = ddb.get(settings().campaigns_table, keys.event(tenant, eid), _CURRENT)
    return Current(item["run_id"], item["changes"], item["since"]) if item else Current(None, 0, "")


def run(tenant: str, eid: str, run_id: str) -> Run | None:
    """A stored attribution."""
    item = ddb.get(settings().campaigns_table, keys.event(tenant, eid), _RUN + run_id)
    return _run(item) if item else None


def runs(tenant: str, eid: str) -> list[Run]:
    """All attributions of the event that are stored."""
    return [_run(item) for item in campaigns.under(tenant, eid, _RUN)]


def keep(tenant: str, eid: str, found: Run, changes: int, at: str) -> bool:
    """Store an attribution, and let it be the one that counts from `at` on; one that is stored stays as it is.

    False where another came to count since `changes` was read.
    """
    table, pk = settings().campaigns_table, keys.event(tenant, eid)
    place = ddb.to_item({"pk": pk, "sk": _RUN + found["id"]})
    item = place | ddb.to_item({"doc": zlib.compress(orjson.dumps(found)), "created_at": found["created_at"]})
    there = ddb.get(table, pk, _RUN + found["id"]) is not None
    held = f"attribute_{'' if there else 'not_'}exists(pk)"
    storing: dict[str, Any] = {"TableName": table, "ConditionExpression": held}
    storing |= {"Key": place} if there else {"Item": item}
    since = (
        {"ConditionExpression": "attribute_not_exists(pk)"}
        if not changes
        else {
            "ConditionExpression": "changes = :seen",
            "ExpressionAttributeValues": ddb.to_item({":seen": changes}),
        }
    )
    pointer = {"pk": pk, "sk": _CURRENT, "run_id": found["id"], "changes": changes + 1, "since": at}
    pointing = {"TableName": table, "Item": ddb.to_item(pointer), **since}
    return not ddb.transact([{"ConditionCheck" if there else "Put": storing}, {"Put": pointing}])


def _run(item: ddb.Item) -> Run:
    stored: Run = orjson.loads(zlib.decompress(item["doc"]))
    return stored
