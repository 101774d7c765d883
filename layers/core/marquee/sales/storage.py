"""Sales in S3: the dropped file, and what ingests make of it. The only place of this domain that knows S3.

Everything an ingest writes stands under ``ingests/<tenant>/``; names derive from the ingest, so a repeated step
overwrites with the same.
"""

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from hashlib import sha256
from typing import IO, Any, NamedTuple

from botocore.exceptions import ClientError

from marquee import ddb
from marquee.settings import settings

_READ_BYTES = 1024 * 1024
REJECTED_WORKBOOK = "rejected.xlsx"
_MODE = "marquee-mode"
_GONE = frozenset(("NoSuchKey", "NoSuchVersion", "404"))


class FileReplaced(Exception):
    """The dropped object is not there any more, or another one has taken its place."""


class Digest(NamedTuple):
    """What identifies a dropped object."""

    sha256: str
    size: int
    etag: str
    mode: str
    """What the object's metadata ask for (``marquee-mode``), in lower case; nothing where they do not."""


def _client() -> Any:
    return ddb.aws_client("s3")


def digest(bucket: str, key: str) -> Digest:
    """Read the object once for its hash. Raises FileReplaced where it is gone."""
    answer = _open(bucket, key)
    summed = sha256()
    size = 0
    for chunk in answer["Body"].iter_chunks(_READ_BYTES):
        summed.update(chunk)
        size += len(chunk)
    mode = answer["Metadata"].get(_MODE, "").strip().lower()
    return Digest(summed.hexdigest(), size, answer["ETag"], mode)


@contextmanager
def downloaded(bucket: str, key: str, etag: str) -> Iterator[IO[bytes]]:
    """The dropped object as a temporary file (with a name). Raises FileReplaced where it is not the one registered."""
    answer = _open(bucket, key, IfMatch=etag)
    with tempfile.NamedTemporaryFile() as file:
        for chunk in answer["Body"].iter_chunks(_READ_BYTES):
            file.write(chunk)
        file.flush()
        file.seek(0)
        yield file


def _open(bucket: str, key: str, **conditions: str) -> Any:
    try:
        return _client().get_object(Bucket=bucket, Key=key, **conditions)
    except ClientError as error:
        if ddb.error_code(error) in {*_GONE, "PreconditionFailed", "412"}:
            raise FileReplaced(key) from error
        raise


def listed(bucket: str, prefix: str) -> Iterator[tuple[str, str, datetime]]:
    """Key, ETag and time of every dropped object below a prefix, in the order of keys."""
    for page in _client().get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for entry in page.get("Contents", ()):
            yield entry["Key"], entry["ETag"], entry["LastModified"]


def put_drop(key: str, body: bytes, mode: str) -> None:
    """Drop a file that was sent to us, with how it is to be taken."""
    _client().put_object(Bucket=settings().bucket, Key=key, Body=body, Metadata={_MODE: mode})


def upload_form(key: str, mode: str, max_bytes: int, seconds: int) -> tuple[str, dict[str, str]]:
    """URL and fields of a form with which one file can be dropped under `key` without our credentials."""
    fields = {f"x-amz-meta-{_MODE}": mode}
    form = _client().generate_presigned_post(
        Bucket=settings().bucket,
        Key=key,
        Fields=dict(fields),
        Conditions=[fields, ["content-length-range", 1, max_bytes]],
        ExpiresIn=seconds,
    )
    return form["url"], form["fields"]


def tag(bucket: str, key: str, tags: dict[str, str]) -> None:
    """Add tags to a dropped object, keeping those of others. An object that is gone needs none."""
    try:
        present = _client().get_object_tagging(Bucket=bucket, Key=key)["TagSet"]
        merged = {one["Key"]: one["Value"] for one in present} | tags
        _client().put_object_tagging(
            Bucket=bucket,
            Key=key,
            Tagging={"TagSet": [{"Key": name, "Value": value} for name, value in merged.items()]},
        )
    except ClientError as error:
        if ddb.error_code(error) not in {*_GONE, "MethodNotAllowed"}:
            raise


# --- what ingests write -----------------------------------------------------------------------------------------------


def ingest_key(tenant: str, ingest_id: str, name: str) -> str:
    """Key of a file that belongs to one ingest."""
    return f"ingests/{tenant}/{ingest_id}/{name}"


def seen_key(tenant: str, eid: str, stage: str, source: str) -> str:
    """Key of an event's multiset of rows with what a source staged."""
    return f"ingests/{tenant}/seen/{eid}/{stage}-{source}"


def put(key: str, body: bytes | IO[bytes], content_type: str = "application/octet-stream") -> None:
    """Write an object of ours."""
    _client().put_object(Bucket=settings().bucket, Key=key, Body=body, ContentType=content_type)


def get(key: str) -> bytes | None:
    """An object of ours, or None."""
    try:
        answer = _client().get_object(Bucket=settings().bucket, Key=key)
    except ClientError as error:
        if ddb.error_code(error) in _GONE:
            return None
        raise
    body: bytes = answer["Body"].read()
    return body


def delete(key: str) -> None:
    """Remove an object of ours; removing it again is fine."""
    _client().delete_object(Bucket=settings().bucket, Key=key)


def ours(prefix: str, before: datetime) -> Iterator[str]:
    """Keys of objects of ours below a prefix that were written before a moment."""
    for key, _, written in listed(settings().bucket, prefix):
        if written < before:
            yield key


def forget(key: str, before: datetime) -> None:
    """Remove an object of ours for good, unless it was written since a moment.

    That very version is removed: one that is written meanwhile stays.
    """
    bucket = settings().bucket
    try:
        found = _client().head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if ddb.error_code(error) in _GONE:
            return
        raise
    if found["LastModified"] < before:
        version = {"VersionId": found["VersionId"]} if "VersionId" in found else {}
        _client().delete_object(Bucket=bucket, Key=key, **version)


def put_ledger(tenant: str, ingest_id: str, status: str, chunks: Iterable[bytes]) -> None:
    """Write a ledger's chunks of one status."""
    for number, chunk in enumerate(chunks):
        put(_ledger_key(tenant, ingest_id, status, number), chunk, "application/json")


def get_ledger(tenant: str, ingest_id: str, status: str, number: int) -> bytes | None:
    """One chunk of a ledger."""
    return get(_ledger_key(tenant, ingest_id, status, number))


def _ledger_key(tenant: str, ingest_id: str, status: str, number: int) -> str:
    return ingest_key(tenant, ingest_id, f"ledger/{status}/{number:06}.json")


def download_url(key: str, file_name: str, content_type: str, seconds: int = 300) -> str:
    """A presigned URL that downloads an object of ours under `file_name`."""
    url: str = _client().generate_presigned_url(
        "get_object",
        Params={
            "Bucket": settings().bucket,
            "Key": key,
            "ResponseContentDisposition": f'attachment; filename="{file_name}"',
            "ResponseContentType": content_type,
        },
        ExpiresIn=seconds,
    )
    return url


def size_of(key: str) -> int | None:
    """Bytes of an object of ours, or None."""
    try:
        size: int = _client().head_object(Bucket=settings().bucket, Key=key)["ContentLength"]
    except ClientError as error:
        if ddb.error_code(error) in _GONE:
            return None
        raise
    return size
