"""Set-ups, campaigns and campaign settings in DynamoDB. The only place of this domain that knows it."""

from typing import Any, cast

from marquee import ddb, keys
from marquee.campaigns.models import Campaign, CampaignPlace, Settings, Setup
from marquee.settings import settings

SETUP, CAMPAIGN = "SETUP", "CAMPAIGN#"
_SETTINGS = "SETTINGS"
_PUT_ASIDE = "SETUP#"


# --- set-ups ----------------------------------------------------------------------------------------------------------


def setup(tenant: str, eid: str) -> Setup | None:
    """The event's set-up as of now (consistent), a failed one too; None where there is none, or it was reset."""
    item = ddb.get(settings().campaigns_table, keys.event(tenant, eid), SETUP)
    return cast("Setup", item) if item and "launch_id" in item else None


def reset_setup(tenant: str, eid: str, launch_id: str) -> Setup | None:
    """A set-up that was reset, as it was then; None where it was brought back, or removed for good."""
    item = ddb.get(settings().campaigns_table, keys.event(tenant, eid), _PUT_ASIDE + launch_id)
    return cast("Setup", item) if item else None


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


def campaigns_of(tenant: str, eid: str, launch_id: str) -> list[Campaign]:
    """The campaigns of one set-up as of now (consistent), by cluster and platform."""
    request: dict[str, Any] = {
        "TableName": settings().campaigns_table,
        "ConsistentRead": True,
        "KeyConditionExpression": "pk = :pk AND begins_with(sk, :sk)",
        "ExpressionAttributeValues": ddb.to_item({":pk": keys.event(tenant, eid), ":sk": f"{CAMPAIGN}{launch_id}#"}),
    }
    found: list[Campaign] = []
    while True:
        answer = ddb.query(request)
        found += [cast("Campaign", ddb.from_item(item)) for item in answer["Items"]]
        if "LastEvaluatedKey" not in answer:
            return found
        request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


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
