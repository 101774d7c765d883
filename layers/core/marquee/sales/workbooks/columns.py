"""Pure finding of the header and of what its columns mean."""

import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from marquee.sales.workbooks import amounts, cells, headings
from marquee.sales.workbooks.cells import Cell
from marquee.sales.workbooks.headings import ALL_FIELDS, FIELDS, PRICED, REQUIRED, normalised
from marquee.sales.workbooks.mapping import NO_MAPPING, ColumnMapping

SEARCHED_ROWS = 60
"""How many rows from the top may hold the header."""

REASON_HEADER = "Marquee: reason"
ROW_HEADER = "Marquee: row"
"""Columns of a returned workbook that say why; they are no part of a row's content."""

Span = tuple[tuple[int, int], tuple[int, int]]
"""A merged range: its first and last cell as (row, column), from 0, both within it."""

_NUMBERS = frozenset(("tickets", "revenue", "price", "discount"))
_OUR_OWN = (REASON_HEADER, ROW_HEADER)
_PRICED_CORE = ("date", "tickets", "price", "category", "currency", "discount")
_UNNAMED = re.compile(r"#\d+")
_CODE = re.compile(r"[€£$¥]|\b[A-Z]{3}\b|\b[Ee]uro\b")
_DIGIT = re.compile(r"\d")


@dataclass(frozen=True, slots=True)
class Columns:
    """What the columns of one sheet mean. Positions count from the first column of the sheet's filled area."""

    header_row: int
    """Position of the header's first line among the rows of the sheet."""
    headings: tuple[str, ...]
    positions: dict[str, int]
    extras: tuple[tuple[str, int], ...]
    """Every other column as (label, position), by label: the layout of a sheet is no part of its content."""
    currency_sign: str = ""
    """A currency named in the heading of the amounts, such as ``€`` in "Umsatz (€)"."""
    lines: tuple[tuple[str, ...], ...] = ()
    """The header's lines as they stand in the sheet."""
    mapped: frozenset[str] = field(default=frozenset())
    """Fields whose column the tenant's mapping names."""

    @property
    def first_row(self) -> int:
        """Position of the first row below the header."""
        return self.header_row + max(1, len(self.lines))

    @property
    def core(self) -> tuple[str, ...]:
        """The fields that a row is read from: its revenue, or its price and discount in the revenue's place."""
        return _PRICED_CORE if "price" in self.positions else FIELDS

    @property
    def content(self) -> list[int]:
        """Positions of all columns but our own."""
        return [position for position, heading in enumerate(self.headings) if heading not in _OUR_OWN]


@dataclass(slots=True)
class Search:
    """The header, or else the headings of the row that came closest to one (none where no row looks like one)."""

    columns: Columns | None = None
    headings: tuple[str, ...] = ()
    ambiguous: dict[str, list[str]] = field(default_factory=dict)
    """Fields of numbers for which the header has several columns that are as good, with their headings."""


def letter(position: int) -> str:
    """A column's name as spreadsheets show it: 0 is A, 26 is AA."""
    name = ""
    number = position + 1
    while number:
        number, rest = divmod(number - 1, 26)
        name = chr(65 + rest) + name
    return name


def find(
    rows: Sequence[Sequence[Cell]],
    mapping: ColumnMapping = NO_MAPPING,
    merged: Sequence[Span] = (),
    first_column: int = 0,
) -> Search:
    """The header among a sheet's first rows: the first row, or two rows together, that name every needed column.

    `merged` are the sheet's merged ranges: a heading over several columns belongs to each of them.
    """
    search = Search()
    most_known = -1
    searched = rows[:SEARCHED_ROWS]
    above = [span for span in merged if span[0][0] < SEARCHED_ROWS]
    for index, row in enumerate(searched):
        line = _texts(row)
        below = searched[index + 1] if index + 1 < len(searched) else ()
        if sum(1 for text in line if text) >= 2:  # noqa: PLR2004 - a title, not a header
            positions = _positions(line, mapping)
            if _complete(positions):
                lines = (line, _texts(below)) if _are_units(below) else (line,)
                return _found(_columns(index, lines, _with_units(lines), positions, mapping), line, mapping)
            if len(positions) > most_known:
                most_known, search.headings = len(positions), line
        both = _two_lines(row, below, mapping, [span for span in above if span[0][0] == index], first_column)
        if both is not None:
            positions = _positions(both, mapping)
            if _complete(positions):
                return _found(_columns(index, (line, _texts(below)), both, positions, mapping), both, mapping)
    return search


def _found(columns: Columns, line: tuple[str, ...], mapping: ColumnMapping) -> Search:
    """The header as the result, unless numbers of one of its columns would be left out for those of another."""
    placed = mapping.place(line)
    others = set(columns.positions.values())
    ambiguous: dict[str, list[str]] = {}
    for name in _NUMBERS & columns.positions.keys():
        position = columns.positions[name]
        free = _free(line, placed.barred | others - {position})
        alike = placed.rivals[name] if name in columns.mapped else headings.rivals(free, name, position)
        if len(alike) > 1:
            ambiguous[name] = [line[at] for at in alike]
    return Search(None, line, ambiguous) if ambiguous else Search(columns, columns.headings)


def _free(line: Sequence[str], barred: AbstractSet[int]) -> list[tuple[int, str]]:
    """The columns that a guess may take, with their headings."""
    return [
        (position, heading)
        for position, heading in enumerate(line)
        if heading and position not in barred and heading not in _OUR_OWN
    ]


