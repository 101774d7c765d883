"""The hidden version cell of an exported row: which row it is, and what it said when it was exported.

It is no secret and no signature. Whoever may send an edited export may change these figures anyway; the cell only has
to tell rows that were damaged, or changed by others meanwhile, from rows that can be applied.
"""

import re
from collections.abc import Callable
from typing import NamedTuple
from zlib import crc32

from marquee.sales.workbooks import cells
from marquee.sales.workbooks.cells import Cell

_VERSION = re.compile(r"v1\.(-?\d{1,18})\.(-?\d{1,18})\.([0-9a-f]{8})\.([0-9a-f]{8})")
# How a reader gives an underscore that was escaped, or a character that no workbook can hold.
_UNDERSCORE = "_x005F_"
_UNWRITABLE = re.compile(r"[\x00-\x1f\ud800-\udfff\ufffe\uffff]")

Key = int
"""A checksum of whose row it is, and of its event, day, category and currency."""


KeyOf = Callable[[str, str, str], Key]
"""Gives the key of an event's row from its day, category and currency."""


class Version(NamedTuple):
    """What a version cell says: the row's key, and its tickets and minor units at export."""

    key: Key
    tickets: int
    minor: int


def keys_of(tenant: str, eid: str) -> KeyOf:
    """A function that gives the key of an event's row from its day, category and currency."""
    begun = crc32(f"{tenant}\x1f{eid}\x1f".encode())

    def key(day: str, category: str, currency: str) -> Key:
        return crc32(f"{day}{currency}{category}".encode(), begun)

    return key


def plain(category: Cell) -> str:
    """A category as it is after every way through a workbook."""
    return _UNWRITABLE.sub("\ufffd", cells.text(category).replace(_UNDERSCORE, "_"))


def written(key: Key, tickets: int, minor: int) -> str:
    """The version cell of a row."""
    said = f"v1.{tickets}.{minor}.{key:08x}"
    return f"{said}.{crc32(said.encode()):08x}"


def read(value: Cell) -> Version | None:
    """What a version cell says; None where it is damaged."""
    found = _VERSION.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        return None
    version = Version(int(found[3], 16), int(found[1]), int(found[2]))
    return version if written(*version) == found[0] else None
