"""Pure reading of single cells: what a spreadsheet holds, as text; days and amounts have modules of their own.

A reader returns the value, or a `Refusal` whose sentence is for the person who keeps the report.
"""

import unicodedata
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import NamedTuple


class Shared(NamedTuple):
    """A number in a cell that is merged over several rows, from `first` to `last` as spreadsheets number them.

    `value` is what the row's own cell holds: the number in the first row, nothing in the others.
    """

    value: "str | float | int | bool | date | datetime | time | timedelta | None"
    first: int
    last: int


Cell = str | float | int | bool | date | datetime | time | timedelta | Shared | None

MAX_CATEGORY = 100
MAX_SPELLED = 200
"""Characters of a text up to which it may be a day, a number, a currency or a heading."""
_MAX_COMPOSED = 2_000
"""Characters of a text up to which accents are composed: in what only looks like text it takes their number squared."""
_SHOWN = 60
_SPACES = dict.fromkeys(map(ord, "\u00a0\u202f\u2009\u2007\u200b\ufeff"), " ")
_SIGNS = {ord("\u2212"): "-", ord("\u2013"): "-", ord("\u2014"): "-"}


class Refusal(NamedTuple):
    """Why a cell is not taken: a stable code and a sentence."""

    code: str
    message: str


def shown(value: Cell) -> str:
    """The cell as written, shortened, for use inside a sentence."""
    text = as_written(value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def as_written(value: Cell) -> str:  # noqa: PLR0911 - one per type
    """The cell's content as text: a number without a needless ``.0``, a day as ISO 8601, nothing as the empty text."""
    match value:
        case None:
            return ""
        case Shared():
            return as_written(value.value)
        case str():
            return value
        case bool():
            return "TRUE" if value else "FALSE"
        case float():
            return str(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
        case datetime():
            at_midnight = value.time() == time()
            return value.date().isoformat() if at_midnight else value.isoformat(sep=" ")
        case date() | time():
            return value.isoformat()
        case _:
            return str(value)


def plain_signs(spelled: str) -> str:
    """The text with every dash that people type for a minus as a minus."""
    return spelled.translate(_SIGNS)


def text(value: Cell) -> str:
    """The cell as normalised text: Unicode composed, spaces collapsed, trimmed."""
    if isinstance(value, str):
        if value.isascii():
            return " ".join(value.split())
        composed = unicodedata.normalize("NFC", value) if len(value) <= _MAX_COMPOSED else value
        return " ".join(composed.translate(_SPACES).split())
    return as_written(value)


def is_empty(value: Cell) -> bool:
    """Whether a cell holds nothing, or only spaces."""
    return value is None or (isinstance(value, str) and not value[:1].isalnum() and not text(value))


def unshared(row: Sequence[Cell]) -> list[Cell]:
    """A row's cells as its sheet has them."""
    return [cell.value if isinstance(cell, Shared) else cell for cell in row]


_SEPARATOR = "\x1e"


def texts(values: Sequence[Cell]) -> Sequence[str]:
    """`text` of every cell of a column. A column of tidy ASCII texts, the usual case, is checked in one go."""
    try:
        joined = _SEPARATOR.join(values)  # type: ignore[arg-type] # a TypeError is the answer for other cells
    except TypeError:
        return [text(value) for value in values]
    return values if _is_tidy(joined, len(values)) else [text(value) for value in values]  # type: ignore[return-value]


def _is_tidy(joined: str, number: int) -> bool:
    """Whether `number` joined texts are as `text` would give them: ASCII, printable, trimmed, single spaces."""
    bare = joined.replace(_SEPARATOR, "")
    return (
        len(joined) - len(bare) == number - 1
        and bare.isascii()
        and bare.isprintable()
        and "  " not in joined
        and f" {_SEPARATOR}" not in joined
        and f"{_SEPARATOR} " not in joined
        and not joined.startswith(" ")
        and not joined.endswith(" ")
    )


def read_category(value: Cell) -> str | Refusal:
    """The ticket category; rows without one are General."""
    name = text(value)
    if len(name) > MAX_CATEGORY:
        return Refusal("category.too_long", f"The category is longer than {MAX_CATEGORY} characters.")
    return name or "General"
