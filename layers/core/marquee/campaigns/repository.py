"""Set-ups, campaigns and campaign settings in DynamoDB. The only place of this domain that knows it."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from botocore.exceptions import ClientError

from marquee import ddb, keys
from marquee.campaigns import states
from marquee.campaigns.models import Campaign, CampaignPlace, ResetTask, Settings, Setup
from marquee.settings import settings

SETUP, CAMPAIGN = "SETUP", "CAMPAIGN#"
_SETTINGS, _ORDER = "SETTINGS", "ORDER"
_PUT_ASIDE = "SETUP#"
_RESETS = "RESETS"


# --- set-ups ----------------------------------------------------------------------------------------------------------


def setup(tenant: str, eid: str) -> Setup | None:
    """The event's set-up as of now (consistent), a failed one too; None where there is none, or it was reset."""
    item = ddb.get(settings().campaigns_table, keys.event(tenant, eid), SETUP)
    return cast("Setup", item) if item and "launch_id" in item else None


def reset_setup(tenant: str, eid: str, launch_id: str) -> Setup | None:
    """A set-up that was reset, as it was then; None where it was brought back, or removed for good."""
    item = ddb.get(settings().campaigns_table, keys.event(tenant, eid), _PUT_ASIDE + launch_id)
    return cast("Setup", item) if item else None


def launches(tenant: str, eid: str) -> int:
    """How many launches the event has had, as of now (consistent)."""
    item = ddb.get(settings().campaigns_table, keys.event(tenant, eid), _ORDER)
    return int(item.get("launches", 0)) if item else 0


def next_in_order(tenant: str, eid: str) -> int:
    """The place of what is asked for now in the order of an event's toggles: above every one given out before."""
    try:
        answer = ddb.aws_client("dynamodb").update_item(
            TableName=settings().campaigns_table,
            Key=ddb.to_item({"pk": keys.event(tenant, eid), "sk": _ORDER}),
            UpdateExpression="ADD asked :one",
            ExpressionAttributeValues=ddb.to_item({":one": 1}),
            ReturnValues="UPDATED_NEW",
        )
    except ClientError as error:
        raise ddb.translate(error) from error
    return int(ddb.from_item(answer["Attributes"])["asked"])


def plan(
    tenant: str,
    before: Setup | None,
    new: Setup,
    campaigns: Sequence[Campaign],
    keeping: Sequence[Mapping[str, Any]] = (),
) -> bool:
    """Store a launch with all its campaigns, in one transaction, as the event's next one. False where it is not.

    `before` is the failed set-up in whose place it comes, `keeping` are writes that keep what it was planned with. It
    is not the next one where another launch was quicker.
    """
    number = new["number"]
    counting: dict[str, Any] = {
        "TableName": settings().campaigns_table,
        "Key": ddb.to_item({"pk": new["pk"], "sk": _ORDER}),
        "UpdateExpression": "SET launches = :next",
        "ConditionExpression": "launches = :number" if number else "attribute_not_exists(launches)",
        "ExpressionAttributeValues": ddb.to_item({":next": number + 1} | ({":number": number} if number else {})),
    }
    items = [
        {
            "Put": {
                "TableName": settings().campaigns_table,
                "Item": ddb.to_item(one),
                "ConditionExpression": "attribute_not_exists(pk)",
            }
        }
        for one in campaigns
    ]
    return not ddb.transact([setup_put(tenant, before, new), {"Update": counting}, *items, *keeping])


def move(tenant: str, before: Setup, after: Setup) -> bool:
    """Store the next version of a set-up. False where somebody else has, or where it was put away."""
    return not ddb.transact([setup_put(tenant, before, after)])


def setup_put(tenant: str, before: Setup | None, after: Setup) -> dict[str, Any]:
    """The transaction's write that puts the next version of a set-up in place of the one that was read."""
    item = {name: value for name, value in after.items() if not name.startswith("live_")}
    if states.is_live(after["phase"]) or ("live_pk" in after and after["phase"] == "CLOSED"):
        item |= {"live_pk": live_partition(tenant), "live_sk": after["eid"]}
    return {"Put": {"TableName": settings().campaigns_table, "Item": ddb.to_item(item), **_unchanged(before)}}


