"""Exporting sales: against xlsxwriter's constant-memory mode, both writing the same rows and columns.

Each contender runs in a process of its own, in turns; what a round compares are processor seconds, which other work on
the machine disturbs least, and peaks of memory. Both have the same modules loaded, sum up, sort and make the versions
of the rows; what differs is the writer.
"""

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
ROWS = 100_000
ROUNDS = 5
_EVENTS = 100
_CATEGORIES = 8
_FIRST = date(2025, 1, 1)


def groups(eid: str, rows: int) -> dict[tuple[str, str, str], tuple[int, int]]:
    """The figures of one event by day, category and currency."""
    seed = int(eid.rpartition("-")[2])
    return {place: (seed + number % 23, number * 399 + seed) for number, place in enumerate(places(rows))}


@cache
def places(rows: int) -> list[tuple[str, str, str]]:
    """Day, category and currency of an event's rows; making them is no part of writing."""
    days = [(_FIRST + timedelta(days=number)).isoformat() for number in range(rows // _CATEGORIES + 1)]
    return [(days[number // _CATEGORIES], f"Category {number % _CATEGORIES}", "EUR") for number in range(rows)]


def events() -> list[tuple[str, str, Any]]:
    """Title, id and head of the events."""
    return [(f"Night {number}", f"evt_a-night-of-music-{number:04}", None) for number in range(_EVENTS)]


def ours(path: str, rows: int) -> None:
    """The export's own writer."""
    from marquee.sales.edits import edit_export, edit_models
    from marquee.sales.workbooks.sheet_writer import SheetWriter

    edit_export.groups_of = lambda _tenant, eid, *_: groups(eid, rows // _EVENTS)
    query = edit_models.EditExportQuery.model_construct(event_id=[])  # its checks are no part of writing
    with Path(path).open("wb") as file, SheetWriter(file, edit_models.SHEET, edit_export.COLUMNS) as writer:
        writer.write(edit_export._rows("aurora", events(), query, writer))


def peer(path: str, rows: int) -> None:
    """`xlsxwriter` in constant memory, the same rows, columns and formats."""
    import xlsxwriter

    from marquee.sales.edits import edit_export, edit_version

    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(path, options) as book:
        sheet = book.add_worksheet("Sales")
        sheet.freeze_panes(1, 0)
        text = book.add_format({"num_format": "@", "quote_prefix": True})
        day_format, count = book.add_format({"num_format": "yyyy-mm-dd"}), book.add_format({"num_format": "#,##0"})
        amount = book.add_format({"num_format": "#,##0.00"})
        for position, column in enumerate(edit_export.COLUMNS):
            sheet.set_column(position, position, column.width, None, {"hidden": column.hidden})
            sheet.write_string(0, position, column.heading)
        line = 0
        for title, eid, _ in events():
            found = groups(eid, rows // _EVENTS)
            key = edit_version.keys_of("aurora", eid)
            plain = {category: edit_version.plain(category) for category in {place[1] for place in found}}
            days = {place[0] for place in found}
            serials = {day: date.fromisoformat(day).toordinal() - edit_export._EPOCH for day in days}
            for (day, category, currency), (tickets, minor) in sorted(found.items()):
                line += 1
                sheet.write_string(line, 0, eid, text)
                sheet.write_string(line, 1, title, text)
                sheet.write_number(line, 2, serials[day], day_format)
                sheet.write_string(line, 3, category, text)
                sheet.write_string(line, 4, currency, text)
                version = edit_version.written(key(day, plain[category], currency), tickets, minor)
                sheet.write_string(line, 5, version, text)
                sheet.write_number(line, 6, tickets, count)
                sheet.write_number(line, 7, minor / 100, amount)
        sheet.autofilter(0, 0, line, len(edit_export.COLUMNS) - 1)


CONTENDERS: dict[str, Callable[[str, int], None]] = {"ours": ours, "peer": peer}


def contend(name: str, path: str, rows: int) -> None:
    """In a process of its own: imports are no part of the seconds."""
    import xlsxwriter  # noqa: F401

    from marquee.sales.edits import edit_export  # noqa: F401

    began = time.process_time()
    CONTENDERS[name](path, rows)
    took = time.process_time() - began
    print(json.dumps([took, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, Path(path).stat().st_size]))


def run(name: str, path: Path, rows: int) -> tuple[float, int, int]:
    """Processor seconds, peak KiB and bytes of the file of one contender."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "layers" / "core"), str(ROOT)])}
    command = [sys.executable, "-m", "tests.bench.export", name, str(path), str(rows)]
    said = subprocess.run(command, env=environment, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    seconds, peak, size = json.loads(said)
    return seconds, peak, size


def check(folder: Path, rows: int) -> None:
    """Both workbooks say the same."""
    from python_calamine import CalamineWorkbook

    for name in CONTENDERS:
        run(name, folder / f"{name}.xlsx", rows)
    first, second = (
        CalamineWorkbook.from_path(str(folder / f"{name}.xlsx")).get_sheet_by_index(0).to_python()
        for name in CONTENDERS
    )
    assert first == second
    assert len(first) == rows + 1


def section(rows: int = ROWS) -> str:
    """Measure, as a part of the benchmarks page."""
    found: dict[str, list[tuple[float, int, int]]] = {name: [] for name in CONTENDERS}
    with tempfile.TemporaryDirectory() as folder:
        check(Path(folder), 1_000)
        for _ in range(ROUNDS):
            for name in CONTENDERS:
                found[name].append(run(name, Path(folder) / "export.xlsx", rows))

    def ratio(above: str, below: str, of: int) -> float:
        return statistics.median(one[of] / other[of] for one, other in zip(found[above], found[below], strict=True))

    seconds = statistics.median(one[0] for one in found["ours"])
    peak = statistics.median(one[1] for one in found["ours"]) / 1024
    sizes = [found[name][0][2] / 1e6 for name in CONTENDERS]
    return f"""## Export of sales

{rows:,} rows of {_EVENTS} events, eight columns. Speed: processor time of xlsxwriter's constant-memory mode over ours,
the median of {ROUNDS} rounds in turns. Memory: peak resident size of ours over xlsxwriter's, the same modules loaded.

| speed to xlsxwriter | goal | peak memory | goal | rows/s | peak | size of the file |
|---|---|---|---|---|---|---|
| {ratio("peer", "ours", 0):.1f} | >= 8 | {ratio("ours", "peer", 1):.2f} | <= 1.05 | {rows / seconds:,.0f} \
| {peak:.0f} MiB | {sizes[0]:.1f} MB (theirs {sizes[1]:.1f}) |
"""


if __name__ == "__main__":
    if len(sys.argv) == 4:
        contend(sys.argv[1], sys.argv[2], int(sys.argv[3]))
    else:
        print(section(int(sys.argv[1]) if len(sys.argv) > 1 else ROWS))
