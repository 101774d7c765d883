"""Images in S3. The only place of this room that knows it.

What is sent lies under ``images/uploads/<tenant>/`` until somebody uses it, and is forgotten after some days. What was
used, and thereby looked at, is kept under ``images/kept/``: a copy of the very bytes that were looked at, which no form
of ours reaches. Its metadata say whose it is.
"""

from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from marquee import ddb
from marquee.settings import settings

_GONE = frozenset(("NoSuchKey", "NoSuchVersion", "404"))
_TENANT = "marquee-tenant"


class Kept(NamedTuple):
    """An image that was looked at."""

    tenant: str
    content_type: str


def _client() -> Any:
    return ddb.aws_client("s3")


def _uploaded_key(tenant: str, image_id: str) -> str:
    return f"images/uploads/{tenant}/{image_id}"


def _kept_key(image_id: str) -> str:
    return f"images/kept/{image_id}"


def upload_form(
    tenant: str, image_id: str, content_type: str, max_bytes: int, seconds: int
) -> tuple[str, dict[str, str]]:
    """URL and fields of a form with which the file can be sent without our credentials."""
    fields = {"Content-Type": content_type}
    form = _client().generate_presigned_post(
        Bucket=settings().bucket,
        Key=_uploaded_key(tenant, image_id),
        Fields=dict(fields),
        Conditions=[fields, ["content-length-range", 1, max_bytes]],
        ExpiresIn=seconds,
    )
    return form["url"], form["fields"]


def uploaded(tenant: str, image_id: str, max_bytes: int) -> bytes | None:
    """What the tenant sent for this image, cut after `max_bytes` and one more; None where nothing came."""
    try:
        answer = _client().get_object(Bucket=settings().bucket, Key=_uploaded_key(tenant, image_id))
    except ClientError as error:
        if ddb.error_code(error) in _GONE:
            return None
        raise
    body: bytes = answer["Body"].read(max_bytes + 1)
    answer["Body"].close()
    return body


def keep(tenant: str, image_id: str, data: bytes, content_type: str) -> None:
    """Keep an image that was looked at; repeated, it is the same."""
    _client().put_object(
        Bucket=settings().bucket,
        Key=_kept_key(image_id),
        Body=data,
        ContentType=content_type,
        Metadata={_TENANT: tenant},
    )


def kept(image_id: str) -> Kept | None:
    """The image, if it was looked at, or None."""
    try:
        found = _client().head_object(Bucket=settings().bucket, Key=_kept_key(image_id))
    except ClientError as error:
        if ddb.error_code(error) in _GONE:
            return None
        raise
    return Kept(found["Metadata"].get(_TENANT, ""), found["ContentType"])


def url(image_id: str, content_type: str, seconds: int) -> str:
    """A presigned URL that shows the image, as this media type."""
    signed: str = _client().generate_presigned_url(
        "get_object",
        Params={
            "Bucket": settings().bucket,
            "Key": _kept_key(image_id),
            "ResponseContentType": content_type,
            "ResponseContentDisposition": "inline",
        },
        ExpiresIn=seconds,
    )
    return signed
