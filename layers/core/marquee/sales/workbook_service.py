"""Workbooks for other domains: read with the guards that sales reports are read with, written safe from formulas.

Cells are read by the functions named here, in the ways people write them.
"""

import io
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from marquee.errors import Unprocessable
from marquee.sales.workbooks import amounts, inspection, trial
from marquee.sales.workbooks.cells import Cell, Refusal, is_empty, shown, text
from marquee.sales.workbooks.columns import letter
from marquee.sales.workbooks.looks import NotAWorkbook
from marquee.sales.workbooks.sheet_writer import Column, SheetWriter, Style, number_cell, text_cell
from marquee.sales.workbooks.sheets import opened

__all__ = ["Cell", "Column", "Refusal", "Table", "amount", "is_empty", "letter", "shown", "tables", "text", "written"]


@dataclass(frozen=True, slots=True)
class Table:
    """A visible sheet: its rows from the first filled one on, which spreadsheets number `first_row`.

    `first_column` is the position of the rows' first cells, from 0.
    """

    name: str
    first_row: int
    first_column: int
    rows: list[Sequence[Any]]


def tables(content: bytes, most_rows: int) -> list[Table]:
    """The sheets of a workbook. Raises Unprocessable for what is none, or cannot be read safely, or is too long."""
    try:
        with tempfile.NamedTemporaryFile() as file:
            file.write(content)
            file.flush()
            looked = inspection.inspect(file, len(content))
            if not looked.certain:
                trial.attempt(file.name, looked)
            with opened(file.name) as sheets:
                return [_table(sheet, most_rows) for sheet in sheets]
    except NotAWorkbook as error:
        raise Unprocessable(error.code, error.message) from error


def _table(sheet: Any, most_rows: int) -> Table:
    first_row, first_column = sheet.start or (0, 0)
    rows = list(islice(sheet.iter_rows(), most_rows + 1))
    if len(rows) > most_rows:
        raise NotAWorkbook("file.too_many_rows", f"Sheet “{sheet.name}” has more than {most_rows:,} rows.")
    return Table(sheet.name, first_row + 1, first_column, rows)


def amount(value: Cell, currency: str) -> int | Refusal:
    """An amount of `currency` in minor units."""
    found = amounts.read_amount(value, currency)
    return amounts.of_field(found, "amount") if isinstance(found, Refusal) else found


def written(sheet: str, columns: Sequence[Column], rows: Iterable[Sequence[str | int | float | None]]) -> bytes:
    """A workbook of one sheet. Texts stay texts, whatever they begin with; None is an empty cell."""
    file = io.BytesIO()
    with SheetWriter(file, sheet, columns) as writer:
        writer.write("".join(map(_cell, row)) for row in rows)
    return file.getvalue()


def _cell(value: str | float | None) -> str:
    if value is None:
        return text_cell("", Style.PLAIN)
    return text_cell(value) if isinstance(value, str) else number_cell(repr(value), Style.PLAIN)