def unchanged(tenant: str, eid: str, setup: Setup | None) -> dict[str, Any]:
    """The transaction's condition that nobody has written the event's set-up since it was read (None: not there)."""
    return {"ConditionCheck": {**_key(keys.event(tenant, eid), SETUP), **_unchanged(setup)}}


def putting_aside(before: Setup, aside: Setup, purge_at: str) -> list[dict[str, Any]]:
    """The transaction's writes that take a set-up away and keep it as one that was reset, to be purged then."""
    place = {"live_pk": _RESETS, "live_sk": f"{purge_at}#{aside['launch_id']}"}
    kept = {**aside, "sk": _PUT_ASIDE + aside["launch_id"], **place}
    return [
        {"Delete": {**_key(before["pk"], SETUP), **_unchanged(before)}},
        {"Put": {"TableName": settings().campaigns_table, "Item": ddb.to_item(kept)}},
    ]


def resets_due(now: str, after: str | None, limit: int) -> tuple[list[ResetTask], str | None]:
    """Resets of all tenants that are to be purged, the longest due first, `limit` of them after the place `after`.

    Gives the next place too, None at the end. The index lags a little: one may be purged already.
    """
    bounds = {":pk": _RESETS, ":after": f"{after or ''}!", ":now": f"{now}~"}
    request: dict[str, Any] = {
        "TableName": settings().campaigns_table,
        "IndexName": "live",
        "KeyConditionExpression": "live_pk = :pk AND live_sk BETWEEN :after AND :now",
        "ExpressionAttributeValues": ddb.to_item(bounds),
        "Limit": limit,
    }
    items = [ddb.from_item(item) for item in ddb.query(request)["Items"]]
    found: list[ResetTask] = []
    for item in items:
        tenant, eid = keys.tenant_and_eid(item["pk"])
        launch_id = item["sk"].removeprefix(_PUT_ASIDE)
        found.append({"tenant": tenant, "eid": eid, "launch_id": launch_id, "reset_id": ""})
    return found, items[-1]["live_sk"] if len(items) == limit else None


def purged(aside: Setup, at: str) -> bool:
    """Note that nothing of a set-up that was reset is left on a platform. False where it was brought back."""
    values = ddb.to_item({":at": at, ":version": aside["version"]})
    noting = {
        **_key(aside["pk"], aside["sk"]),
        "UpdateExpression": "SET purged_at = :at REMOVE live_pk, live_sk",
        "ConditionExpression": "version = :version",
        "ExpressionAttributeValues": values,
    }
    return not ddb.transact([{"Update": noting}])


def bring_back(tenant: str, aside: Setup, before: Setup | None, after: Setup) -> bool:
    """Make a set-up that was reset the event's one again, in place of a failed one if any; False where it cannot be."""
    taking = {**_key(aside["pk"], aside["sk"]), **_unchanged(aside)}
    return not ddb.transact([setup_put(tenant, before, after), {"Delete": taking}])


def _key(pk: str, sk: str) -> dict[str, Any]:
    return {"TableName": settings().campaigns_table, "Key": ddb.to_item({"pk": pk, "sk": sk})}


def _unchanged(before: Setup | None) -> dict[str, Any]:
    if before is None:
        return {"ConditionExpression": "attribute_not_exists(pk)"}
    values = ddb.to_item({":version": before["version"], ":launch": before["launch_id"]})
    return {"ConditionExpression": "version = :version AND launch_id = :launch", "ExpressionAttributeValues": values}


def live(tenant: str, after: str | None, limit: int) -> tuple[list[str], str | None]:
    """Events of the tenant with campaigns on a platform, `limit` of them after the place `after`; and the next place.

    The index lags a little.
    """
    request: dict[str, Any] = {
        "TableName": settings().campaigns_table,
        "IndexName": "live",
        "KeyConditionExpression": "live_pk = :pk AND live_sk > :after",
        "ExpressionAttributeValues": ddb.to_item({":pk": live_partition(tenant), ":after": after or " "}),
        "Limit": limit,
    }
    found = [ddb.from_item(item)["live_sk"] for item in ddb.query(request)["Items"]]
    return found, found[-1] if len(found) == limit else None


def live_partition(tenant: str) -> str:
    """Partition key of the tenant's set-ups with campaigns on a platform."""
    return f"T#{tenant}#LIVE"


# --- campaigns --------------------------------------------------------------------------------------------------------


