"""Opening an inspected workbook with the spreadsheet parser: its visible sheets, or a refusal of the file."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

from marquee.sales.workbooks import inspection, looks, naming
from marquee.sales.workbooks.reading import Sheet


@contextmanager
def opened(path: str) -> Iterator[Iterator[Sheet]]:
    """The visible sheets of the workbook at `path`, one at a time in memory.

    Raises NotAWorkbook where the file cannot be read, also while its sheets are read.
    """
    import python_calamine  # noqa: PLC0415 - only the functions that read workbooks have it

    with (
        naming.named(path, inspection.kind_of(path)) as named,
        refusing(),
        python_calamine.CalamineWorkbook.from_path(named) as workbook,
    ):
        visible = python_calamine.SheetVisibleEnum.Visible
        work_sheet = python_calamine.SheetTypeEnum.WorkSheet
        names = [
            sheet.name for sheet in workbook.sheets_metadata if sheet.visible == visible and sheet.typ == work_sheet
        ]
        if len(set(names)) != len(names):
            # Asked for by name, one of them would be read twice and the other never.
            raise looks.damaged("Two sheets of the workbook have the same name.")
        yield (cast("Sheet", workbook.get_sheet_by_name(name)) for name in names)


@contextmanager
def refusing() -> Iterator[None]:
    """What the parser raises, as a refusal of the file."""
    import python_calamine  # noqa: PLC0415 - only the functions that read workbooks have it

    try:
        yield
    except python_calamine.PasswordError as error:
        raise looks.password_protected() from error
    except python_calamine.CalamineError as error:
        raise _unreadable() from error
    except BaseException as error:
        # A panic of the parser is an exception of its own kind, beside Exception.
        if type(error).__name__ == "PanicException":
            raise _unreadable() from error
        raise


def _unreadable() -> looks.NotAWorkbook:
    return looks.damaged("The file is damaged: it cannot be read.")
