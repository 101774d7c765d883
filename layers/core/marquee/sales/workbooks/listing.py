"""A workbook's list of sheets and where their parts are: small XML, parsed whole."""

import posixpath
from collections.abc import Callable, Mapping, Sequence
from xml.parsers import expat

from marquee.sales.workbooks import xml_scan
from marquee.sales.workbooks.looks import MAX_DEPTH, damaged, forbidden_content, too_deep

MAX_BYTES = 16 * 1024 * 1024
"""Bytes of a part that lists sheets."""
Start = Callable[[str, dict[str, str]], None]


def elements(content: bytes, start: Start) -> None:
    """Parse the XML and call `start` with each element's local name and attributes. Raises NotAWorkbook."""
    depth = 0

    def element(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > MAX_DEPTH:
            raise too_deep()
        start(name.rpartition(" ")[2], attributes)

    def end(_name: str) -> None:
        nonlocal depth
        depth -= 1

    def refuse(*_: object) -> None:
        raise forbidden_content()

    xml_scan.check_start(content)
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = element
    parser.EndElementHandler = end
    parser.StartDoctypeDeclHandler = refuse
    try:
        parser.Parse(content, True)  # noqa: FBT003 - the parser's own signature
    except expat.ExpatError as error:
        raise damaged() from error


def relationships(content: bytes) -> dict[str, str]:
    """The part each relationship leads to, by the relationship's id, relative to the workbook."""
    targets: dict[str, str] = {}

    def start(name: str, attributes: dict[str, str]) -> None:
        if name == "Relationship":
            target = posixpath.normpath(attributes.get("Target", "").replace("\\", "/").lstrip("/"))
            targets[attributes.get("Id", "")] = target.casefold().removeprefix("xl/")

    elements(content, start)
    return targets


def parts_of(sheets: Sequence[str], targets: Mapping[str, str]) -> frozenset[str]:
    """The parts of these sheets, given by their relationships.

    Raises NotAWorkbook where two are the same part: its rows would be counted twice.
    """
    parts = [f"xl/{targets[sheet]}" for sheet in sheets if sheet in targets]
    if len(set(sheets)) != len(sheets) or len(set(parts)) != len(parts):
        raise damaged("Two sheets of the workbook are the same part of the file.")
    return frozenset(parts)
