"""Reading edited exports, and judging their changes: pure."""

from collections.abc import Callable
from datetime import date, datetime, time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marquee.sales.edits import edit_models, edit_version, edits
from marquee.sales.edits.edit_models import HEADINGS
from marquee.sales.edits.edits import Change, EditedFile
from marquee.sales.workbooks.cells import Cell
from marquee.sales.workbooks.looks import NotAWorkbook
from marquee.sales.workbooks.parsed import Run
from tests.support.workbooks import FakeSheet

EID = "evt_1"
DAY = date(2026, 3, 4)
Row = list[Any]


def row(
    category: str = "A", tickets: int = 2, minor: int = 4050, *, day: date = DAY, currency: str = "EUR", eid: str = EID
) -> Row:
    """A row as it was exported."""
    key = edit_version.keys_of("aurora", eid)(day.isoformat(), edit_version.plain(category), currency)
    amount = minor / {"EUR": 100, "JPY": 1, "KWD": 1000}[currency]
    version = edit_version.written(key, tickets, minor)
    return [eid, "A Night", day, category, currency, version, tickets, amount]


def changed(of: Row, **cells: Cell) -> Row:
    """The row with some cells typed over."""
    names = ["event_id", "event", "date", "category", "currency", "version", "tickets", "revenue"]
    return [cells.get(name, cell) for name, cell in zip(names, of, strict=True)]


def read(rows: list[Row], *, header: Row | None = None, start: tuple[int, int] = (0, 0), **options: Any) -> EditedFile:
    sheet = FakeSheet([header or list(HEADINGS), *rows], start=start)
    return edits.read([sheet], "aurora", from_1904=options.get("from_1904", False))


def codes(found: EditedFile) -> list[tuple[int, list[str]]]:
    return [(one.row, [reason.refusal.code for reason in one.reasons]) for one in found.refused]


def only_change(found: EditedFile) -> Change:
    ((change,),) = found.changes.values()
    return change


def test_rows_nobody_edited_are_unchanged() -> None:
    found = read([row("A"), row("B"), row("C", -1, -2025)])
    assert (found.rows, found.unchanged, dict(found.changes), found.refused) == (3, [Run(0, 2, 4)], {}, [])
    assert found.events == {EID}


@pytest.mark.parametrize(
    ("cells", "wanted"),
    [
        ({"tickets": 3}, (3, 4050)),
        ({"tickets": 3.0}, (3, 4050)),
        ({"tickets": "3"}, (3, 4050)),
        ({"revenue": 41}, (2, 4100)),
        ({"revenue": "1.234,50"}, (2, 123450)),
        ({"revenue": "€ 12,50"}, (2, 1250)),
        ({"revenue": "12.50 EUR"}, (2, 1250)),
        ({"tickets": 0, "revenue": 0}, (0, 0)),
        ({"tickets": -1, "revenue": -20.25}, (-1, -2025)),
        ({"tickets": "12,0"}, None),
    ],
)
def test_numbers_are_read_as_reports_are(cells: dict[str, Cell], wanted: tuple[int, int] | None) -> None:
    found = read([changed(row(), **cells)])
    if wanted is None:
        assert found.rows == 1
        return
    assert only_change(found) == Change(0, 2, ("2026-03-04", "A", "EUR"), (2, 4050), wanted)


@pytest.mark.parametrize(
    "day", [DAY, datetime.combine(DAY, time()), 46085, 46085.0, "2026-03-04", "04.03.2026", "3/4/2026", "4/3/2026"]
)
def test_a_date_is_recognised_however_a_spreadsheet_spells_it(day: Cell) -> None:
    # Given a row whose date cell lost its format, and another figure
    found = read([changed(row(), date=day, tickets=5)])
    # Then it is the row that was exported
    assert only_change(found).place == ("2026-03-04", "A", "EUR")


def test_a_workbook_that_counts_days_from_1904_is_read_so() -> None:
    found = read([changed(row(), date=46085 - 1462, tickets=5)], from_1904=True)
    assert only_change(found).wanted == (5, 4050)


@pytest.mark.parametrize(
    ("cells", "code", "heading"),
    [
        ({"tickets": "many"}, "tickets.not_a_number", "Tickets"),
        ({"tickets": ""}, "tickets.missing", "Tickets"),
        ({"tickets": 1.5}, "tickets.not_whole", "Tickets"),
        ({"revenue": None}, "revenue.missing", "Revenue"),
        ({"revenue": 1.234}, "revenue.too_many_decimals", "Revenue"),
        ({"revenue": "12 USD"}, "currency.contradiction", "Revenue"),
        ({"revenue": "12 what"}, "revenue.not_a_number", "Revenue"),
        ({"version": ""}, "version.missing", edit_models.VERSION),
        ({"version": None}, "version.missing", edit_models.VERSION),
        ({"version": "v1.2.4050.0.0"}, "version.damaged", edit_models.VERSION),
        ({"version": 12.0}, "version.damaged", edit_models.VERSION),
        ({"event_id": "evt_2"}, "row.key_changed", None),
        ({"date": date(2026, 3, 5)}, "row.key_changed", None),
        ({"date": "soon"}, "row.key_changed", None),
        ({"category": "B"}, "row.key_changed", None),
        ({"currency": "USD"}, "row.key_changed", None),
        ({"currency": "money"}, "row.key_changed", None),
    ],
)
def test_a_row_that_cannot_be_applied_says_why(cells: dict[str, Cell], code: str, heading: str | None) -> None:
    found = read([row("other"), changed(row(), **cells)])
    assert codes(found) == [(3, [code])]
    assert found.refused[0].reasons[0].heading == heading
    assert found.refused[0].reasons[0].refusal.message.endswith(".")
    assert (found.rows, found.unchanged, dict(found.changes)) == (2, [Run(0, 2, 2)], {})


