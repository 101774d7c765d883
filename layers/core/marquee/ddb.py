"""DynamoDB without the object layer: one client, plain Python values, error codes turned into domain terms.

Items are flat dicts of str, int, bool, bytes, None, list and dict. Numbers are integers: the platform stores no floats.
"""

import base64
import random
import time
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import orjson
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.parsers import JSONParser, ResponseParserFactory
from botocore.session import get_session

from marquee.errors import Conflict, Throttled
from marquee.settings import settings

Item = dict[str, Any]

_THROTTLES = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "ThrottlingException",
        "RequestLimitExceeded",
        "TransactionInProgressException",
    }
)


class _AsOnTheWire(JSONParser):  # type: ignore[misc]
    """Gives DynamoDB's answers as their JSON says them.

    botocore walks every attribute of every item by the service's shapes and arrives at the same dicts, blobs apart
    (`from_attribute` decodes those). A page of 50 items takes a tenth of the time without the walk. Errors are parsed
    as ever.
    """

    def _do_parse(self, response: Mapping[str, Any], _shape: object) -> Any:
        return orjson.loads(response["body"] or b"{}")


class _WireParsers(ResponseParserFactory):  # type: ignore[misc]
    def create_parser(self, _protocol: str) -> JSONParser:
        return _AsOnTheWire()


@cache
def aws_client(service: str, *, attempts: int = 3, read_timeout: int | None = None) -> Any:
    """A botocore client for `service`, made once per process and only when first needed. Time-outs are in seconds.

    botocore rather than boto3: the same calls, and less to import in a cold environment. Attempts and time-outs are
    small, so that a step of a workflow gives up within its own time and the workflow decides what comes next.
    """
    config = Config(
        retries={"mode": "standard", "total_max_attempts": attempts},
        connect_timeout=2,
        read_timeout=read_timeout or (3 if service == "dynamodb" else 20),
    )
    if service == "s3":
        # Path style works with every endpoint that speaks S3, the local one included. Left to itself the client would
        # presign in a way of old that new buckets refuse.
        addressing = {"addressing_style": "path"} if settings().aws_endpoint else {}
        config = config.merge(Config(s3=addressing, signature_version="s3v4"))
    session = get_session()
    if service == "dynamodb":
        session.register_component("response_parser_factory", _WireParsers())
    return session.create_client(
        service, region_name=settings().region, endpoint_url=settings().aws_endpoint, config=config
    )


def to_attribute(value: Any) -> dict[str, Any]:  # noqa: PLR0911 - one per type
    """A Python value in DynamoDB's wire form. Raises TypeError for a type that is not stored here (floats)."""
    match value:
        case str():
            return {"S": value}
        case bool():
            return {"BOOL": value}
        case int():
            return {"N": str(value)}
        case None:
            return {"NULL": True}
        case bytes():
            return {"B": value}
        case Mapping():
            return {"M": {key: to_attribute(inner) for key, inner in value.items()}}
        case Sequence():
            return {"L": [to_attribute(inner) for inner in value]}
        case _:
            raise TypeError(f"{type(value).__name__} is not stored")


def from_attribute(attribute: Mapping[str, Any]) -> Any:
    """A DynamoDB wire value as a Python value; numbers are integers."""
    ((kind, value),) = attribute.items()
    match kind:
        case "N":
            return int(value)
        case "NULL":
            return None
        case "M":
            return {key: from_attribute(inner) for key, inner in value.items()}
        case "L":
            return [from_attribute(inner) for inner in value]
        case "B" if isinstance(value, str):
            return base64.b64decode(value)
        case _:
            return value


def to_item(values: Mapping[str, Any]) -> dict[str, Any]:
    """A dict in wire form."""
    return {key: to_attribute(value) for key, value in values.items()}


def from_item(item: Mapping[str, Any]) -> Item:
    """A wire item as a dict."""
    # Most attributes are strings: the short way for them halves the time of a page.
    return {key: value["S"] if "S" in value else from_attribute(value) for key, value in item.items()}


def error_code(error: ClientError) -> str:
    """The service's code of an error, e.g. ``ConditionalCheckFailedException``."""
    return str(error.response["Error"]["Code"])


def condition_failed(error: ClientError) -> bool:
    """Whether a single write's condition did not hold."""
    return error_code(error) == "ConditionalCheckFailedException"


def failed_conditions(error: ClientError) -> list[str]:
    """For a cancelled transaction: the reason of each of its writes, in order (``None`` where one was fine).

    Empty where the error is something else.
    """
    if error_code(error) != "TransactionCanceledException":
        return []
    return [str(reason.get("Code", "None")) for reason in error.response.get("CancellationReasons", [])]


