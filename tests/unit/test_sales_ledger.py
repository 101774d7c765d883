"""The row ledger: every row has exactly one fate, and pages find it."""

from array import array
from collections import Counter

import orjson
from hypothesis import given
from hypothesis import strategies as st

from marquee.sales.ingests import ledger
from marquee.sales.models import RowStatus
from marquee.sales.workbooks.reading import Run

ORDERS = st.lists(st.integers(0, 5), max_size=60)


def rows_of(runs: list[Run]) -> list[tuple[int, int]]:
    return [(run.sheet, row) for run in runs for row in range(run.first, run.last + 1)]


@st.composite
def files(draw: st.DrawFn) -> tuple[list[int], list[Run], list[int]]:
    """Contents of rows, the runs these rows are, and how many of each content the event had."""
    order = draw(ORDERS)
    runs: list[Run] = []
    left, row, sheet = len(order), 2, 0
    while left:
        length = draw(st.integers(1, left))
        runs.append(Run(sheet, row, row + length - 1))
        left -= length
        row += length + draw(st.integers(1, 3))
        if draw(st.booleans()):
            sheet, row = sheet + 1, 2
    counts = Counter(order)
    had = [draw(st.integers(0, counts[content])) for content in range(max(order, default=-1) + 1)]
    return order, runs, had


@given(files())
def test_accepted_and_duplicate_rows_are_all_rows_and_none_is_both(
    file: tuple[list[int], list[Run], list[int]],
) -> None:
    order, runs, had = file
    fate = ledger.sort_out(array("I", order), runs, array("I", had))
    assert fate.accepted_rows + fate.duplicate_rows == len(order)
    assert sorted(rows_of(fate.accepted) + rows_of(fate.duplicate)) == rows_of(runs)
    assert len(rows_of(fate.accepted)) == fate.accepted_rows
    # Of each content the event had n rows of, the first n in the file are the duplicates
    left = Counter(dict(enumerate(had)))
    for content, place in zip(order, rows_of(runs), strict=True):
        if left[content]:
            left[content] -= 1
            assert place in rows_of(fate.duplicate)
        else:
            assert place in rows_of(fate.accepted)


def test_runs_are_as_long_as_they_can_be() -> None:
    # Given ten rows of two contents, of which the event had two of the first
    order = array("I", [0, 0, 0, 0, 0, 1, 1, 1, 1, 1])
    fate = ledger.sort_out(order, [Run(0, 2, 11)], array("I", [2, 0]))
    assert fate.duplicate == [Run(0, 2, 3)]
    assert fate.accepted == [Run(0, 4, 11)]


@given(
    st.fixed_dictionaries({status: st.integers(0, 30) for status in ledger.ORDER}),
    st.sampled_from([None, *ledger.ORDER]),
    st.integers(1, 17),
)
def test_pages_lead_through_every_entry_once_in_order(
    stored: dict[str, int], status: RowStatus | None, limit: int
) -> None:
    wanted = [(one, at) for one in ledger.ORDER if status in (None, one) for at in range(stored[one])]
    seen: list[tuple[str, int]] = []
    offset = 0
    while True:
        parts, total = ledger.slices(stored, status, offset, limit)
        page = [(part.status, at) for part in parts for at in range(part.start, part.stop)]
        assert len(page) <= limit
        seen += page
        offset += limit
        if offset >= total:
            break
    assert seen == wanted


def test_chunks_hold_a_thousand_entries_each() -> None:
    entries = ledger.run_entries("accepted", [Run(0, row, row) for row in range(2, 2503)], ["Sales"])
    chunks = [orjson.loads(chunk) for chunk in ledger.chunked(entries)]
    assert [len(chunk) for chunk in chunks] == [1000, 1000, 501]
    assert chunks[2][-1]["row"] == 2502
    assert list(ledger.chunked([])) == []