def test_every_bad_cell_of_a_row_is_named() -> None:
    assert codes(read([changed(row(), tickets="x", revenue="y")])) == [
        (2, ["tickets.not_a_number", "revenue.not_a_number"])
    ]


def test_a_row_of_another_tenants_export_is_not_taken() -> None:
    key = edit_version.keys_of("borealis", EID)("2026-03-04", "A", "EUR")
    assert codes(read([changed(row(), version=edit_version.written(key, 2, 4050))])) == [(2, ["row.key_changed"])]


def test_the_same_row_twice_is_refused_both_times() -> None:
    found = read([changed(row(), tickets=5), row("B"), changed(row(), tickets=6)])
    assert codes(found) == [(2, ["row.repeated"]), (4, ["row.repeated"])]
    assert dict(found.changes) == {}


def test_columns_are_found_by_their_headings_and_rows_by_their_version() -> None:
    # Given a workbook with its columns and rows in another order, one more column, blank rows, and a title above
    order = [7, 6, 5, 4, 3, 2, 0]
    rows = [[one[at] for at in order] + ["note"] for one in (changed(row("B"), tickets=9), row("A"))]
    header = [HEADINGS[at] for at in order] + ["Comment"]
    sheet = FakeSheet([["My sales"], [*header], rows[0], [], rows[1]], start=(2, 3))
    found = edits.read([FakeSheet([["nothing"]]), sheet], "aurora", from_1904=False)
    # Then rows are numbered as the spreadsheet shows them: the title is in row 3
    assert found.changes[EID] == [Change(0, 5, ("2026-03-04", "B", "EUR"), (2, 4050), (9, 4050))]
    assert (found.rows, found.unchanged, found.sheets[0].blank) == (2, [Run(0, 7, 7)], 1)
    assert (found.sheets[0].header_row, found.sheets[0].first_column) == (4, 3)


@pytest.mark.parametrize("rows", [[], [["Date", "Category", "Tickets", "Revenue"], [DAY, "A", 1, 2]]])
def test_a_workbook_that_is_no_export_is_refused_as_a_whole(rows: list[Row]) -> None:
    with pytest.raises(NotAWorkbook, match="No sheet has the columns") as refused:
        edits.read([FakeSheet(rows)], "aurora", from_1904=False)
    assert refused.value.code == "edit.not_an_export"


@pytest.mark.parametrize(
    ("limit", "code"), [("MAX_ROWS", "file.too_many_rows"), ("MAX_EVENTS", "edit.too_many_events")]
)
def test_a_file_that_is_too_much_is_refused_as_a_whole(monkeypatch: pytest.MonkeyPatch, limit: str, code: str) -> None:
    monkeypatch.setattr(edits, limit, 2)
    with pytest.raises(NotAWorkbook) as refused:
        read([changed(row(eid=f"evt_{number}"), tickets=7) for number in range(3)])
    assert refused.value.code == code


CHANGE = Change(0, 2, ("2026-03-04", "A", "EUR"), (2, 4050), (3, 6000))


def test_a_change_is_applied_as_its_difference_where_the_row_is_as_exported() -> None:
    assert edits.judge(CHANGE, (2, 4050)) == edits.Fate(difference=(1, 1950))


def test_a_change_that_is_there_already_is_none() -> None:
    assert edits.judge(CHANGE, (3, 6000)) == edits.Fate()


def test_a_row_that_others_changed_is_told_with_all_three_figures() -> None:
    refusal = edits.judge(CHANGE, (1, 2025)).refusal
    assert refusal is not None
    assert refusal.code == "row.changed_meanwhile"
    assert all(
        said in refusal.message for said in ("2 tickets and 40.50 EUR", "1 ticket and 20.25", "3 tickets and 60.00")
    )


def test_a_row_that_was_cleared_is_gone() -> None:
    refusal = edits.judge(CHANGE, None).refusal
    assert refusal is not None
    assert refusal.code == "row.gone"


figures = st.tuples(st.integers(-50, 50), st.integers(-(10**6), 10**6))


@given(exported=figures, now=figures, wanted=figures)
def test_a_change_ends_as_wanted_or_leaves_the_row_alone(
    exported: tuple[int, int], now: tuple[int, int], wanted: tuple[int, int]
) -> None:
    fate = edits.judge(CHANGE._replace(exported=exported, wanted=wanted), now)
    if fate.difference:
        # Never over what others wrote
        assert now == exported
        assert (now[0] + fate.difference[0], now[1] + fate.difference[1]) == wanted
    else:
        assert (fate.refusal is None) == (now == wanted)


cell = st.one_of(st.none(), st.text(max_size=8), st.integers(-9, 9), st.floats(), st.booleans(), st.dates())
edit: st.SearchStrategy[Callable[[Row], Row]] = st.builds(
    lambda at, value: lambda of: [*of[:at], value, *of[at + 1 :]], st.integers(0, 7), cell
)


@given(st.lists(st.lists(edit, max_size=2), max_size=8))
def test_whatever_is_typed_every_row_is_accounted_for(typed: list[list[Callable[[Row], Row]]]) -> None:
    # Given an export in which anything may have been typed anywhere
    rows = []
    for number, some in enumerate(typed):
        one = row(f"Category {number}", number)
        for change in some:
            one = change(one)
        rows.append(one)
    # When it is read
    found = read(rows)
    # Then each row is unchanged, changed or refused, and none is two of these
    lines = [line for run in found.unchanged for line in range(run.first, run.last + 1)]
    lines += [one.row for one in found.refused]
    lines += [change.row for changes in found.changes.values() for change in changes]
    assert sorted(lines) == list(range(2, 2 + len(rows)))
    assert found.rows == len(rows)
