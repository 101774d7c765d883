"""The merged ranges of an .ods and of an .xlsb, which the parser does not tell. The file has been looked at before."""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any
from xml.parsers import expat

from marquee.sales.workbooks import listing, ods_look, xlsb_look, zip_walk
from marquee.sales.workbooks.columns import Span
from marquee.sales.workbooks.looks import Kind, NotAWorkbook

MOST = 250_000
"""Merged ranges of a workbook; a report has some at most for each of its days."""
Spans = dict[str, list[Span]]
_SPANNED = b"-spanned="
_MERGE = struct.Struct("<IIII")
_LENGTH = struct.Struct("<I")
_MERGED_CELL, _LISTED_SHEET = 0xB0, 0x9C
_MERGES_BEGIN = b"\xb1\x01\x04"
"""The record that stands before the merged cells of a sheet, which has four bytes."""


def ranges(path: str, kind: Kind) -> Spans | None:
    """Merged ranges by sheet; None for kinds of files of which the parser knows them itself. Raises NotAWorkbook."""
    if kind not in ("ods", "xlsb"):
        return None
    with Path(path).open("rb") as file, zip_walk.opened(file) as entries:
        return _of_ods(file, entries) if kind == "ods" else _of_xlsb(file, entries)


def _too_many() -> NotAWorkbook:
    return NotAWorkbook(
        "file.too_many_merged", f"The workbook has more than {MOST} merged ranges; no sales report has."
    )


def _holds(chunks: Iterator[bytes], wanted: bytes) -> bool:
    """Whether the bytes stand somewhere in the part."""
    before = b""
    for chunk in chunks:
        if wanted in before + chunk:
            return True
        before = chunk[-len(wanted) :]
    return False


# --- .ods -------------------------------------------------------------------------------------------------------------


def _of_ods(file: IO[bytes], entries: dict[str, Any]) -> Spans:
    part = entries[ods_look.CONTENT]
    # Most reports have none, and a search takes a tenth of the time.
    if not _holds(zip_walk.inflate(file, part), _SPANNED):
        return {}
    tables = _Tables()
    parser = expat.ParserCreate()
    parser.StartElementHandler = tables.start
    for chunk in zip_walk.inflate(file, part):
        parser.Parse(chunk, False)  # noqa: FBT003 - the parser's own signature
    return tables.found


class _Tables:
    """The ranges of all sheets, by the places of their first cells."""

    def __init__(self) -> None:
        self.found: Spans = {}
        self._spans: list[Span] = []
        self._number = 0
        self._row = self._column = 0
        self._rows = 1

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """An element of the part begins; the look has seen that its numbers are such."""
        match name:
            case "table:table":
                self._spans = self.found.setdefault(attributes.get("table:name", ""), [])
                self._row, self._rows = 0, 0
            case "table:table-row":
                self._row += self._rows
                self._rows = int(attributes.get("table:number-rows-repeated", "1"))
                self._column = 0
            case "table:table-cell" | "table:covered-table-cell":
                down, right = (_spanned(attributes, one) for one in ("rows", "columns"))
                if (down, right) != (1, 1):
                    self._number += 1
                    if self._number > MOST:
                        raise _too_many()
                    last = (self._row + down - 1, self._column + right - 1)
                    self._spans.append(((self._row, self._column), last))
                self._column += int(attributes.get("table:number-columns-repeated", "1"))


def _spanned(attributes: dict[str, str], what: str) -> int:
    given = attributes.get(f"table:number-{what}-spanned", "1")
    return int(given) if given.isdecimal() and given.isascii() and 0 < len(given) < 8 and int(given) else 1  # noqa: PLR2004


# --- .xlsb ------------------------------------------------------------------------------------------------------------


def _of_xlsb(file: IO[bytes], entries: dict[str, Any]) -> Spans:
    found: Spans = {}
    number = 0
    for name, part in _parts(file, entries):
        if part not in entries or not _holds(zip_walk.inflate(file, entries[part]), _MERGES_BEGIN):
            continue
        spans = found[name] = []
        for kind, data in xlsb_look.records(zip_walk.inflate(file, entries[part])):
            if kind == _MERGED_CELL and len(data) >= _MERGE.size:
                top, bottom, left, right = _MERGE.unpack_from(data)
                spans.append(((top, left), (bottom, right)))
                number += 1
                if number > MOST:
                    raise _too_many()
    return found


def _parts(file: IO[bytes], entries: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Name and part of each sheet."""
    if xlsb_look.RELATIONSHIPS not in entries:
        return
    targets = listing.relationships(zip_walk.content(file, entries[xlsb_look.RELATIONSHIPS], listing.MAX_BYTES))
    book = zip_walk.content(file, entries[xlsb_look.WORKBOOK], listing.MAX_BYTES)
    for kind, data in xlsb_look.records([book]):
        if kind == _LISTED_SHEET:
            relation, at = _text(data, 8)
            name, _ = _text(data, at)
            yield name, f"xl/{targets.get(relation, '')}"


def _text(data: bytes, at: int) -> tuple[str, int]:
    """A text with its length before it, and where it ends; nothing where it is cut short."""
    if len(data) < at + _LENGTH.size:
        return "", len(data)
    (length,) = _LENGTH.unpack_from(data, at)
    end = at + _LENGTH.size + 2 * length
    return data[at + _LENGTH.size : end].decode("utf-16-le", "replace"), end
