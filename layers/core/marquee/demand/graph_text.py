"""Pure text of the sales graph's picture: what is safe in XML, how wide it is, and numbers and days in words."""

import unicodedata
from datetime import date
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Decimal
from html import escape

_JOINER, _VARIATION = "\u200d", "\ufe0f"
_SKIN_TONES = range(0x1F3FB, 0x1F400)
_REGIONAL = range(0x1F1E6, 0x1F200)
# Overrides of the direction would reach beyond the title that holds them.
_UNWANTED = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufffe\uffff")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_MILLION = 1_000_000
_FEW = Decimal(10)
_FULL = Decimal(100)


def clean(text: str) -> str:
    """The text on one line, without what XML does not allow and without marks that turn the direction around."""
    kept = (" " if unicodedata.category(char) == "Cc" else char for char in text if char not in _UNWANTED)
    return " ".join("".join(char for char in kept if unicodedata.category(char) != "Cs").split())


def xml(text: str) -> str:
    """The text as XML content or attribute value."""
    return escape(text)


def width(text: str, size: float) -> float:
    """About how wide a line is at a size of type; rather too much, as fonts differ."""
    return size * sum(map(_em, text))


def _em(char: str) -> float:
    if unicodedata.category(char) in {"Mn", "Me", "Cf"}:
        return 0
    if ord(char) >= _MILLION // 16 or unicodedata.east_asian_width(char) in "WF":
        return 1.3 if ord(char) >= _MILLION // 16 else 1.05
    if char in "ijlt.,:;'|! ()[]":
        return 0.4
    return 0.98 if char in "mwMW@%" else 0.76 if char.isupper() else 0.65


def wrapped(text: str, size: float, room: float, lines: int) -> list[str]:
    """The text in at most so many lines of a width; what does not fit ends in an ellipsis.

    Broken between words, or, in a word wider than a line, between characters that do not belong together.
    """
    found = [""]
    for word in _parts(text, size, room):
        longer = f"{found[-1]}{word}"
        if found[-1] and width(longer.rstrip(), size) > room:
            found[-1] = found[-1].rstrip()
            found.append(word)
        else:
            found[-1] = longer
    found[-1] = found[-1].rstrip()
    if len(found) > lines:
        last = list(_clusters(found[lines - 1]))
        while last and width("".join(last) + "…", size) > room:
            last.pop()
        found[lines - 1 :] = ["".join(last).rstrip(" ,;:-") + "…"]
    return found


def _parts(text: str, size: float, room: float) -> list[str]:
    parts: list[str] = []
    for word in text.split(" "):
        if width(word, size) > room:
            parts.extend(_clusters(word))
            parts[-1] += " "
        else:
            parts.append(f"{word} ")
    return parts


def _clusters(text: str) -> list[str]:
    """Characters with all that belongs to them: accents, joined emoji, skin tones, the letters of a flag."""
    found: list[str] = []
    for char in text:
        before = found[-1] if found else ""
        flag = len(before) == 1 and ord(before) in _REGIONAL and ord(char) in _REGIONAL
        mark = unicodedata.category(char) in {"Mn", "Me", "Mc"} or char in {_JOINER, _VARIATION}
        if before and (flag or mark or ord(char) in _SKIN_TONES or before.endswith(_JOINER)):
            found[-1] += char
        else:
            found.append(char)
    return found


def percent(fraction: float) -> str:
    """A fraction as per cent: one decimal below ten and just below a hundred, else none (3.4%, 62%, 99.6%)."""
    exact = Decimal(str(fraction)) * 100
    if exact < _FULL <= exact.quantize(Decimal(1), ROUND_HALF_EVEN):
        return f"{exact.quantize(Decimal('0.1'), ROUND_DOWN)}%"
    fine = 0 < abs(exact) < _FEW and exact % 1
    return f"{exact.quantize(Decimal('0.1') if fine else Decimal(1), ROUND_HALF_EVEN)}%"


def count(number: float) -> str:
    """A number of tickets, from a million on in millions (``7,440``, ``1.25M``)."""
    if abs(number) >= _MILLION:
        return f"{round(number / _MILLION, 2):,g}M"
    return f"{round(number):,}"


def day_month(day: date) -> str:
    """A day without its year: ``12 Jun``."""
    return f"{day.day} {_MONTHS[day.month - 1]}"


def month_year(day: date) -> str:
    """A month: ``Jun 2026``."""
    return f"{_MONTHS[day.month - 1]} {day.year}"


def full_day(day: date) -> str:
    """A day: ``12 Jun 2026``."""
    return f"{day_month(day)} {day.year}"