def translate(error: ClientError) -> Throttled | ClientError:
    """What a repository raises for an error it has no meaning for: `Throttled`, or the error itself."""
    if error_code(error) in _THROTTLES or "ThrottlingError" in failed_conditions(error):
        return Throttled("store.throttled", "The store is busy. Try again in a moment.", retry_after=1)
    return error


def transact(writes: Sequence[Mapping[str, Any]]) -> list[str]:
    """Run the writes together, or none of them.

    Returns nothing where they are done, else the reason of each write, in order: ``ConditionalCheckFailed``, or
    ``None`` where its own condition held. While another transaction holds one of the items they are tried again, after
    growing random pauses. Raises Conflict when that does not end, Throttled, or the client's error.
    """
    client = aws_client("dynamodb")
    for attempt in range(_CONTENTION_ATTEMPTS):
        try:
            client.transact_write_items(TransactItems=list(writes))
        except ClientError as error:
            reasons = failed_conditions(error)
            if "ConditionalCheckFailed" in reasons:
                return reasons
            if "TransactionConflict" not in reasons:
                raise translate(error) from error
            time.sleep(random.uniform(0, min(0.01 * 2**attempt, 0.3)))  # noqa: S311 - full jitter, no secret
        else:
            return []
    raise Conflict("store.contended", "This is being changed by others. Try again.")


_CONTENTION_ATTEMPTS = 12


class CheckFailed(Exception):
    """What a transaction was to be made under does not hold (any more)."""


def transact_under(checks: Sequence[Mapping[str, Any]], writes: Sequence[Mapping[str, Any]]) -> list[str]:
    """`transact` the writes under these condition checks of other items; the reasons are the writes' alone.

    Raises CheckFailed where a check does not hold.
    """
    reasons = transact([*writes, *checks])
    if "ConditionalCheckFailed" in reasons[len(writes) :]:
        raise CheckFailed
    return reasons[: len(writes)]


def get(table: str, pk: str, sk: str, *, consistent: bool = True) -> Item | None:
    """One item by its key, or None."""
    try:
        answer = aws_client("dynamodb").get_item(
            TableName=table, Key={"pk": {"S": pk}, "sk": {"S": sk}}, ConsistentRead=consistent
        )
    except ClientError as error:
        raise translate(error) from error
    item = answer.get("Item")
    return from_item(item) if item else None


def query(request: Mapping[str, Any]) -> dict[str, Any]:
    """One Query; gives the answer as it is on the wire. Raises Throttled, or the client's error."""
    try:
        answer: dict[str, Any] = aws_client("dynamodb").query(**request)
    except ClientError as error:
        raise translate(error) from error
    return answer


def batch_get(table: str, keys: Sequence[tuple[str, str]], *, consistent: bool = False) -> list[Item]:
    """The items that exist under these (pk, sk) keys, in no order, at most 100 a request.

    Keys that the store puts off are asked for again, after growing random pauses. Raises Throttled when that does not
    end, or the client's error.
    """
    found: list[Item] = []
    waiting = [to_item({"pk": pk, "sk": sk}) for pk, sk in dict.fromkeys(keys)]
    attempt = 0
    while waiting:
        now, waiting = waiting[:_BATCH], waiting[_BATCH:]
        try:
            answer = aws_client("dynamodb").batch_get_item(
                RequestItems={table: {"Keys": now, "ConsistentRead": consistent}}
            )
        except ClientError as error:
            raise translate(error) from error
        found += map(from_item, answer["Responses"].get(table, []))
        late = answer.get("UnprocessedKeys", {}).get(table, {}).get("Keys", [])
        if late:
            attempt += 1
            if attempt == _CONTENTION_ATTEMPTS:
                raise Throttled("store.throttled", "The store is busy. Try again in a moment.", retry_after=1)
            time.sleep(random.uniform(0, min(0.01 * 2**attempt, 0.3)))  # noqa: S311 - full jitter, no secret
            waiting += late
    return found


_BATCH = 100


def set_expression(values: Mapping[str, Any], *, prefix: str = "v") -> tuple[str, dict[str, str], dict[str, Any]]:
    """``SET`` clause, names and values that assign every entry of `values`."""
    names = {f"#{prefix}{index}": name for index, name in enumerate(values)}
    attributes = {f":{prefix}{index}": to_attribute(value) for index, value in enumerate(values.values())}
    clause = ", ".join(f"#{prefix}{index} = :{prefix}{index}" for index in range(len(values)))
    return f"SET {clause}", names, attributes


def add_expression(deltas: Mapping[str, int]) -> tuple[str, dict[str, str], dict[str, Any]]:
    """``ADD`` clause, names and values that move every number of `deltas` by so much."""
    names = {f"#n{index}": name for index, name in enumerate(deltas)}
    attributes = {f":n{index}": to_attribute(delta) for index, delta in enumerate(deltas.values())}
    return "ADD " + ", ".join(f"#n{index} :n{index}" for index in range(len(deltas))), names, attributes
