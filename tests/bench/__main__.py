"""Run the benchmarks and write `docs/benchmarks.md`: `make bench`, or with the names of some parts."""

import os
import platform
import sys
from importlib import import_module

from tests.bench.measuring import ROOT

PARTS = (
    "cold_start",
    "warm_list",
    "lists",
    "ingest",
    "hostile",
    "execution",
    "export",
    "backfill",
    "frontend_status",
    "hub_list",
    "publication",
    "backtest",
    "demand",
    "allocation",
)
PAGE = ROOT / "docs" / "benchmarks.md"
HEAD = """# Benchmarks

Written by `make bench`. Figures are ratios: the median over rounds in which the contenders took turns in the same run,
so that a machine's speed and its other work cancel out. Absolute times of another machine differ.
"""


def main(names: list[str]) -> int:
    """Measure the named parts, or all, and keep the other parts of the page as they are."""
    for name, value in {
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "bench",
        "AWS_SECRET_ACCESS_KEY": "bench",
        "EVENTS_TABLE": "events",
        "POWERTOOLS_SERVICE_NAME": "bench",
        "POWERTOOLS_LOG_LEVEL": "WARNING",
        "POWERTOOLS_TRACE_DISABLED": "true",
    }.items():
        os.environ.setdefault(name, value)
    for name in names or PARTS:
        print(f"measuring {name} ...", flush=True)
        text: str = import_module(f"tests.bench.{name}").section()
        print(text, flush=True)
        where = f"CPython {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores"
        sections = _sections(PAGE.read_text("utf-8")) if PAGE.exists() else {}
        sections[text.partition("\n")[0]] = f"{text.rstrip()}\n\n`make bench PARTS={name}`; {where}.\n"
        PAGE.write_text(HEAD + "".join(f"\n{part}" for part in sections.values()), "utf-8")
    return 0


def _sections(page: str) -> dict[str, str]:
    """The parts of the page by their headings."""
    parts = page.split("\n## ")[1:]
    return {f"## {part.partition(chr(10))[0]}": f"## {part.rstrip()}\n" for part in parts}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
