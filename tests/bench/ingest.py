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
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
_PRICES = {"Seat A": 8950, "Seat B": 6450, "Standing": 3990, "VIP": 24900, "Wheelchair": 3200}
_FIRST = date(2025, 1, 1)


@dataclass(frozen=True, slots=True)
class Report:
    """A report to measure with, and in how many rounds."""

    title: str
    rows: int
    goal: float
    rounds: int
    slow_rounds: int
    orders: bool = False
    bad: bool = False


REPORTS = (
    Report("100,000 rows", 100_000, 0.8, 7, 2),
    Report("100,000 rows, 0.5 % of them bad", 100_000, 0.8, 7, 2, bad=True),
    Report("100,000 rows, an order number each", 100_000, 0.8, 7, 2, orders=True),
    Report("1,000,000 rows", 1_000_000, 0.75, 3, 1),
    Report("1,000,000 rows, an order number each", 1_000_000, 0.75, 3, 1, orders=True),
)


def make_report(
    path: Path, rows: int, *, orders: bool = False, bad: bool = False, shared: bool = False
) -> tuple[int, int]:
    """A seeded report of `rows` rows; with `orders` each has a number of its own, with `bad` one in 200 is wrong.

    With `shared` texts are in a part of their own, as Excel writes them. Gives the tickets and the cents that the good
    rows add up to.
    """
    import xlsxwriter

    chosen = random.Random(7)
    sold = cents = 0
    header = ["Date", "Category", "Tickets", "Revenue", "Currency", *(["Order"] if orders else [])]
    with xlsxwriter.Workbook(str(path), {"constant_memory": not shared}) as book:
        sheet = book.add_worksheet("Sales")
        as_date = book.add_format({"num_format": "dd.mm.yyyy"})
        sheet.write_row(0, 0, header)
        for row in range(1, rows + 1):
            category = chosen.choice(list(_PRICES))
            tickets = chosen.choice([1, 1, 2, 2, 2, 3, 4, 6, -1])
            sheet.write_datetime(row, 0, _FIRST + timedelta(days=200 * row // rows), as_date)
            sheet.write_string(row, 1, category)
            is_bad = bad and row % 200 == 0
            sheet.write(row, 2, "two" if is_bad else tickets)
            sheet.write_number(row, 3, tickets * _PRICES[category] / 100)
            sheet.write_string(row, 4, "EUR")
            if orders:
                sheet.write_string(row, 5, f"A{1_000_000 + row}")
            if not is_bad:
                sold += tickets
                cents += tickets * _PRICES[category]
    return sold, cents


# --- the contenders


def bare(path: str) -> int:
    """The parser alone."""
    from python_calamine import CalamineWorkbook

    return len(CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python())


def streamed(path: str) -> int:
    """The parser, each row dropped as soon as it is there."""
    from collections import deque

    from python_calamine import CalamineWorkbook

    sheet = CalamineWorkbook.from_path(path).get_sheet_by_index(0)
    deque(sheet.iter_rows(), maxlen=0)
    return sheet.total_height


def ours(path: str) -> int:
    """Everything the ingest does with the rows of a file that is new to its event."""
    from array import array

    from marquee.sales.ingests import ledger
    from marquee.sales.workbooks import parsing

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
    from marquee.sales.workbooks import inspection

    with Path(path).open("rb") as file:
        return inspection.inspect(file, Path(path).stat().st_size).parts


CONTENDERS: dict[str, Callable[[str], int]] = {
    "bare": bare,
    "ours": ours,
    "streamed": streamed,
    "models": models,
    "inspect": inspecting,
}


def contend(name: str, path: str) -> None:
    """In a process of its own: once to load what is imported, once to measure."""
    import python_calamine  # noqa: F401 - imports are no part of the figures

    if name == "models":
        import openpyxl  # noqa: F401
        import pydantic  # noqa: F401
    else:
        from marquee.sales.ingests import ledger  # noqa: F401
        from marquee.sales.workbooks import inspection, parsing  # noqa: F401
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


_HEAD = """## Ingest of a sales report

Speed: rows per second of ours over the peer's, by processor time, the median of rounds in turns
({rounds}).
Memory: peak resident size of ours over the bare parser's. The bare parser gives all rows as lists (`to_python`);
"streamed" is the same, but each row is dropped as soon as it is read: the least that a reader of the rows can take. Ours
is all that is done with the rows: header, validation, identity, sums, row ledger. "Look" is the look at the file before
that (sizes, dimensions, forbidden XML), as a part of the bare parser's time.

| report | speed to bare parser | goal | peak memory | goal | speed to streamed | memory | speed to openpyxl + models | goal | look | rows/s |
|---|---|---|---|---|---|---|---|---|---|---|"""  # noqa: E501 - a table's row


def section(reports: Sequence[Report] = REPORTS) -> str:
    """Measure, as a part of the benchmarks page."""
    rounds = {f"{one.rounds} at {one.rows:,} rows, {one.slow_rounds} for openpyxl": None for one in reports}
    lines = [_HEAD.format(rounds="; ".join(rounds))]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report.xlsx"
        for report in reports:
            make_report(path, report.rows, orders=report.orders, bad=report.bad)
            lines.append(_line(report, path))
            print(lines[-1], flush=True)
    return "\n".join(lines) + "\n"


def _line(report: Report, path: Path) -> str:
    found: dict[str, list[tuple[float, int]]] = {name: [] for name in CONTENDERS}
    for turn in range(report.rounds):
        for name in CONTENDERS:
            if name != "models" or turn < report.slow_rounds:
                found[name].append(run(name, path))

    def ratio(above: str, below: str, of: int) -> float:
        pairs = zip(found[above], found[below], strict=False)
        return statistics.median(one[of] / other[of] for one, other in pairs)

    speed = report.rows / statistics.median(seconds for seconds, _ in found["ours"])
    return (
        f"| {report.title} | {ratio('bare', 'ours', 0):.2f} | >= {report.goal} "
        f"| {ratio('ours', 'bare', 1):.2f} | <= 1.1 | {ratio('streamed', 'ours', 0):.2f} "
        f"| {ratio('ours', 'streamed', 1):.2f} "
        f"| {ratio('models', 'ours', 0):.1f} | >= 6 | {ratio('inspect', 'bare', 0):.2f} | {speed:,.0f} |"
    )


if __name__ == "__main__":
    if len(sys.argv) == 3:
        contend(sys.argv[1], sys.argv[2])
    else:
        print(section())
