"""A tenant's integrations in DynamoDB: one item a platform."""

from typing import Any, cast

from botocore.exceptions import ClientError

from marquee import ddb
from marquee.campaigns.integrations.models import Stored
from marquee.campaigns.integrations.rules import NONE
from marquee.settings import settings


def integration(tenant: str, platform: str) -> Stored:
    """The tenant's integration as of now (consistent); version 0 where there is none."""
    item = ddb.get(settings().campaigns_table, _partition(tenant), platform)
    return cast("Stored", {name: item[name] for name in Stored.__annotations__}) if item else NONE


def put(tenant: str, platform: str, new: Stored, base: int) -> bool:
    """Write the integration where its version is `base` (0: there is none). False where it is not."""
    item = ddb.to_item({"pk": _partition(tenant), "sk": platform, **new})
    return _done("put_item", base, Item=item)


def delete(tenant: str, platform: str, base: int) -> bool:
    """Delete the integration of version `base`. False where it has changed since."""
    return _done("delete_item", base, Key=ddb.to_item({"pk": _partition(tenant), "sk": platform}))


def _partition(tenant: str) -> str:
    return f"T#{tenant}#INTEGRATIONS"


def _done(operation: str, base: int, **request: Any) -> bool:
    condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(pk)"}
    if base:
        values = ddb.to_item({":base": base})
        condition = {"ConditionExpression": "version = :base", "ExpressionAttributeValues": values}
    try:
        getattr(ddb.aws_client("dynamodb"), operation)(TableName=settings().campaigns_table, **request, **condition)
    except ClientError as error:
        if ddb.condition_failed(error):
            return False
        raise ddb.translate(error) from error
    return True
