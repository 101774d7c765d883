"""A real spreadsheet program, LibreOffice, for files that no Python package writes."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest


def converted(content: bytes, kind: str, *, source: str = "xlsx") -> bytes:
    """The workbook as LibreOffice saves it in another format (``xls``, ``ods``, ``xlsx``).

    Skips the test where LibreOffice is not installed; in continuous integration (``CI=true``) the test fails.
    """
    program = shutil.which("soffice")
    if program is None:
        said = "LibreOffice (soffice) is not installed; it saves the workbooks of this test"
        if os.environ.get("CI") == "true":
            pytest.fail(said)
        pytest.skip(said)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"report.{source}"
        file.write_bytes(content)
        # A profile of its own: a second LibreOffice with the same one would hand its work to the first.
        subprocess.run(
            [
                program,
                f"-env:UserInstallation=file://{folder}/profile",
                "--headless",
                "--convert-to",
                f"{kind}:{_FILTERS[kind]}",
                "--outdir",
                f"{folder}/out",
                str(file),
            ],
            check=True,
            capture_output=True,
            timeout=120,
        )
        return (Path(folder) / "out" / f"report.{kind}").read_bytes()


_FILTERS = {"xls": "MS Excel 97", "ods": "calc8", "xlsx": "Calc MS Excel 2007 XML"}
