"""Clusters, and what is learnt of them, in DynamoDB. The only place of this domain that knows it."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from marquee import ddb
from marquee.audience.affinity import Evidence
from marquee.audience.models import Item
from marquee.settings import settings

_CURRENT = "CLUSTERS"
_RUN, _LAUNCHED = "RUN#", "LAUNCHED#"


def _partition(tenant: str) -> str:
    return f"T#{tenant}#AUDIENCE"


def current(tenant: str) -> Item | None:
    """The tenant's clusters as they are now (consistent), or None."""
    return ddb.get(settings().campaigns_table, _partition(tenant), _CURRENT)


def run(tenant: str, tc_run_id: str) -> Item | None:
    """The tenant's clusters as they were under this id, or None where no launch was planned with them and it is long.

    Consistent; a launch's own copy comes first.
    """
    for sk in (_LAUNCHED + tc_run_id, _RUN + tc_run_id):
        item = ddb.get(settings().campaigns_table, _partition(tenant), sk)
        if item is not None:
            return item
    item = current(tenant)
    return item if item and item["tc_run_id"] == tc_run_id else None


def put(tenant: str, version: int, tc_run_id: str, doc: str, updated_at: str, expires_at: int) -> bool:
    """Store the clusters as `version`, and under their id until `expires_at` (seconds since 1970).

    False where the version before is not there.
    """
    values = {"tc_run_id": tc_run_id, "version": version, "doc": doc, "updated_at": updated_at}
    writes = [
        _put({"pk": _partition(tenant), "sk": _CURRENT, **values}, version - 1),
        {"Put": _place({"pk": _partition(tenant), "sk": _RUN + tc_run_id, **values, "expires_at": expires_at})},
    ]
    return not ddb.transact(writes)


def keeping(tenant: str, run: Item) -> list[dict[str, Any]]:
    """The transaction's writes that keep these clusters under their id for good; none where they are kept.

    A copy of its own, so that the same clusters registered once more cannot make it expire.
    """
    sk = _LAUNCHED + run["tc_run_id"]
    if run["sk"] == sk:
        return []
    kept = {name: value for name, value in run.items() if name != "expires_at"}
    return [{"Put": _place({**kept, "pk": _partition(tenant), "sk": sk})}]


def lessons(tenant: str, keys: Sequence[str]) -> dict[str, tuple[int, dict[str, Evidence]]]:
    """The version of what is learnt under each of these trait keys, and the evidence in it by cluster."""
    wanted = [(_partition(tenant), _lesson(key)) for key in keys]
    found = ddb.batch_get(settings().campaigns_table, wanted, consistent=True)
    return {
        str(item["sk"]).removeprefix(_lesson("")): (
            item["version"],
            {tc: Evidence(*pair) for tc, pair in orjson.loads(item["doc"]).items()},
        )
        for item in found
    }


def counted(tenant: str, launch_id: str) -> Item | None:
    """What a launch has been counted as, or None where it has not been yet."""
    return ddb.get(settings().campaigns_table, _partition(tenant), _mark(launch_id))


def count(
    tenant: str,
    launch_id: str,
    before: Item | None,
    mark: Mapping[str, Any],
    learnt: Mapping[str, tuple[int, Mapping[str, Evidence]]],
) -> bool:
    """Store what is learnt (version before, and evidence by cluster) together with the launch's mark.

    False, and nothing written, where any of it has changed meanwhile.
    """
    version = before["version"] if before else 0
    pk = _partition(tenant)
    writes = [_put({"pk": pk, "sk": _mark(launch_id), "version": version + 1, **mark}, version)]
    for key, (known, evidence) in learnt.items():
        doc = orjson.dumps({tc: list(pair) for tc, pair in evidence.items()}).decode()
        writes.append(_put({"pk": pk, "sk": _lesson(key), "version": known + 1, "doc": doc}, known))
    return not ddb.transact(writes)


def _lesson(key: str) -> str:
    return f"LEARNT#{key}"


def _mark(launch_id: str) -> str:
    return f"LEARNED#{launch_id}"


def _place(item: Item) -> dict[str, Any]:
    return {"TableName": settings().campaigns_table, "Item": ddb.to_item(item)}


def _put(item: Item, before: int) -> dict[str, Any]:
    condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(pk)"}
    if before:
        values = ddb.to_item({":before": before})
        condition = {"ConditionExpression": "version = :before", "ExpressionAttributeValues": values}
    return {"Put": {**_place(item), **condition}}
