"""What hostile files cost before they are refused: each in a process of its own, with its peaks of memory."""

import tempfile
from pathlib import Path

from tests.support import hostile, refusing


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
    with tempfile.TemporaryDirectory() as folder:
        honest = Path(folder) / "honest.xlsx"
        honest.write_bytes(hostile.plain())
        for name in hostile.CORPUS:
            path = Path(folder) / name
            path.write_bytes(hostile.CORPUS[name][0]())
            (found,) = refusing.measured(honest, [path])
            tried = f"{found.child_mib:.0f}" if found.child_mib else ""
            lines.append(
                f"| {name} | {path.stat().st_size:,} | `{found.code}` | {found.seconds:.2f} | {found.own_mib:.0f} "
                f"| {tried} |"
            )
            path.unlink()
    return "\n".join(lines) + "\n"
