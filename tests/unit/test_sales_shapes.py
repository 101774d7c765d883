"""Reports of any shape: days merged or written out, sums with and without a day, blank lines, remarks."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from marquee.sales.workbooks import reading
from marquee.sales.workbooks.days import DateReading
from tests.support.reports import Sale, sales
from tests.support.workbooks import HEADER, FakeSheet

DATES = DateReading(latest=date(2026, 12, 31))
FIRST = date(2026, 3, 1)

# Per day: its (category, tickets, minor units), whether its cell is merged, and how its sum is written
LINES = st.lists(st.tuples(st.sampled_from("AB"), st.integers(-3, 9), st.integers(0, 99_999)), min_size=1, max_size=6)
DAYS = st.lists(
    st.tuples(LINES, st.booleans(), st.sampled_from(["", "named", "dated"]), st.sampled_from(["", "blank", "note"])),
    min_size=1,
    max_size=12,
)


@given(DAYS, st.integers(1, 3))
def test_every_sale_counts_once_in_whatever_shape_its_report_is(
    days: list[tuple[list[tuple[str, int, int]], bool, str, str]], times: int
) -> None:
    # Given a report and, by plain arithmetic, what was sold
    rows: list[list[object]] = [["Report", "", "", ""], list(HEADER)]
    merged: list[tuple[tuple[int, int], tuple[int, int]]] = [((0, 0), (0, 3))]
    expected: list[Sale] = []
    skipped = 0
    for number, (lines, is_merged, summed, after) in enumerate(days * times):
        day = FIRST + timedelta(days=number)
        first = len(rows)
        signed = [(category, tickets, minor if tickets >= 0 else -minor) for category, tickets, minor in lines]
        for index, (category, tickets, minor) in enumerate(signed):
            rows.append(["" if is_merged and index else day, category, float(tickets), minor / 100])
            expected.append((day.isoformat(), category, tickets, minor, "EUR"))
        tickets, minor = (sum(one[at] for one in signed) for at in (1, 2))  # type: ignore[misc]
        if summed == "named":
            rows.append(["Zwischensumme", "", float(tickets), minor / 100])
        elif summed and (tickets * minor > 0 or tickets == minor == 0):
            rows.append(["" if is_merged else day, "Summe", float(tickets), minor / 100])
        skipped += len(rows) - first - len(signed)
        last = len(rows) - (2 if summed == "named" else 1)
        if is_merged and last > first:
            merged.append(((first, 0), (last, 0)))
        if after:
            rows.append(["", "", "", ""] if after == "blank" else ["* preliminary", "", "", ""])
            skipped += 1
    sheet = FakeSheet(rows, merged_cell_ranges=merged)
    # When it is read
    parsed = reading.read([sheet], currency="EUR", dates=DATES)  # type: ignore[list-item]
    # Then each of its sales counts once, and every other row is told apart
    assert not parsed.rejected
    assert sales(parsed) == expected
    assert sum(parsed.sheets[0].skipped.values()) == skipped
    assert parsed.sheets[0].rows == len(expected)
