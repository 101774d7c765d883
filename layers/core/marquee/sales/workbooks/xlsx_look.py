"""The look at an .xlsx or .xlsm: every part's bytes, and that its sheets are parts of their own."""

import zipfile
from collections.abc import Mapping
from typing import IO

from marquee.sales.workbooks import listing, xml_scan, zip_walk
from marquee.sales.workbooks.looks import Inspection, damaged

WORKBOOK = "xl/workbook.xml"
RELATIONSHIPS = "xl/_rels/workbook.xml.rels"
CERTAIN_TEXT_BYTES = 128 * 1024 * 1024
"""Bytes of all cells' texts up to which the parser needs no trial: each cell is given a copy of its shared string.

So many bytes as the whole file unpacks to are fine as well: written into the cells, they would be held without a trial.
"""


def look(file: IO[bytes], entries: Mapping[str, zipfile.ZipInfo]) -> Inspection:
    """Walk all parts. Raises NotAWorkbook."""
    from_1904, sheets = _listed(file, entries)
    unpacked = cells = area = longest = 0
    certain = True
    for name, entry in entries.items():
        scan = xml_scan.PartScan(name, sheet=name in sheets)
        for chunk in zip_walk.inflate(file, entry):
            unpacked += len(chunk)
            scan.feed(chunk)
        extent = scan.extent()
        if extent is None:
            extent = xml_scan.measured(zip_walk.inflate(file, entry))
            certain = certain and not (scan.unusual and extent.cells)
        # One sheet is held at a time.
        cells, area = max(cells, extent.cells), max(area, extent.area)
        longest = max(longest, scan.longest_string)
    return Inspection(
        kind="xlsx",
        parts=len(entries),
        from_1904=from_1904,
        unpacked_bytes=unpacked,
        cells=cells,
        # Rows are over-estimated; no rectangle that passed is larger than this.
        area=min(area, max(16 * cells, 100_000)),
        certain=certain and longest * cells <= max(CERTAIN_TEXT_BYTES, unpacked),
    )


def _listed(file: IO[bytes], entries: Mapping[str, zipfile.ZipInfo]) -> tuple[bool, frozenset[str]]:
    """Whether days count from 1904, and the sheets' parts. Raises NotAWorkbook."""
    from_1904 = False
    sheets: list[str] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal from_1904
        if name == "workbookPr":
            from_1904 = attributes.get("date1904", "") in {"1", "true"}
        elif name == "sheet":
            sheets.extend(value for key, value in attributes.items() if key.endswith(" id"))

    listing.elements(zip_walk.content(file, entries[WORKBOOK], listing.MAX_BYTES), start)
    targets = {}
    if RELATIONSHIPS in entries:
        targets = listing.relationships(zip_walk.content(file, entries[RELATIONSHIPS], listing.MAX_BYTES))
    parts = listing.parts_of(sheets, targets)
    if parts & {WORKBOOK, RELATIONSHIPS}:
        raise damaged("A sheet of the workbook is the list of its sheets.")
    return from_1904, parts
