"""Pure packing of daily sales into month items: few, compact, and always well below DynamoDB's 400 KB."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import NamedTuple

import orjson

from marquee.sales.models import DayRow

MAX_ITEM_BYTES = 200_000
_ROW_BYTES = 48  # an upper bound of a row's numbers in JSON


class MonthPart(NamedTuple):
    """One item's worth of a month (``2026-03``)."""

    month: str
    part: int
    data: str


def pack(rows: Iterable[DayRow]) -> list[MonthPart]:
    """Day rows as month parts. Equal rows in, equal parts out, whatever their order."""
    ordered = sorted(rows, key=lambda row: (row["day"], row["category"], row["currency"]))
    parts: list[MonthPart] = []
    for month, of_month in groupby(ordered, key=lambda row: row["day"][:7]):
        for number, some in enumerate(_slices(of_month)):
            parts.append(MonthPart(month, number, _encode(some)))
    return parts


def _slices(rows: Iterable[DayRow]) -> Iterator[list[DayRow]]:
    held: list[DayRow] = []
    size = 0
    names: set[str] = set()
    for row in rows:
        # A character takes up to six bytes: escaped in JSON, or in UTF-8.
        name_bytes = 4 + 6 * len(row["category"])
        size += _ROW_BYTES + (0 if row["category"] in names else name_bytes)
        if held and size > MAX_ITEM_BYTES:
            yield held
            held, names, size = [], set(), _ROW_BYTES + name_bytes
        names.add(row["category"])
        held.append(row)
    if held:
        yield held


def _encode(rows: list[DayRow]) -> str:
    categories = sorted({row["category"] for row in rows})
    currencies = sorted({row["currency"] for row in rows})
    category_number = {name: number for number, name in enumerate(categories)}
    currency_number = {name: number for number, name in enumerate(currencies)}
    packed = [
        [
            int(row["day"][8:]),
            category_number[row["category"]],
            currency_number[row["currency"]],
            row["tickets"],
            row["revenue"],
        ]
        for row in rows
    ]
    return orjson.dumps({"categories": categories, "currencies": currencies, "rows": packed}).decode()


def unpack(month: str, data: str) -> Iterator[DayRow]:
    """The day rows of one part."""
    document = orjson.loads(data)
    categories, currencies = document["categories"], document["currencies"]
    for day, category, currency, tickets, revenue in document["rows"]:
        yield {
            "day": f"{month}-{day:02}",
            "category": categories[category],
            "currency": currencies[currency],
            "tickets": tickets,
            "revenue": revenue,
        }
