"""Curves and models in DynamoDB. The only place of this domain that knows it."""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from marquee import ddb
from marquee.demand import sold
from marquee.demand.sold import Sold
from marquee.settings import settings

_CURRENT = "CURRENT"


class Version(NamedTuple):
    """A trained model as it is stored; `data` is empty where there was nothing to learn from.

    `read_at` orders the versions: the moment (RFC 3339, UTC, microseconds) before its inputs were read. `trained_at` is
    when it was trained, `events` how many finished events it learnt from, `format` how its data is packed.
    """

    version: str
    read_at: str
    trained_at: str
    events: int
    format: int
    data: bytes


# --- curves -----------------------------------------------------------------------------------------------------------


def curve(tenant: str, eid: str) -> Sold | None:
    """The event's curve as it was last followed, or None."""
    item = ddb.get(settings().demand_table, _curves(tenant), eid)
    return _sold_of(item) if item else None


def several_curves(tenant: str, eids: Iterable[str]) -> dict[str, Sold]:
    """The curves of several events, by event; those without one are left out."""
    found = ddb.batch_get(settings().demand_table, [(_curves(tenant), eid) for eid in eids], consistent=True)
    return {str(item["sk"]): _sold_of(item) for item in found}


def curves(tenant: str) -> Iterator[tuple[str, Sold]]:
    """All curves of the tenant with their events, in the order of ids."""
    query: dict[str, Any] = {
        "TableName": settings().demand_table,
        "ConsistentRead": True,
        "KeyConditionExpression": "pk = :pk",
        "ExpressionAttributeValues": ddb.to_item({":pk": _curves(tenant)}),
    }
    while True:
        answer = ddb.query(query)
        for item in map(ddb.from_item, answer["Items"]):
            yield str(item["sk"]), _sold_of(item)
        if "LastEvaluatedKey" not in answer:
            return
        query["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def put_curve(tenant: str, eid: str, of: Sold) -> bool:
    """Store the event's curve. False, and nothing written, where a later version of its sales is stored already."""
    item = {
        "pk": _curves(tenant),
        "sk": eid,
        "version": of.version,
        "currency": of.currency,
        "loaded_on": of.loaded_on.isoformat() if of.loaded_on else None,
        "days": sold.pack(of),
    }
    return _put(item, "attribute_not_exists(pk) OR version <= :version", {":version": of.version})


def _curves(tenant: str) -> str:
    return f"T#{tenant}#CURVES"


def _sold_of(item: ddb.Item) -> Sold:
    loaded = item["loaded_on"]
    return Sold(
        item["version"], item["currency"], date.fromisoformat(loaded) if loaded else None, sold.unpack(item["days"])
    )


# --- models -----------------------------------------------------------------------------------------------------------


def current(tenant: str) -> Version | None:
    """The tenant's present model, from one item; None where none was ever trained."""
    return _version_of(ddb.get(settings().demand_table, _models(tenant), _CURRENT))


def version(tenant: str, name: str) -> Version | None:
    """A version of the tenant's model, or None where it was never stored or is not kept any more."""
    return _version_of(ddb.get(settings().demand_table, _models(tenant), f"V#{name}"))


def keep(tenant: str, one: Version, expires_at: int) -> bool:
    """Store a version until this moment (epoch seconds); False where it is kept as long already.

    Equal names have equal contents, so nothing that was stored is lost.
    """
    item = _item(tenant, f"V#{one.version}", one) | {"expires_at": expires_at}
    return _put(item, "attribute_not_exists(pk) OR expires_at < :expires", {":expires": expires_at})


def move(tenant: str, one: Version) -> bool:
    """Make this the tenant's present model. False, and nothing written, where that one read its inputs later."""
    return _put(_item(tenant, _CURRENT, one), "attribute_not_exists(pk) OR read_at <= :read", {":read": one.read_at})


def _models(tenant: str) -> str:
    return f"T#{tenant}#MODEL"


def _item(tenant: str, sk: str, one: Version) -> ddb.Item:
    return {"pk": _models(tenant), "sk": sk, **one._asdict()}


def _version_of(item: ddb.Item | None) -> Version | None:
    return Version(**{name: item[name] for name in Version._fields}) if item else None


def _put(item: ddb.Item, condition: str, values: dict[str, Any]) -> bool:
    try:
        ddb.aws_client("dynamodb").put_item(
            TableName=settings().demand_table,
            Item=ddb.to_item(item),
            ConditionExpression=condition,
            ExpressionAttributeValues=ddb.to_item(values),
        )
    except ClientError as error:
        if ddb.condition_failed(error):
            return False
        raise ddb.translate(error) from error
    return True