def campaigns_of(tenant: str, eid: str, launch_id: str | None = None) -> list[Campaign]:
    """The campaigns of one set-up, or of all that the event had, as of now (consistent), by cluster and platform."""
    return cast("list[Campaign]", under(tenant, eid, f"{CAMPAIGN}{launch_id}#" if launch_id else CAMPAIGN))


def under(tenant: str, eid: str, prefix: str) -> list[ddb.Item]:
    """All that is stored of the event under sort keys that begin so, as of now (consistent), by sort key."""
    request: dict[str, Any] = {
        "TableName": settings().campaigns_table,
        "ConsistentRead": True,
        "KeyConditionExpression": "pk = :pk AND begins_with(sk, :sk)",
        "ExpressionAttributeValues": ddb.to_item({":pk": keys.event(tenant, eid), ":sk": prefix}),
    }
    found: list[ddb.Item] = []
    while True:
        answer = ddb.query(request)
        found += map(ddb.from_item, answer["Items"])
        if "LastEvaluatedKey" not in answer:
            return found
        request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def places(tenant: str, eid: str, launch_id: str) -> list[CampaignPlace]:
    """Where the campaigns of a set-up are, for steps to be told."""
    found = campaigns_of(tenant, eid, launch_id)
    return [{"tenant": tenant, "eid": eid, "launch_id": launch_id, "sk": one["sk"]} for one in found]


def campaign_key(launch_id: str, tc: str, platform: str) -> str:
    """Sort key of a campaign."""
    return f"{CAMPAIGN}{launch_id}#{tc}#{platform}"


def with_setup(place: CampaignPlace) -> tuple[Setup | None, Campaign | None]:
    """The event's set-up and one campaign, both as of now (consistent)."""
    pk = keys.event(place["tenant"], place["eid"])
    found = ddb.batch_get(settings().campaigns_table, [(pk, SETUP), (pk, place["sk"])], consistent=True)
    by_key = {item["sk"]: item for item in found}
    setup_item, campaign = by_key.get(SETUP), by_key.get(place["sk"])
    stored = setup_item if setup_item and "launch_id" in setup_item else None
    return cast("Setup | None", stored), cast("Campaign | None", campaign)


def record(place: CampaignPlace, seen: Mapping[str, Any], at_version: int) -> bool:
    """Note how a campaign is on its platform, done for version `at_version` of its set-up.

    False where that was noted for a later version.
    """
    clause, names, values = ddb.set_expression({**seen, "at_version": at_version})
    return _update(place, clause, names, {**values, **ddb.to_item({":at": at_version})}, "at_version <= :at")


def switch_on(place: CampaignPlace) -> bool:
    """Note that a campaign is not to be off by itself any more. False where there is no such campaign."""
    clause, names, values = ddb.set_expression({"off": ""})
    return _update(place, clause, names, values, "attribute_exists(pk)")


def _update(place: CampaignPlace, clause: str, names: dict[str, str], values: dict[str, Any], condition: str) -> bool:
    update = {
        **_key(keys.event(place["tenant"], place["eid"]), place["sk"]),
        "UpdateExpression": clause,
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
        "ConditionExpression": condition,
    }
    return not ddb.transact([{"Update": update}])


# --- settings ---------------------------------------------------------------------------------------------------------


def campaign_settings(tenant: str) -> Settings:
    """The tenant's campaign settings; those that everybody begins with (version 0) where none are stored."""
    item = ddb.get(settings().campaigns_table, _tenants(tenant), _SETTINGS)
    if item is None:
        return {
            "version": 0,
            "return_floor": None,
            "minimum_spend": {},
            "default_platform": "sandbox",
            "updated_at": None,
        }
    return cast("Settings", {name: item[name] for name in Settings.__annotations__})


def put_settings(tenant: str, new: Settings, base: int) -> bool:
    """Replace the settings of version `base`. False where they have changed since."""
    condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(pk)"}
    if base:
        values = ddb.to_item({":base": base})
        condition = {"ConditionExpression": "version = :base", "ExpressionAttributeValues": values}
    item = ddb.to_item({"pk": _tenants(tenant), "sk": _SETTINGS, **new})
    return not ddb.transact([{"Put": {"TableName": settings().campaigns_table, "Item": item, **condition}}])


def _tenants(tenant: str) -> str:
    return f"T#{tenant}#CAMPAIGNS"
