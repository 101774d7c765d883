"""Reading a sales report: against the bare parser, and against openpyxl with a model per row.

Each contender runs in a process of its own, in turns; what a round compares are processor seconds, which other work on
the machine disturbs least, and peaks of memory. Ours does all that the ingest does to the rows: header, validation,
identity, sums, and the ledger of accepted and rejected rows.
"""

import json
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
ROWS = 100_000
ROUNDS = 7
SLOW_ROUNDS = 2
_PRICES = {"Seat A": 8950, "Seat B": 6450, "Standing": 3990, "VIP": 24900, "Wheelchair": 3200}
_FIRST = date(2025, 1, 1)


def make_report(path: Path, rows: int, *, orders: bool, bad: bool) -> None:
    """A seeded report of `rows` rows; with `orders` each has a number of its own, with `bad` one in 200 is wrong."""
    import xlsxwriter

    chosen = random.Random(7)
    header = ["Date", "Category", "Tickets", "Revenue", "Currency", *(["Order"] if orders else [])]
    with xlsxwriter.Workbook(str(path), {"constant_memory": True}) as book:
        sheet = book.add_worksheet("Sales")
        as_date = book.add_format({"num_format": "dd.mm.yyyy"})
        sheet.write_row(0, 0, header)
        for row in range(1, rows + 1):
            category = chosen.choice(list(_PRICES))
            tickets = chosen.choice([1, 1, 2, 2, 2, 3, 4, 6, -1])
            sheet.write_datetime(row, 0, _FIRST + timedelta(days=200 * row // rows), as_date)
            sheet.write_string(row, 1, category)
            sheet.write(row, 2, "two" if bad and row % 200 == 0 else tickets)
            sheet.write_number(row, 3, tickets * _PRICES[category] / 100)
            sheet.write_string(row, 4, "EUR")
            if orders:
                sheet.write_string(row, 5, f"A{1_000_000 + row}")


# --- the contenders


def bare(path: str) -> int:
    """The parser alone."""
    from python_calamine import CalamineWorkbook

    return len(CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python())


def ours(path: str) -> int:
    """Everything the ingest does with the rows of a file that is new to its event."""
    from array import array

    from marquee.sales import ledger, parsing

    parsed = parsing.parse(path, currency="EUR", latest=date(2026, 1, 1), from_1904=False)
    names = [sheet.name for sheet in parsed.sheets]
    fate = ledger.sort_out(parsed.order, parsed.runs, array("I", bytes(4 * len(parsed.identities))))
    written = sum(map(len, ledger.chunked(ledger.run_entries("accepted", fate.accepted, names))))
    written += sum(map(len, ledger.chunked(ledger.rejected_entries(parsed.rejected, parsed.sheets))))
    return parsed.rows if written else 0


def models(path: str) -> int:
    """The plain way: openpyxl's read-only mode and a pydantic model for each row, summed in a dict."""
    from collections import defaultdict
    from datetime import datetime
    from decimal import Decimal

    import openpyxl
    from pydantic import BaseModel, ValidationError

    class Row(BaseModel):
        day: datetime
        category: str
        tickets: int
        revenue: Decimal
        currency: str
        order: str | None = None

    sums: defaultdict[tuple[date, str, str], list[Any]] = defaultdict(lambda: [0, Decimal(0)])
    rejected = []
    rows = openpyxl.load_workbook(path, read_only=True).worksheets[0].iter_rows(min_row=2, values_only=True)
    number = 0
    for number, cells in enumerate(rows, start=2):
        try:
            row = Row(**dict(zip(Row.model_fields, cells, strict=False)))
        except ValidationError as error:
            rejected.append((number, error.errors()))
            continue
        total = sums[row.day.date(), row.category, row.currency]
        total[0] += row.tickets
        total[1] += row.revenue
    return number


def inspecting(path: str) -> int:
    """The look at the file before it is parsed."""
    from marquee.sales import inspection

    with Path(path).open("rb") as file:
        return inspection.inspect(file, Path(path).stat().st_size).parts


CONTENDERS: dict[str, Callable[[str], int]] = {"bare": bare, "ours": ours, "models": models, "inspect": inspecting}


def contend(name: str, path: str) -> None:
    """In a process of its own: once to load what is imported, once to measure."""
    import python_calamine  # noqa: F401 - imports are no part of the figures

    if name == "models":
        import openpyxl  # noqa: F401
        import pydantic  # noqa: F401
    else:
        from marquee.sales import inspection, ledger, parsing  # noqa: F401
    began = time.process_time()
    CONTENDERS[name](path)
    took = time.process_time() - began
    print(json.dumps([took, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss]))


def run(name: str, path: Path) -> tuple[float, int]:
    """Processor seconds and peak KiB of one contender."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "layers" / "core"), str(ROOT)])}
    command = [sys.executable, "-m", "tests.bench.ingest", name, str(path)]
    said = subprocess.run(command, env=environment, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    seconds, peak = json.loads(said)
    return seconds, peak


def section(rows: int = ROWS) -> str:
    """Measure, as a part of the benchmarks page."""
    kinds = {
        "plain report": {"orders": False, "bad": False},
        "with 0.5 % bad rows": {"orders": False, "bad": True},
        "with an order number a row": {"orders": True, "bad": False},
    }
    lines = [
        f"""## Ingest of a sales report

{rows:,} rows. Speed: rows per second of ours over the peer's, by processor time, the median of {ROUNDS} rounds in turns
({SLOW_ROUNDS} for openpyxl). Memory: peak resident size of ours over the bare parser's. Ours is all that is done with
the rows: header, validation, identity, sums, row ledger. "Look" is the look at the file before that (sizes, dimensions,
forbidden XML), as a part of the bare parser's time.

| report | speed to bare parser | goal | peak memory | goal | speed to openpyxl + models | goal | look | rows/s |
|---|---|---|---|---|---|---|---|---|"""
    ]
    with tempfile.TemporaryDirectory() as folder:
        for title, kind in kinds.items():
            path = Path(folder) / "report.xlsx"
            make_report(path, rows, **kind)
            lines.append(_line(title, path, rows))
    return "\n".join(lines) + "\n"


def _line(title: str, path: Path, rows: int) -> str:
    found: dict[str, list[tuple[float, int]]] = {name: [] for name in CONTENDERS}
    for turn in range(ROUNDS):
        for name in CONTENDERS:
            if name != "models" or turn < SLOW_ROUNDS:
                found[name].append(run(name, path))

    def ratio(above: str, below: str, of: int) -> float:
        pairs = zip(found[above], found[below], strict=False)
        return statistics.median(one[of] / other[of] for one, other in pairs)

    speed = rows / statistics.median(seconds for seconds, _ in found["ours"])
    return (
        f"| {title} | {ratio('bare', 'ours', 0):.2f} | >= 0.8 | {ratio('ours', 'bare', 1):.2f} | <= 1.1 "
        f"| {ratio('models', 'ours', 0):.1f} | >= 6 | {ratio('inspect', 'bare', 0):.2f} | {speed:,.0f} |"
    )


if __name__ == "__main__":
    if len(sys.argv) == 3:
        contend(sys.argv[1], sys.argv[2])
    else:
        print(section(int(sys.argv[1]) if len(sys.argv) > 1 else ROWS))
