"""What campaigns have delivered, and why they were switched off, in DynamoDB."""

from collections.abc import Mapping
from typing import Any

from marquee import ddb, keys
from marquee.campaigns import spending
from marquee.campaigns.models import CampaignPlace
from marquee.campaigns.platforms.models import Delivery
from marquee.campaigns.spending import Spending
from marquee.errors import Conflict
from marquee.settings import settings

_ATTEMPTS = 8
_COUNTED = ("spent", "reach", "impressions", "clicks", "purchases", "revenue")


def deliver(place: CampaignPlace, delivery: Delivery) -> bool:
    """Keep what was delivered, all of it, and count what is new of it among the tenant's spending, in one transaction.

    False where a newer delivery is kept already, or there is no such campaign. Safe to repeat. Raises Conflict where
    others keep writing first.
    """
    pk, values = keys.event(place["tenant"], place["eid"]), {name: getattr(delivery, name) for name in _COUNTED}
    for _ in range(_ATTEMPTS):
        stored = ddb.get(settings().campaigns_table, pk, place["sk"])
        if stored is None or stored.get("delivered_until", "") > delivery.until:
            return False
        before = {name: stored.get(name) for name in ("delivered_until", *Spending._fields)}
        more = Spending(*(values[name] - (before[name] or 0) for name in Spending._fields))
        keeping = _update(place, {**values, "delivered_until": delivery.until}, *_unchanged(before))
        if not ddb.transact([keeping, *spending.updates(place["tenant"], place["eid"], stored["currency"], more)]):
            return True
    raise Conflict("campaign.contended", "Deliveries of the campaign keep being written. Try again.")


def _unchanged(before: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """The condition that the campaign still has these values, or still lacks those that are None."""
    conditions = [
        f"attribute_not_exists({name})" if value is None else f"{name} = :b_{name}" for name, value in before.items()
    ]
    given = {f":b_{name}": value for name, value in before.items() if value is not None}
    return " AND ".join(["attribute_exists(pk)", *conditions]), given


def switch_off(place: CampaignPlace, reason: str) -> bool:
    """Note that a campaign is to be off by itself, and why. False where it is so already."""
    return not ddb.transact([_update(place, {"off": reason}, "off = :nothing", {":nothing": ""})])


def _update(
    place: CampaignPlace, changes: Mapping[str, Any], condition: str, given: Mapping[str, Any]
) -> dict[str, Any]:
    """A transaction's write of a campaign's fields."""
    clause, names, values = ddb.set_expression(changes)
    update = {
        "TableName": settings().campaigns_table,
        "Key": ddb.to_item({"pk": keys.event(place["tenant"], place["eid"]), "sk": place["sk"]}),
        "UpdateExpression": clause,
        "ConditionExpression": condition,
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values | ddb.to_item(given),
    }
    return {"Update": update}
