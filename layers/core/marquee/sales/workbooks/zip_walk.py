"""Walking a zip archive without trusting it: its directory first, then the bytes that really come out."""

import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import IO

from marquee.sales.workbooks.looks import NotAWorkbook, damaged, password_protected, too_much_inside

MAX_ENTRIES = 2_000
MAX_UNPACKED_BYTES = 1024 * 1024 * 1024
MAX_RATIO = 250
"""Unpacked to packed size of a part above `RATIO_FROM_BYTES`; real sheets stay below 60."""
RATIO_FROM_BYTES = 16 * 1024 * 1024
MAX_WHOLE_RATIO = 120
"""The same of the whole file, above `WHOLE_RATIO_FROM_BYTES`."""
WHOLE_RATIO_FROM_BYTES = 64 * 1024 * 1024

_CHUNK = 1024 * 1024
_STORED, _DEFLATED = 0, 8
_ENCRYPTED_FLAG = 0x1
# Offsets before the file's beginning or beyond any file are a ValueError, an OverflowError or an OSError of seek.
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    ValueError,
    OverflowError,
    OSError,
)
_LOCAL_HEADER = struct.Struct("<4s5H3I2H")


@contextmanager
def opened(file: IO[bytes]) -> Iterator[dict[str, zipfile.ZipInfo]]:
    """The archive's entries by `plain_name`, for as long as they are looked at.

    Raises NotAWorkbook for what no spreadsheet program packs, and for whatever is found to be damaged meanwhile.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            yield _checked(archive.infolist())
    except _BROKEN as error:
        raise damaged() from error


def plain_name(name: str) -> str:
    """The name under which a parser may look a part up, however it is spelled."""
    steps = name.replace("\\", "/").split("/")
    return "/".join(step for step in steps if step not in {"", "."}).casefold()


def _checked(entries: list[zipfile.ZipInfo]) -> dict[str, zipfile.ZipInfo]:
    if len(entries) > MAX_ENTRIES:
        raise NotAWorkbook("file.too_many_parts", f"The file has more than {MAX_ENTRIES} parts; no sales report has.")
    files = [entry for entry in entries if entry.file_size or not entry.filename.endswith("/")]
    named = {plain_name(entry.filename): entry for entry in files}
    if len(named) != len(files):
        raise damaged("The file holds the same part twice.")
    if any(entry.flag_bits & _ENCRYPTED_FLAG for entry in entries):
        raise password_protected()
    if any(entry.compress_type not in (_STORED, _DEFLATED) for entry in entries):
        raise damaged("The file is packed in a way Excel does not use.")
    if not _sizes_fit(entries):
        raise too_much_inside()
    # Parts that share their packed bytes unpack to any size out of a small file.
    in_order = sorted(entries, key=lambda entry: entry.header_offset)
    for entry, following in pairwise(in_order):
        if entry.header_offset + _LOCAL_HEADER.size + entry.compress_size > following.header_offset:
            raise damaged("Parts of the file lie over each other.")
    return named


def _sizes_fit(entries: list[zipfile.ZipInfo]) -> bool:
    unpacked = sum(one.file_size for one in entries)
    packed = sum(one.compress_size for one in entries)
    return unpacked <= min(MAX_UNPACKED_BYTES, max(WHOLE_RATIO_FROM_BYTES, MAX_WHOLE_RATIO * packed)) and all(
        one.file_size <= max(RATIO_FROM_BYTES, MAX_RATIO * one.compress_size) for one in entries
    )


def inflate(file: IO[bytes], entry: zipfile.ZipInfo) -> Iterator[bytes]:
    """The part's bytes as any parser would get them, in pieces of 1 MB at most.

    Raises BadZipFile where they are not what the directory says.
    """
    file.seek(entry.header_offset)
    header = _LOCAL_HEADER.unpack(file.read(_LOCAL_HEADER.size))
    if header[0] != b"PK\x03\x04":
        raise zipfile.BadZipFile(entry.filename)
    file.seek(header[9] + header[10], 1)
    inflater = zlib.decompressobj(-15) if entry.compress_type == _DEFLATED else None
    left, produced, checksum = entry.compress_size, 0, 0
    while left:
        packed = file.read(min(left, _CHUNK // 4))
        if not packed:
            raise zipfile.BadZipFile(entry.filename)
        left -= len(packed)
        while packed:
            chunk = inflater.decompress(packed, _CHUNK) if inflater else packed
            packed = inflater.unconsumed_tail if inflater else b""
            produced += len(chunk)
            if produced > entry.file_size:
                raise zipfile.BadZipFile(entry.filename)
            checksum = zlib.crc32(chunk, checksum)
            yield chunk
    if inflater and (rest := inflater.flush()):
        produced += len(rest)
        checksum = zlib.crc32(rest, checksum)
        yield rest
    if produced != entry.file_size or checksum != entry.CRC:
        raise zipfile.BadZipFile(entry.filename)


def content(file: IO[bytes], entry: zipfile.ZipInfo, most: int) -> bytes:
    """The whole of a part that has a reason to be small. Raises NotAWorkbook where it is larger than `most` bytes."""
    if entry.file_size > most:
        raise damaged("A part of the file that lists its sheets is far too large.")
    return b"".join(inflate(file, entry))
