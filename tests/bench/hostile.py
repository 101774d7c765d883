"""What hostile files cost before they are refused: each in a process of its own, with its peaks of memory."""

import random
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.support import books, hostile, refusing


def section() -> str:
    """Measure, as a part of the benchmarks page."""
    lines = [
        """## Hostile files

From opening a file to its refusal, as the ingest's steps do it, each in a process of its own. Memory is how far the
process's resident peak rose above that of reading an honest file; "trial" is the peak of the process in which the
parser tried the file, where the look alone did not refuse it. Goals: 2 s and 256 MiB each.

| file | bytes | refused as | seconds | MiB | trial MiB |
|---|---|---|---|---|---|"""
    ]
    lines += _lines({name: make for name, (make, _) in hostile.CORPUS.items()})
    lines.append(
        """
As much as the bounds let a file hold: the look takes time for each cell or record that is really there, but no memory.

| file | bytes | refused as | seconds | MiB | trial MiB |
|---|---|---|---|---|---|"""
    )
    lines += _lines({"records.xlsb": _records, "cells.ods": _cells, "unusual.xlsx": _unusual})
    return "\n".join(lines) + "\n"


def _lines(files: Mapping[str, Callable[[], bytes]]) -> list[str]:
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        honest = Path(folder) / "honest.xlsx"
        honest.write_bytes(hostile.plain())
        for name, make in files.items():
            path = Path(folder) / name
            path.write_bytes(make())
            (found,) = refusing.measured(honest, [path])
            tried = f"{found.child_mib:.0f}" if found.child_mib else ""
            lines.append(
                f"| {name} | {path.stat().st_size:,} | `{found.code}` | {found.seconds:.2f} | {found.own_mib:.0f} "
                f"| {tried} |"
            )
            path.unlink()
    return lines


def _noise(pattern: str, number: int) -> bytes:
    """So many pieces of text with a random number each, so that they do not pack as repetition."""
    chosen = random.Random(7)
    return "".join(pattern.format(chosen.getrandbits(40)) for _ in range(number)).encode()


def _records() -> bytes:
    chosen = random.Random(7)
    some = b"".join(bytes([chosen.randrange(0x30, 0x70), 1, chosen.randrange(256)]) for _ in range(1_000_000))
    return books.xlsb_of({"S": books.xlsb_part(some * 9)})


def _cells() -> bytes:
    row = f"<table:table-row>{books.ods_cell(1) * 500}</table:table-row>"
    noise = _noise("<x a='{}'/>", 300_000).decode()
    return books.ods_of({"S": row * 5_000 + noise * 3})


def _unusual() -> bytes:
    return hostile.spread("<!-- -->", _noise('<row x="{}"><c/></row>', 1_000_000).decode())
