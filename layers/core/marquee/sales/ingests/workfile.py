"""The file that carries a parsed workbook from step to step of the ingest: a JSON head and plain integer arrays."""

from array import array
from collections.abc import Mapping
from typing import Any

import orjson

_LENGTH_BYTES = 8


def pack(
    head: Mapping[str, Any], arrays: Mapping[str, "array[int]"], blobs: Mapping[str, bytes] | None = None
) -> bytes:
    """One byte string out of a document, named arrays and named blobs.

    Arrays are written as this machine holds them; every machine of the platform (x86-64, arm64) is little-endian.
    """
    parts: list[bytes] = []
    layout: list[tuple[str, str, int]] = []
    for name, values in arrays.items():
        parts.append(values.tobytes())
        layout.append((name, values.typecode, len(parts[-1])))
    for name, blob in (blobs or {}).items():
        parts.append(blob)
        layout.append((name, "", len(blob)))
    document = orjson.dumps({"head": head, "layout": layout})
    return b"".join([len(document).to_bytes(_LENGTH_BYTES, "little"), document, *parts])


def unpack(data: bytes) -> tuple[dict[str, Any], dict[str, "array[int]"], dict[str, bytes]]:
    """The document, the arrays and the blobs that were packed."""
    start = _LENGTH_BYTES + int.from_bytes(data[:_LENGTH_BYTES], "little")
    document = orjson.loads(data[_LENGTH_BYTES:start])
    arrays: dict[str, array[int]] = {}
    blobs: dict[str, bytes] = {}
    for name, typecode, size in document["layout"]:
        part = data[start : start + size]
        start += size
        if typecode:
            arrays[name] = array(typecode, part)
        else:
            blobs[name] = part
    return document["head"], arrays, blobs
