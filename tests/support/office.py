"""A real spreadsheet program, LibreOffice, for files that no Python package writes."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from xml.sax.saxutils import escape

import pytest

_FILTERS = {"xls": "MS Excel 97", "ods": "calc8", "xlsx": "Calc MS Excel 2007 XML"}
_MODULE = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE script:module PUBLIC "-//OpenOffice.org//DTD OfficeDocument 1.0//EN" "module.dtd">
<script:module xmlns:script="http://openoffice.org/2000/script" script:name="Typing" script:language="StarBasic">{}
</script:module>"""
_LIBRARY = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE library:library PUBLIC "-//OpenOffice.org//DTD OfficeDocument 1.0//EN" "library.dtd">
<library:library xmlns:library="http://openoffice.org/2000/library" library:name="Standard" library:readonly="false"
 library:passwordprotected="false"><library:element library:name="Typing"/></library:library>"""
_TYPING = """
Sub Edit
  Dim hidden(0) As New com.sun.star.beans.PropertyValue
  hidden(0).Name = "Hidden"
  hidden(0).Value = True
  book = StarDesktop.loadComponentFromURL("file://{source}", "_blank", 0, hidden())
  sheet = book.Sheets.getByIndex(0)
{cells}
  Dim kind(0) As New com.sun.star.beans.PropertyValue
  kind(0).Name = "FilterName"
  kind(0).Value = "{filter}"
  book.storeAsURL("file://{target}", kind())
  book.close(True)
End Sub"""


def converted(content: bytes, kind: str, *, source: str = "xlsx") -> bytes:
    """The workbook as LibreOffice saves it in another format (``xls``, ``ods``, ``xlsx``).

    Skips the test where LibreOffice is not installed; in continuous integration (``CI=true``) the test fails.
    """
    program = _program()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"report.{source}"
        file.write_bytes(content)
        _run(program, folder, "--convert-to", f"{kind}:{_FILTERS[kind]}", "--outdir", f"{folder}/out", str(file))
        return (Path(folder) / "out" / f"report.{kind}").read_bytes()


def typed(content: bytes, cells: Mapping[str, float | str], *, kind: str = "xlsx") -> bytes:
    """The .xlsx opened by LibreOffice, numbers and texts typed into cells of its first sheet, and saved.

    Skips or fails as `converted` does.
    """
    program = _program()
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "source.xlsx", Path(folder) / f"target.{kind}"
        source.write_bytes(content)
        # The first start makes the profile, and runs no macro.
        _run(program, folder, "--terminate_after_init")
        library = Path(folder) / "profile" / "user" / "basic" / "Standard"
        library.mkdir(parents=True, exist_ok=True)
        lines = [
            f'  sheet.getCellRangeByName("{place}").{"String" if isinstance(value, str) else "Value"} = '
            + (f'"{value}"' if isinstance(value, str) else repr(value))
            for place, value in cells.items()
        ]
        macro = _TYPING.format(source=source, target=target, filter=_FILTERS[kind], cells="\n".join(lines))
        (library / "Typing.xba").write_text(_MODULE.format(escape(macro)), "utf-8")
        (library / "script.xlb").write_text(_LIBRARY, "utf-8")
        _run(program, folder, "--norestore", "macro:///Standard.Typing.Edit")
        return target.read_bytes()


def _program() -> str:
    program = shutil.which("soffice")
    if program is None:
        said = "LibreOffice (soffice) is not installed; it saves the workbooks of this test"
        if os.environ.get("CI") == "true":
            pytest.fail(said)
        pytest.skip(said)
    return program


def _run(program: str, folder: str, *arguments: str) -> None:
    # A profile of its own: a second LibreOffice with the same one would hand its work to the first.
    profile = f"-env:UserInstallation=file://{folder}/profile"
    subprocess.run([program, profile, "--headless", *arguments], check=True, capture_output=True, timeout=120)
