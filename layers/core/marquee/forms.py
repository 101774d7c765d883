"""Reading the one file of a multipart form (RFC 7578). What is wrong with the form is named."""

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from marquee.errors import Malformed, TooLarge, UnsupportedMedia, Violation
from marquee.requests import Request

if TYPE_CHECKING:
    from multipart import PushMultipartParser

FIELD = "file"
MAX_FILE_BYTES = 4_500_000
"""The gateway hands a body over in base64, in an event of at most 6 MB (6,291,456 bytes): 4.5 MB leave room for it."""
MAX_NAME = 200
"""Characters of a file's name."""
_MULTIPART = "multipart/form-data"
# Boundaries, headers and line ends around the file.
_FORM_BYTES = 64 * 1024
_PARTS = 8
_BOUNDARY = re.compile(r"[A-Za-z0-9'()+_,./:=? -]{0,69}[A-Za-z0-9'()+_,./:=?-]")


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """The file of a form: its own name, without folders, and its content."""

    name: str
    content: bytes

    @property
    def sha256(self) -> str:
        """The content's hash in hex."""
        return hashlib.sha256(self.content).hexdigest()

    @property
    def canonical(self) -> bytes:
        """What makes two forms the same: the boundary is another one in every repetition."""
        return f"{self.name}\n{self.sha256}".encode()


def read_file(request: Request) -> UploadedFile:
    """The file in the form field `file`.

    Raises UnsupportedMedia for a body that is no such form, TooLarge, and Malformed naming what is wrong with the form.
    """
    boundary = _boundary(request.headers.get("content-type", ""))
    if len(request.body) > MAX_FILE_BYTES + _FORM_BYTES or _announced(request) > MAX_FILE_BYTES + _FORM_BYTES:
        raise _too_large()
    if not request.body:
        raise Malformed("body.missing", f"This route needs a form with a file in the field '{FIELD}'.")
    found = _parts(boundary, request.body)
    violations = [
        Violation("form.unknown", name, f"There is no field '{name}' in this form; the file is in '{FIELD}'.")
        for name in dict.fromkeys(name for name, _, _ in found if name != FIELD)
    ]
    files = [(filename, content) for name, filename, content in found if name == FIELD]
    if not files:
        violations.append(Violation("form.missing", FIELD, f"The form has no field '{FIELD}'."))
    elif len(files) > 1:
        violations.append(Violation("form.repeated", FIELD, f"The field '{FIELD}' is there {len(files)} times."))
    if violations:
        raise _wrong(violations)
    filename, content = files[0]
    name = file_name(filename or "")
    if name is None:
        message = f"The field '{FIELD}' needs a file with a name of at most {MAX_NAME} characters."
        raise _wrong([Violation("form.no_file_name", FIELD, message)])
    if not content:
        raise _wrong([Violation("form.empty_file", FIELD, f"The file “{name}” is empty (0 bytes).")])
    if len(content) > MAX_FILE_BYTES:
        raise _too_large()
    return UploadedFile(name, content)


def file_name(given: str) -> str | None:
    """A file's name without folders (some programs send them), as one line; None where nothing of use is left."""
    last = unicodedata.normalize("NFC", given.replace("\\", "/").rpartition("/")[2])
    name = "".join(one for one in last if one.isprintable()).strip()
    return name if name not in {"", ".", ".."} and len(name) <= MAX_NAME else None


def _wrong(violations: list[Violation]) -> Malformed:
    return Malformed("form.invalid", violations[0].message, violations=violations)


def _too_large() -> TooLarge:
    return TooLarge(
        "file.too_large",
        f"The file is larger than {MAX_FILE_BYTES / 1e6:.1f} MB, which is the most that is taken here. "
        "Ask POST /ingest/uploads for a place to send it to.",
    )


def _announced(request: Request) -> int:
    length = request.headers.get("content-length", "")
    return int(length) if length.isascii() and length.isdecimal() and len(length) < 20 else 0  # noqa: PLR2004


def _boundary(content_type: str) -> str:
    from multipart import parse_options_header  # noqa: PLC0415 - only functions that take files have it

    media_type, options = parse_options_header(content_type)
    if media_type != _MULTIPART:
        raise UnsupportedMedia("body.media_type", f"This route reads {_MULTIPART}, not '{media_type}'.")
    boundary: str = options.get("boundary", "")
    if not _BOUNDARY.fullmatch(boundary):
        raise Malformed("form.broken", "The form cannot be read: its Content-Type names no usable boundary.")
    return boundary


def _parts(boundary: str, body: bytes) -> list[tuple[str, str | None, bytes]]:
    """Field name, file name and content of every part. Raises Malformed."""
    from multipart import MultipartError, PushMultipartParser  # noqa: PLC0415 - as above

    parser = PushMultipartParser(boundary, max_segment_count=_PARTS, strict=True)
    try:
        with parser:
            return _collected(parser, body)
    except MultipartError as error:
        raise Malformed("form.broken", f"The form cannot be read: {error.args[0]}.") from error


def _collected(parser: "PushMultipartParser", body: bytes) -> list[tuple[str, str | None, bytes]]:
    from multipart import MultipartSegment  # noqa: PLC0415 - as above

    found: list[tuple[str, str | None, bytes]] = []
    chunks: list[bytes] = []
    named: tuple[str, str | None] = ("", None)
    for part in parser.parse(body):
        if isinstance(part, MultipartSegment):
            named, chunks = (part.name or "", part.filename), []
        elif part is None:
            found.append((*named, b"".join(chunks)))
        else:
            chunks.append(bytes(part))
    return found
