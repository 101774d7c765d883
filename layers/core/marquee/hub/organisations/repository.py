"""Organisations in DynamoDB: one item each, under the tenant's own key."""

from marquee import ddb
from marquee.hub.models import Item
from marquee.settings import settings


class VersionMoved(Exception):
    """The organisation was written by somebody else since it was read."""


def get(tenant: str) -> Item:
    """The stored organisation; version 0 and nothing else where there is none."""
    pk, sk = f"T#{tenant}", "ORGANISATION"
    return ddb.get(settings().hub_table, pk, sk) or {"pk": pk, "sk": sk, "version": 0}


def save(before: Item, changes: Item) -> Item:
    """Apply `changes` to the version that was read. Gives it as stored. Raises VersionMoved."""
    after = {**before, **changes, "version": before["version"] + 1}
    put = {"TableName": settings().hub_table, "Item": ddb.to_item(after)}
    if before["version"]:
        put["ConditionExpression"] = "version = :version"
        put["ExpressionAttributeValues"] = ddb.to_item({":version": before["version"]})
    else:
        put["ConditionExpression"] = "attribute_not_exists(pk)"
    if ddb.transact([{"Put": put}]):
        raise VersionMoved
    return after
