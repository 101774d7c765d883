"""A look at an uploaded file before any parser opens it: is it a workbook, and small enough to be read safely.

Parsers hold a sheet as a filled rectangle, so a tiny file with cells in two far corners asks for hundreds of
gigabytes and takes the process down. The file is therefore walked first, in a way that suits its kind: the directory of
a zip archive and the bytes of every part, inflated here with the sizes that really come out, not those the directory
claims; or the sectors of a compound file. What decides on the kind is the content, never the name.
"""

import zipfile
from collections.abc import Container, Mapping
from pathlib import Path
from typing import IO

from marquee.sales.workbooks import ods_look, ole, xls_look, xlsb_look, xlsx_look, zip_walk
from marquee.sales.workbooks.looks import MAX_FILE_BYTES, Inspection, Kind, NotAWorkbook, damaged

__all__ = ["MAX_FILE_BYTES", "Inspection", "NotAWorkbook", "inspect", "kind_of"]

_MIMETYPE = "mimetype"
_MOST_MIMETYPE_BYTES = 256
_HEAD_BYTES = 1024
_BEFORE_1997 = (b"\x09\x00\x04\x00", b"\x09\x02\x06\x00", b"\x09\x04\x06\x00")


def inspect(file: IO[bytes], size: int) -> Inspection:
    """Walk the file. Raises NotAWorkbook."""
    if size > MAX_FILE_BYTES:
        raise NotAWorkbook(
            "file.too_large",
            f"The file is larger than {MAX_FILE_BYTES // 1024**2} MB. Split the report, for example by year.",
        )
    if size == 0:
        raise NotAWorkbook("file.empty", "The file is empty (0 bytes).")
    if _is_compound(file):
        return xls_look.look(file)
    with zip_walk.opened(file) as entries:
        match _archive_kind(file, entries):
            case "xlsx":
                return xlsx_look.look(file, entries)
            case "xlsb":
                return xlsb_look.look(file, entries)
            case _:
                return ods_look.look(file, entries)


def kind_of(path: str) -> Kind:
    """How the workbook at `path` is written. Raises NotAWorkbook where it is none."""
    with Path(path).open("rb") as file:
        if _is_compound(file):
            return "xls"
        with zip_walk.opened(file) as entries:
            return _archive_kind(file, entries)


def _is_compound(file: IO[bytes]) -> bool:
    """Whether the file is a compound file; else it is an archive. Raises NotAWorkbook where it is neither."""
    file.seek(0)
    head = file.read(_HEAD_BYTES)
    if head.startswith(ole.SIGNATURE):
        return True
    if not head.startswith(b"PK"):
        raise _no_workbook(head)
    return False


def _no_workbook(head: bytes) -> NotAWorkbook:
    """The refusal of a file that begins like this, with a name for it where it has one."""
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if head.startswith(_BEFORE_1997):
        return NotAWorkbook(
            "file.old_format",
            "The file is in a format of Excel before 1995. Save it as .xlsx and send it again.",
        )
    if start.startswith(b"%pdf"):
        what = "The file is a PDF document, not an Excel workbook"
    elif start.startswith((b"<!doctype html", b"<html", b"<table", b"<head", b"<meta")):
        what = "The file is a web page, not an Excel workbook, though Excel may show it as one"
    elif start.startswith(b"<"):
        what = "The file is XML, not an Excel workbook, though Excel may show it as one"
    elif b"\0" not in head and any(mark in head for mark in (b";", b",", b"\t")):
        what = "The file is text (such as CSV), not an Excel workbook"
    else:
        what = "The file is not an Excel workbook"
    return NotAWorkbook(
        "file.not_a_workbook", f"{what}, whatever its name says. Save the report as .xlsx and send it again."
    )


def _archive_kind(file: IO[bytes], entries: Mapping[str, zipfile.ZipInfo]) -> Kind:
    if xlsx_look.WORKBOOK in entries:
        return "xlsx"
    if xlsb_look.WORKBOOK in entries:
        return "xlsb"
    if ods_look.CONTENT in entries and _MIMETYPE in entries:
        said = zip_walk.content(file, entries[_MIMETYPE], _MOST_MIMETYPE_BYTES)
        if said.strip() == ods_look.MIMETYPE:
            return "ods"
    raise _other_archive(entries)


def _other_archive(names: Container[str]) -> NotAWorkbook:
    others = ("content.xml", "word/document.xml", "ppt/presentation.xml", "index/document.iwa")
    if any(name in names for name in others):
        return NotAWorkbook(
            "file.other_format",
            "The file is a document of another kind. Save the report as Excel workbook (.xlsx) and send it again.",
        )
    if "[content_types].xml" in names:
        return damaged("The file's list of sheets is missing.")
    return NotAWorkbook(
        "file.not_a_workbook",
        "The file is a zip archive but not an Excel workbook. Save the report as .xlsx and send it again.",
    )
