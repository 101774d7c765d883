"""Multipart forms as clients send them."""

import secrets
from collections.abc import Sequence

Part = tuple[str, str | None, bytes]
"""Field name, file name (None: no file), content."""


def form(parts: Sequence[Part], boundary: str | None = None) -> tuple[str, bytes]:
    """Content type and body of a form; the boundary is another one each time, as browsers make it."""
    boundary = boundary or f"----form{secrets.token_hex(12)}"
    body = b""
    for name, filename, content in parts:
        named = f'; filename="{filename}"' if filename is not None else ""
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"{named}\r\n'
        kind = "Content-Type: application/octet-stream\r\n" if filename is not None else ""
        body += f"{head}{kind}\r\n".encode() + content + b"\r\n"
    return f"multipart/form-data; boundary={boundary}", body + f"--{boundary}--\r\n".encode()


def file_form(content: bytes, name: str = "report.xlsx") -> tuple[str, bytes]:
    """The form of one file in the field `file`."""
    return form([("file", name, content)])
