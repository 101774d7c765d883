"""The sandbox's campaigns in DynamoDB, and the faults that tests put beside them."""

from collections.abc import Callable
from typing import Any, cast

from botocore.exceptions import ClientError

from marquee import ddb
from marquee.campaigns.platforms.sandbox.rules import Fault, Stored
from marquee.settings import settings

_FAULT = "FAULT#"


def campaign(tenant: str, key: str) -> Stored | None:
    """The campaign with this external key as of now (consistent), or None."""
    item = ddb.get(settings().campaigns_table, _partition(tenant), key)
    return cast("Stored", {name: item[name] for name in Stored.__annotations__}) if item else None


def put(tenant: str, key: str, new: Stored, base: int) -> bool:
    """Write the campaign where its version is `base` (0: there is none). False where it is not."""
    condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(pk)"}
    if base:
        values = ddb.to_item({":base": base})
        condition = {"ConditionExpression": "version = :base", "ExpressionAttributeValues": values}
    item = ddb.to_item({"pk": _partition(tenant), "sk": key, **new})
    return _done(lambda client: client.put_item(TableName=settings().campaigns_table, Item=item, **condition))


def delete(tenant: str, key: str) -> None:
    """Delete the campaign; one that is not there is gone."""
    _done(lambda client: client.delete_item(TableName=settings().campaigns_table, Key=_key(tenant, key)))


def faults(tenant: str) -> list[Fault]:
    """What is to go wrong, in order."""
    request = {
        "TableName": settings().campaigns_table,
        "ConsistentRead": True,
        "KeyConditionExpression": "pk = :pk AND begins_with(sk, :sk)",
        "ExpressionAttributeValues": ddb.to_item({":pk": _partition(tenant), ":sk": _FAULT}),
    }
    fresh = {"skip": 0, "times": 1, "key": None, "operation": "any"}
    return [cast("Fault", fresh | ddb.from_item(item)) for item in ddb.query(request)["Items"]]


def consume(tenant: str, fault: Fault) -> bool:
    """Use the fault up by one, which it must have left: `skip` first. False where somebody else did meanwhile."""
    counter, left = ("skip", fault["skip"]) if fault["skip"] else ("times", fault["times"])
    return _done(
        lambda client: client.update_item(
            TableName=settings().campaigns_table,
            Key=_key(tenant, fault["sk"]),
            UpdateExpression="SET #counter = :left",
            ConditionExpression="attribute_exists(pk) AND (#counter = :now OR attribute_not_exists(#counter))",
            ExpressionAttributeNames={"#counter": counter},
            ExpressionAttributeValues=ddb.to_item({":now": left, ":left": left - 1}),
        )
    )


def _partition(tenant: str) -> str:
    return f"T#{tenant}#SANDBOX"


def _key(tenant: str, sort: str) -> dict[str, Any]:
    return ddb.to_item({"pk": _partition(tenant), "sk": sort})


def _done(write: Callable[[Any], object]) -> bool:
    try:
        write(ddb.aws_client("dynamodb"))
    except ClientError as error:
        if ddb.condition_failed(error):
            return False
        raise ddb.translate(error) from error
    return True
