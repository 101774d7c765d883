"""`Idempotency-Key`: the same key with the same body is answered once, and replayed for 24 hours.

A key is claimed by a conditional write before the work and holds the stored answer after it. The claim expires after
`LOCK_SECONDS`, so a crash between the two does not block the client for a day; the work itself is safe to repeat
because every write underneath carries its own condition. So an answer that is too large to be kept is made again.
"""

import base64
import hashlib
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from botocore.exceptions import ClientError

from marquee import clock, ddb
from marquee.errors import Conflict, Malformed, Unprocessable
from marquee.settings import settings

RETENTION_SECONDS = 24 * 3600
LOCK_SECONDS = 60
MAX_KEY = 255
# Bytes of an answer that is kept, compressed; DynamoDB takes 400 KB. A larger one is made again for who asks again.
MAX_KEPT = 350_000
_IN_FLIGHT = "in_flight"
_DONE = "done"


@dataclass(frozen=True, slots=True)
class StoredResponse:
    """A response as it was, or will be, sent."""

    status: int
    headers: dict[str, str]
    body: bytes


def fingerprint(method: str, path: str, query: Mapping[str, list[str]] | None, body: bytes) -> str:
    """SHA-256 over what makes two requests the same request."""
    material = orjson.dumps([method, path.rstrip("/"), sorted((query or {}).items())]) + b"\n" + body
    return hashlib.sha256(material).hexdigest()


def run_once(
    tenant: str, sub: str, key: str, request_fingerprint: str, work: Callable[[], StoredResponse]
) -> StoredResponse:
    """Do `work` unless this caller's `key` has been answered already; then return that answer again.

    Raises Malformed (key too long), Conflict (the first request is still being worked on) or Unprocessable (the key was
    used for another request). An error raised by `work` (409, 429, 5xx: never replayed) frees the key.
    """
    if len(key) > MAX_KEY:
        raise Malformed("idempotency.key_too_long", f"Idempotency-Key is longer than {MAX_KEY} characters.")
    pk = _partition(tenant, sub, key)
    earlier = _claim(pk, request_fingerprint)
    if earlier is not None:
        return earlier
    try:
        response = work()
    except Exception:
        _release(pk, request_fingerprint)
        raise
    _complete(pk, request_fingerprint, response)
    return response


def _partition(tenant: str, sub: str, key: str) -> str:
    return f"T#{tenant}#K#" + hashlib.sha256(f"{sub}\n{key}".encode()).hexdigest()


def _claim(pk: str, request_fingerprint: str) -> StoredResponse | None:
    now = clock.epoch()
    try:
        ddb.aws_client("dynamodb").put_item(
            TableName=settings().idempotency_table,
            Item=ddb.to_item(
                {
                    "pk": pk,
                    "sk": "KEY",
                    "state": _IN_FLIGHT,
                    "fingerprint": request_fingerprint,
                    "locked_until": now + LOCK_SECONDS,
                    "expires_at": now + RETENTION_SECONDS,
                }
            ),
            ConditionExpression=(
                "attribute_not_exists(pk) OR expires_at <= :now OR "
                "(#state = :in_flight AND locked_until <= :now AND fingerprint = :fingerprint)"
            ),
            ExpressionAttributeNames={"#state": "state"},
            ExpressionAttributeValues=ddb.to_item(
                {":now": now, ":in_flight": _IN_FLIGHT, ":fingerprint": request_fingerprint}
            ),
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )
    except ClientError as error:
        if not ddb.condition_failed(error):
            raise ddb.translate(error) from error
        return _earlier(ddb.from_item(error.response["Item"]), request_fingerprint)
    return None


def _earlier(item: Mapping[str, Any], request_fingerprint: str) -> StoredResponse:
    if item["fingerprint"] != request_fingerprint:
        raise Unprocessable("idempotency.key_reused", "This Idempotency-Key was used for a different request.")
    if item["state"] == _IN_FLIGHT:
        raise Conflict("idempotency.in_flight", "A request with this Idempotency-Key is still being worked on.")
    stored = orjson.loads(item["response"])
    return StoredResponse(
        stored["status"],
        {**stored["headers"], "Idempotency-Replayed": "true"},
        zlib.decompress(base64.b64decode(stored["body"])),
    )


def _complete(pk: str, request_fingerprint: str, response: StoredResponse) -> None:
    document = _kept(response)
    if len(document) > MAX_KEPT:
        _reopen(pk, request_fingerprint)
        return
    _guarded(
        lambda: ddb.aws_client("dynamodb").update_item(
            TableName=settings().idempotency_table,
            Key=ddb.to_item({"pk": pk, "sk": "KEY"}),
            UpdateExpression="SET #state = :done, #response = :response",
            ConditionExpression="fingerprint = :fingerprint",
            ExpressionAttributeNames={"#state": "state", "#response": "response"},
            ExpressionAttributeValues=ddb.to_item(
                {":done": _DONE, ":response": document, ":fingerprint": request_fingerprint}
            ),
        )
    )


def _kept(response: StoredResponse) -> str:
    return orjson.dumps(
        {
            "status": response.status,
            "headers": response.headers,
            # An item holds 400 KB; what is said of a long file is more, and mostly repeats itself.
            "body": base64.b64encode(zlib.compress(response.body)).decode(),
        }
    ).decode()


def _reopen(pk: str, request_fingerprint: str) -> None:
    """End the work and keep the key: only the same request may claim it again, and finds what it has done."""
    _guarded(
        lambda: ddb.aws_client("dynamodb").update_item(
            TableName=settings().idempotency_table,
            Key=ddb.to_item({"pk": pk, "sk": "KEY"}),
            UpdateExpression="SET locked_until = :now",
            ConditionExpression="#state = :in_flight AND fingerprint = :fingerprint",
            ExpressionAttributeNames={"#state": "state"},
            ExpressionAttributeValues=ddb.to_item(
                {":now": clock.epoch(), ":in_flight": _IN_FLIGHT, ":fingerprint": request_fingerprint}
            ),
        )
    )


def _release(pk: str, request_fingerprint: str) -> None:
    _guarded(
        lambda: ddb.aws_client("dynamodb").delete_item(
            TableName=settings().idempotency_table,
            Key=ddb.to_item({"pk": pk, "sk": "KEY"}),
            ConditionExpression="#state = :in_flight AND fingerprint = :fingerprint",
            ExpressionAttributeNames={"#state": "state"},
            ExpressionAttributeValues=ddb.to_item({":in_flight": _IN_FLIGHT, ":fingerprint": request_fingerprint}),
        )
    )


def _guarded(write: Callable[[], Any]) -> None:
    """Another request may have taken over an expired claim: its record stays."""
    try:
        write()
    except ClientError as error:
        if not ddb.condition_failed(error):
            raise ddb.translate(error) from error
