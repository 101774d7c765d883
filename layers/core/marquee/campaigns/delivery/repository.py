"""What campaigns have delivered, and how they were last seen on their platform, in DynamoDB."""

from collections.abc import Mapping
from typing import Any, cast

from botocore.exceptions import ClientError

from marquee import ddb, keys
from marquee.campaigns.models import Campaign, CampaignPlace
from marquee.campaigns.platforms.models import Delivery
from marquee.settings import settings

_COUNTED = ("spent", "reach", "impressions", "clicks", "purchases", "revenue")


def campaign(place: CampaignPlace) -> Campaign | None:
    """The campaign as of now (consistent)."""
    item = ddb.get(settings().campaigns_table, keys.event(place["tenant"], place["eid"]), place["sk"])
    return cast("Campaign", item) if item else None


def deliver(place: CampaignPlace, delivery: Delivery) -> bool:
    """Keep what was delivered, all of it; False where a newer delivery is kept already."""
    values = {name: getattr(delivery, name) for name in _COUNTED}
    return _change(
        place,
        {**values, "delivered_until": delivery.until},
        "attribute_exists(pk) AND (attribute_not_exists(delivered_until) OR delivered_until <= :until)",
        {":until": delivery.until},
    )


def seen(place: CampaignPlace, running: bool, at: str) -> bool:
    """Keep how the campaign is on its platform; one that was removed stays so."""
    status = "RUNNING" if running else "PAUSED"
    return _change(place, {"status": status, "updated_at": at}, "#state <> :removed", {":removed": "REMOVED"})


def switch_off(place: CampaignPlace, reason: str, at: str) -> bool:
    """Note that the campaign is to be off, and why. False where it is noted already, or it was removed."""
    condition = "#state <> :removed AND off = :none"
    return _change(place, {"off": reason, "updated_at": at}, condition, {":removed": "REMOVED", ":none": ""})


def _change(place: CampaignPlace, changes: Mapping[str, Any], condition: str, given: Mapping[str, Any]) -> bool:
    clause, names, values = ddb.set_expression(changes)
    if "#state" in condition:
        names["#state"] = "status"
    try:
        ddb.aws_client("dynamodb").update_item(
            TableName=settings().campaigns_table,
            Key=ddb.to_item({"pk": keys.event(place["tenant"], place["eid"]), "sk": place["sk"]}),
            UpdateExpression=clause,
            ConditionExpression=condition,
            ExpressionAttributeNames=names,
            ExpressionAttributeValues=values | ddb.to_item(given),
        )
    except ClientError as error:
        if ddb.condition_failed(error):
            return False
        raise ddb.translate(error) from error
    return True
