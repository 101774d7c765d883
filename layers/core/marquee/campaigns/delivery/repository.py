"""What campaigns have delivered, and why they were switched off, in DynamoDB."""

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from marquee import ddb, keys
from marquee.campaigns.models import CampaignPlace
from marquee.campaigns.platforms.models import Delivery
from marquee.settings import settings

_COUNTED = ("spent", "reach", "impressions", "clicks", "purchases", "revenue")


def deliver(place: CampaignPlace, delivery: Delivery) -> bool:
    """Keep what was delivered, all of it; False where a newer delivery is kept already."""
    values = {name: getattr(delivery, name) for name in _COUNTED}
    newer = "attribute_exists(pk) AND (attribute_not_exists(delivered_until) OR delivered_until <= :until)"
    return _written(place, {**values, "delivered_until": delivery.until}, newer, {":until": delivery.until})


def switch_off(place: CampaignPlace, reason: str) -> bool:
    """Note that a campaign is to be off by itself, and why. False where it is so already."""
    return _written(place, {"off": reason}, "off = :nothing", {":nothing": ""})


def _written(place: CampaignPlace, changes: Mapping[str, Any], condition: str, given: Mapping[str, Any]) -> bool:
    clause, names, values = ddb.set_expression(changes)
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