def known_fields(line: Sequence[str], mapping: ColumnMapping = NO_MAPPING) -> frozenset[str]:
    """Which fields some of the headings name."""
    return frozenset(_positions(line, mapping))


def _texts(row: Sequence[Cell]) -> tuple[str, ...]:
    return tuple(cells.text(value) if isinstance(value, str) else "" for value in row)


def _complete(positions: dict[str, int]) -> bool:
    return all(name in positions or (name == "revenue" and "price" in positions) for name in REQUIRED)


def _positions(line: Sequence[str], mapping: ColumnMapping) -> dict[str, int]:
    """Which column is which field: as the mapping says, the others by the best name.

    A price and a discount count only where nothing is the revenue.
    """
    placed = mapping.place(line)
    free = _free(line, placed.barred)
    certain = {name: position for name, position in placed.positions.items() if name in FIELDS}
    positions = headings.guessed(free, FIELDS, certain)
    if "revenue" not in positions:
        positions = headings.guessed(free, ALL_FIELDS, placed.positions)
    if "revenue" in positions or "price" not in positions:
        return {name: position for name, position in positions.items() if name not in PRICED}
    return positions


def _two_lines(
    row: Sequence[Cell], below: Sequence[Cell], mapping: ColumnMapping, spans: Sequence[Span], first_column: int
) -> tuple[str, ...] | None:
    """The headings that two rows make together; None where they cannot be one header.

    The second must be made of words only, as no row of sales is, and be no header itself.
    """
    upper, lower = list(_texts(row)), _texts(below)
    if any(_DIGIT.search(text) for text in lower) or any(
        not isinstance(value, str) and value is not None for value in (*row, *below)
    ):
        return None
    if len({text for text in upper if text}) < 2 or sum(1 for text in lower if text) < 2:  # noqa: PLR2004 - a title
        return None
    if _complete(_positions(lower, mapping)):
        return None
    for (_, left), (_, right) in spans:
        start = left - first_column
        if 0 <= start < len(upper):
            stop = min(right - first_column + 1, len(upper))
            upper[start:stop] = [upper[start]] * (stop - start)
    return tuple(f"{above} {under}".strip() for above, under in zip(upper, lower, strict=True))


def _are_units(row: Sequence[Cell]) -> bool:
    """Whether the row below a header only says in what its columns are counted."""
    filled = [value for value in row if value not in ("", None)]
    return bool(filled) and all(isinstance(value, str) and headings.is_unit(cells.text(value)) for value in filled)


def _with_units(lines: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    if len(lines) == 1:
        return lines[0]
    return tuple(
        f"{above} [{under.strip(' ()[]')}]" if above and under else above
        for above, under in zip(lines[0], lines[1], strict=True)
    )


def _columns(
    index: int,
    lines: tuple[tuple[str, ...], ...],
    line: tuple[str, ...],
    positions: dict[str, int],
    mapping: ColumnMapping,
) -> Columns:
    taken = set(positions.values())
    extras = sorted(
        (unnamed(position) if not normalised(heading) else _label(heading), position)
        for position, heading in enumerate(line)
        if position not in taken and heading not in _OUR_OWN
    )
    placed = mapping.place(line).positions
    return Columns(
        header_row=index,
        headings=line,
        positions=positions,
        extras=tuple(extras),
        currency_sign=_currency_in(line[positions.get("revenue", positions.get("price", 0))]),
        lines=lines,
        mapped=frozenset(name for name, position in positions.items() if placed.get(name) == position),
    )


def unnamed(position: int) -> str:
    """What a column without a heading is called."""
    return f"#{position}"


def _label(heading: str) -> str:
    # A returned workbook names the columns that had no name.
    return heading if _UNNAMED.fullmatch(heading) else normalised(heading)


def _currency_in(heading: str) -> str:
    """A currency's sign or code in a heading. In one of capitals only, other words look like codes."""
    for found in _CODE.finditer(heading):
        shouted = heading.isupper() and found[0].isalpha() and heading[found.end() :].strip(" )]")
        if not shouted and amounts.currencies_of(found[0]):
            return found[0]
    return ""


def is_totals_row(row: Sequence[Cell], columns: Columns) -> bool:
    """Whether a row that is no sale starts one of its texts with a word such as Total or Summe."""
    return any(isinstance(row[at], str) and headings.begins_as_total(str(row[at])) for at in columns.content)


def is_repeated_header(row: Sequence[Cell], columns: Columns) -> bool:
    """Whether a row is a line of the header again, as printed at the top of each page."""
    lines = columns.lines or (columns.headings,)
    return any(_is_line(row, line, columns.positions) for line in lines)


def _is_line(row: Sequence[Cell], line: Sequence[str], positions: dict[str, int]) -> bool:
    if not any(line[position] for position in positions.values()):
        return False
    return all(
        (cells.text(value) if isinstance(value := row[position], str) else value or "") == line[position]
        for position in positions.values()
    )


def is_note(row: Sequence[Cell], columns: Columns) -> bool:
    """Whether a row that is no sale is a remark: one text only, or one that begins with ``*`` or ends with a colon.

    Its tickets and its amount are empty, so that there is nothing in it that could have been meant as a sale.
    """
    filled = [value for at in columns.content if not cells.is_empty(value := row[at])]
    numbers = [row[at] for name, at in columns.positions.items() if name in _NUMBERS]
    if len(filled) > 1 and not all(map(cells.is_empty, numbers)):
        return False
    first = cells.text(filled[0]) if filled and isinstance(filled[0], str) else ""
    if not first or first[0].isdigit():
        return False
    return len(filled) == 1 or first.startswith("*") or first.endswith(":")
