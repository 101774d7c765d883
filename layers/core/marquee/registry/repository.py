"""Registry events in DynamoDB: `META` is the record, `FE` what the frontend shows of it."""

from typing import Any

from botocore.exceptions import ClientError

from marquee import ddb, keys
from marquee.registry.models import Item
from marquee.settings import settings


def create(item: Item) -> bool:
    """Store a new event. False where its id is taken."""
    try:
        ddb.aws_client("dynamodb").put_item(
            TableName=settings().registry_table,
            Item=ddb.to_item(item),
            ConditionExpression="attribute_not_exists(pk)",
        )
    except ClientError as error:
        if ddb.condition_failed(error):
            return False
        raise ddb.translate(error) from error
    return True


def get(tenant: str, eid: str) -> Item | None:
    """The stored record, or None."""
    return ddb.get(settings().registry_table, keys.event(tenant, eid), "META")


def get_with_frontend(tenant: str, eid: str) -> tuple[Item, Item | None] | None:
    """The record and the frontend state, in one read; None where there is no such event."""
    try:
        answer = ddb.aws_client("dynamodb").query(
            TableName=settings().registry_table,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues=ddb.to_item({":pk": keys.event(tenant, eid)}),
            ConsistentRead=True,
        )
    except ClientError as error:
        raise ddb.translate(error) from error
    items = {str(item["sk"]): item for item in map(ddb.from_item, answer["Items"])}
    return (items["META"], items.get("FE")) if "META" in items else None


def write_frontend(tenant: str, eid: str, values: Item, *, newer_than: int | None = None) -> bool:
    """Record what the frontend shows, together with the proof that the event exists.

    With `newer_than`, only over a state of a lower sequence. False where a newer one is there already; then nothing is
    to be done. Raises LookupError where there is no such event.
    """
    clause, names, attributes = ddb.set_expression(values)
    write: dict[str, Any] = {
        "TableName": settings().registry_table,
        "Key": ddb.to_item({"pk": keys.event(tenant, eid), "sk": "FE"}),
        "UpdateExpression": clause,
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": attributes,
    }
    if newer_than is not None:
        write["ConditionExpression"] = "attribute_not_exists(frontend_sequence) OR frontend_sequence < :newer"
        attributes[":newer"] = ddb.to_attribute(newer_than)
    exists = {
        "TableName": settings().registry_table,
        "Key": ddb.to_item({"pk": keys.event(tenant, eid), "sk": "META"}),
        "ConditionExpression": "attribute_exists(pk)",
    }
    try:
        ddb.aws_client("dynamodb").transact_write_items(TransactItems=[{"ConditionCheck": exists}, {"Update": write}])
    except ClientError as error:
        reasons = ddb.failed_conditions(error)
        if reasons and reasons[0] == "ConditionalCheckFailed":
            raise LookupError(eid) from error
        if len(reasons) > 1 and reasons[1] == "ConditionalCheckFailed":
            return False
        raise ddb.translate(error) from error
    return True
