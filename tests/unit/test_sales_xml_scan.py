"""The scan of a sheet's bytes: its rectangle is never smaller than that of the cells that are there."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marquee.sales.workbooks import looks
from marquee.sales.workbooks.columns import letter
from marquee.sales.workbooks.xml_scan import PartScan, measured

ROWS = st.one_of(
    st.integers(1, looks.MAX_ROWS),
    st.sampled_from([1, 9, 10]),
    # Around every step by which the rectangle grows
    st.builds(
        lambda step, off: max(1, min(looks.MAX_ROWS, 10_000 * step + off)), st.integers(0, 105), st.integers(-1, 1)
    ),
)
COLUMNS = st.one_of(st.integers(1, looks.MAX_COLUMNS), st.sampled_from([1, 2, 26, 27, 52, 53, 78, 79]))
CELLS = st.lists(st.tuples(ROWS, COLUMNS), min_size=1, max_size=12)


def sheet(cells: list[tuple[int, int]]) -> bytes:
    rows = "".join(f'<row r="{row}"><c r="{letter(column - 1)}{row}"><v>1</v></c></row>' for row, column in cells)
    return f"<worksheet><cols><col/></cols><sheetData>{rows}</sheetData></worksheet>".encode()


def scanned(content: bytes, piece: int) -> PartScan:
    scan = PartScan("xl/worksheets/sheet1.xml")
    for start in range(0, len(content), piece):
        scan.feed(content[start : start + piece])
    return scan


@given(CELLS, st.integers(5, 400))
def test_the_rectangle_holds_all_cells_in_whatever_order_and_pieces(cells: list[tuple[int, int]], piece: int) -> None:
    scan = scanned(sheet(cells), piece)
    extent = scan.extent()
    lowest, widest = max(row for row, _ in cells), max(column for _, column in cells)
    assert not scan.unusual
    # Where nothing is said the part is measured
    if extent is not None:
        assert (extent.cells, extent.columns) == (len(cells), widest)
        assert lowest <= extent.rows <= max(lowest + 9_999, looks.MAX_ROWS if lowest >= 990_000 else 0)
    else:
        assert (lowest + 9_999) * widest > looks.FREE_AREA


@pytest.mark.parametrize("rows", [9_999, 10_000, 123_456, 990_000, 1_048_576])
def test_a_full_sheet_needs_no_measuring(rows: int) -> None:
    # Given a sheet whose rows are full; a few of them stand for all
    scan = scanned(sheet([(1, 1), (rows, 14)]), 1_000)
    scan.cells = 14 * rows
    # Then its rectangle is known well enough from its bytes
    extent = scan.extent()
    assert extent is not None
    assert extent.rows >= rows


@pytest.mark.parametrize(
    "cell",
    [
        '<c r="A1048577"/>',
        '<c r="A9999999999"/>',
        '<c r="SS1"/>',
        '<c r="XFD1"/>',
        '<c r="AAAA1"/>',
        '<c r="a1"/>',
        '<c r="$A$1"/>',
        "<c r='A1'/>",
        '<c  r="A1"/>',
        '<c s="1" r="A1"/>',
        '<c\tr="A1"/>',
        "<c/>",
        "<c>",
        '<x:c r="A1"/>',
        '<row r="1048577"/>',
        "<row/>",
        '<row spans="1:2"/>',
        '<x:row r="1"/>',
        '<!-- <c r="A1"/> -->',
        '<![CDATA[<c r="A1"/>]]>',
    ],
)
def test_what_is_beyond_bounds_or_not_spelled_as_usual_is_measured(cell: str) -> None:
    for piece in (7, 10_000):
        scan = scanned(f'<worksheet><row r="1"><c r="B1"/>{cell}</row></worksheet>'.encode(), piece)
        assert scan.extent() is None
        assert scan.unusual


def test_other_elements_that_begin_alike_are_no_cells() -> None:
    content = (
        b'<worksheet><cols><col/></cols><rowBreaks/><row r="1"><c r="B1"/></row><conditionalFormatting/></worksheet>'
    )
    extent = scanned(content, 10_000).extent()
    assert extent is not None
    assert (extent.cells, extent.columns) == (1, 2)
    assert measured([content]).columns == 2
