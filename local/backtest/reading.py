"""Reads sales curves for the back-test from a CSV: an event is a date, its capacity the finals' 99th percentile."""

import csv
import gzip
import zlib
from collections import Counter
from collections.abc import Iterator
from datetime import date
from math import ceil
from pathlib import Path

import numpy as np

from marquee.demand.models import Curve, Facts

COLUMNS = ("event_date", "sale_date", "tickets")


class BadInput(Exception):
    """The file cannot be replayed; the message names the file, the line and the column."""


def read(path: Path) -> list[Curve]:
    """The events of a file, by date. Raises BadInput."""
    sales: dict[date, Counter[int]] = {}
    try:
        for event, sale, tickets in _rows(path):
            sales.setdefault(event, Counter())[(event - sale).days] += tickets
    except OSError as error:
        raise BadInput(f"{path}: cannot be read: {error.strerror or error}") from error
    except (EOFError, zlib.error) as error:
        raise BadInput(f"{path}: is not a whole gzip file") from error
    except UnicodeDecodeError as error:
        raise BadInput(f"{path}: is not UTF-8 text") from error
    except csv.Error as error:
        raise BadInput(f"{path}: is not CSV: {error}") from error
    finals = [sum(one.values()) for one in sales.values()]
    if not finals or max(finals) <= 0:
        raise BadInput(f"{path}: has no sales")
    capacity = max(ceil(float(np.percentile(finals, 99))), 1)
    return [
        Curve(Facts(day.isoformat(), "", "", "", capacity, day), tuple(sorted(sales[day].items(), reverse=True)))
        for day in sorted(sales)
    ]


def _rows(path: Path) -> Iterator[tuple[date, date, int]]:
    with (
        gzip.open(path, "rt", encoding="utf-8", newline="")
        if path.suffix == ".gz"
        else path.open(encoding="utf-8", newline="") as file
    ):
        lines = csv.reader(file)
        head = [name.strip().removeprefix("\ufeff") for name in next(lines, [])]
        for name in COLUMNS:
            if name not in head:
                raise BadInput(f"{path}: line 1: there is no column '{name}'")
        places = [head.index(name) for name in COLUMNS]
        for row in lines:
            if not row:
                continue
            where = f"{path}: line {lines.line_num}"
            cells = [row[place].strip() if place < len(row) else "" for place in places]
            yield _day(cells[0], where, "event_date"), _day(cells[1], where, "sale_date"), _count(cells[2], where)


def _day(cell: str, where: str, column: str) -> date:
    try:
        return date.fromisoformat(cell)
    except ValueError:
        raise BadInput(f"{where}: column '{column}': '{cell}' is not a date like 2026-06-12") from None


def _count(cell: str, where: str) -> int:
    try:
        return int(cell)
    except ValueError:
        raise BadInput(f"{where}: column 'tickets': '{cell}' is not a whole number") from None
