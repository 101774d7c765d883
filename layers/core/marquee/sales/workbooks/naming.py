"""Telling the parser how a file is written: it goes by the end of the name, and dropped files may have any name."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from marquee.sales.workbooks.looks import Kind


@contextmanager
def named(path: str, kind: Kind) -> Iterator[str]:
    """The file at `path` under a name that says its kind, for as long as it is read."""
    with tempfile.TemporaryDirectory() as folder:
        link = Path(folder) / f"workbook.{kind}"
        link.symlink_to(Path(path).absolute())
        yield str(link)
