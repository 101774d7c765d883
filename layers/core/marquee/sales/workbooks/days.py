"""Pure reading of cells as days of sale: date cells, serial numbers, and text in the usual spellings."""

import math
import re
from datetime import date, datetime, timedelta
from typing import NamedTuple

from marquee.sales.workbooks.cells import MAX_SPELLED, Cell, Refusal, plain_signs, shown, text

EARLIEST = date(1990, 1, 1)
_EPOCH_1900 = date(1899, 12, 30)
_EPOCH_1904 = date(1904, 1, 1)
_SERIALS = range(20_000, 80_000)  # 1954 to 2119 in the 1900 system
_COMPACT = range(19_000_101, 21_001_231)

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan januar january jän jänner",
            "feb februar february",
            "mar mär mrz märz march maerz",
            "apr april",
            "mai may",
            "jun juni june",
            "jul juli july",
            "aug august",
            "sep sept september",
            "okt oct oktober october",
            "nov november",
            "dez dec dezember december",
        ),
        start=1,
    )
    for name in names.split()
}
_WEEKDAY = re.compile(
    r"^(?:mo|di|mi|do|fr|sa|so|mon|tue|wed|thu|fri|sat|sun|montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonnabend|"
    r"sonntag|monday|tuesday|wednesday|thursday|friday|saturday|sunday)\.?,?\s+",
    re.IGNORECASE,
)
_CLOCK = re.compile(
    r"[T,\s]\s*\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?\s*(?:[ap]\.?m\.?|uhr)?\s*(?:Z|[+-]\d{2}:?\d{2})?$", re.IGNORECASE
)
_YEAR_FIRST = re.compile(r"^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})$")
_DOTTED = re.compile(r"^(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4}|\d{2})$")
_SLASHED = re.compile(r"^(\d{1,2})([/-])(\d{1,2})\2(\d{4}|\d{2})$")
_DAY_NAMED = re.compile(r"^(\d{1,2})\.?[\s-]?\s*([^\W\d_]+)\.?,?[\s-]\s*(\d{4}|\d{2})$")
_NAMED_DAY = re.compile(r"^([^\W\d_]+)\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})$", re.IGNORECASE)


class DateReading(NamedTuple):
    """How the days of one sheet are to be read."""

    latest: date
    """The last day that can be a day of sale."""
    month_first: bool = False
    """Whether 3/4/2026 is the fourth of March."""
    from_1904: bool = False
    """Whether the workbook counts days from 1904."""


def slashed_parts(value: Cell) -> tuple[int, int] | None:
    """The first two numbers of a text such as 3/14/2026, whose order only the whole column can tell."""
    if not isinstance(value, str):
        return None
    found = _SLASHED.match(_bare_date(value))
    return (int(found[1]), int(found[3])) if found else None


def read_date(value: Cell, reading: DateReading) -> date | Refusal:
    """The day of a sale."""
    day = _date(value, reading)
    if isinstance(day, Refusal):
        return day
    if day < EARLIEST:
        return Refusal("date.too_early", f"{day.isoformat()} is too long ago to be a day of sale.")
    if day > reading.latest:
        return Refusal("date.in_the_future", f"{day.isoformat()} is in the future; sales can only be in the past.")
    return day


def _date(value: Cell, reading: DateReading) -> date | Refusal:
    found: date | None = None
    match value:
        case datetime():
            found = value.date()
        case date():
            found = value
        case None | "":
            return _MISSING
        case str():
            bare = _bare_date(value)
            if not bare:
                return _MISSING
            found = _text_date(bare, month_first=reading.month_first)
        case float() | int() if not isinstance(value, bool) and math.isfinite(value):
            found = _numeric_date(value, reading)
    if found is None:
        return Refusal("date.not_a_date", f"“{shown(value)}” is not a date. Write it like 31.12.2025 or 2025-12-31.")
    return found


_MISSING = Refusal("date.missing", "The date is missing.")


def _numeric_date(value: float, reading: DateReading) -> date | None:
    whole = math.floor(value)
    if whole in _SERIALS:
        return (_EPOCH_1904 if reading.from_1904 else _EPOCH_1900) + timedelta(days=whole)
    if whole == value and whole in _COMPACT:
        return _calendar(whole // 10_000, whole // 100 % 100, whole % 100)
    return None


def _bare_date(value: str) -> str:
    return _CLOCK.sub("", _WEEKDAY.sub("", plain_signs(text(value)[:MAX_SPELLED]))).strip()


def _text_date(bare: str, *, month_first: bool) -> date | None:  # noqa: PLR0911 - one per spelling
    if found := _YEAR_FIRST.match(bare):
        return _calendar(int(found[1]), int(found[2]), int(found[3]))
    if found := _DOTTED.match(bare):
        return _calendar(_year(found[3]), int(found[2]), int(found[1]))
    if found := _SLASHED.match(bare):
        first, second = int(found[1]), int(found[3])
        day, month = (second, first) if month_first else (first, second)
        return _calendar(_year(found[4]), month, day)
    if found := _DAY_NAMED.match(bare):
        return _calendar(_year(found[3]), _MONTHS.get(found[2].casefold(), 0), int(found[1]))
    if found := _NAMED_DAY.match(bare):
        return _calendar(int(found[3]), _MONTHS.get(found[1].casefold(), 0), int(found[2]))
    if len(bare) == 8 and bare.isdecimal():  # noqa: PLR2004 - yyyymmdd
        return _calendar(int(bare[:4]), int(bare[4:6]), int(bare[6:]))
    return None


def _year(digits: str) -> int:
    return int(digits) if len(digits) == 4 else 2000 + int(digits)  # noqa: PLR2004


def _calendar(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
