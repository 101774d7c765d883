"""The program of `trial`'s child process: read every sheet of a workbook under limits of memory and processor time.

Arguments: path, bytes, seconds, and the import path. It says on its output what became of it; where it says
nothing, it did not live to its end.
"""

import json
import resource
import sys
from contextlib import suppress
from typing import Any


def limited(memory: int, seconds: int) -> None:
    """Bound this process. Not every system lets a process bound its memory; the time it does."""
    for limit, value in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
    ):
        with suppress(ValueError, OSError):
            resource.setrlimit(limit, (value, value))


def read(path: str) -> dict[str, Any]:
    """Read every sheet, one after another, as the ingest will."""
    import python_calamine  # noqa: PLC0415 - only the function that ingests has it

    try:
        with python_calamine.CalamineWorkbook.from_path(path) as workbook:
            sheets = []
            visible = python_calamine.SheetVisibleEnum.Visible
            work_sheet = python_calamine.SheetTypeEnum.WorkSheet
            for told in workbook.sheets_metadata:
                if told.visible != visible or told.typ != work_sheet:
                    continue
                sheet = workbook.get_sheet_by_name(told.name)
                sheets.append((sheet.total_height, sheet.total_width))
                del sheet
    except python_calamine.PasswordError:
        return {"outcome": "password"}
    except python_calamine.CalamineError:
        return {"outcome": "unreadable"}
    except MemoryError:
        return {"outcome": "memory"}
    except BaseException as error:
        # A panic of the parser is an exception of its own kind, beside Exception.
        if type(error).__name__ != "PanicException":
            raise
        return {"outcome": "unreadable"}
    return {"outcome": "read", "sheets": sheets}


def main(path: str, memory: str, seconds: str, *import_path: str) -> None:
    """Read the file and say what became of it."""
    sys.path[:] = import_path
    limited(int(memory), int(seconds))
    sys.stdout.write(json.dumps(read(path)))


if __name__ == "__main__":
    main(*sys.argv[1:])
