"""A tenant's column mapping: which column it makes of which field, and what it may say."""

import pytest

from marquee.sales.workbooks import columns, mapping
from marquee.sales.workbooks.mapping import ColumnMapping
from tests.support.reports import DAY, book, read, sales, taken


def found(headings: list[str], **fields: list[str]) -> dict[str, str]:
    """Which of the headings means which field."""
    ignored = fields.pop("ignore", [])
    search = columns.find([headings], ColumnMapping(fields, ignored))
    assert search.columns is not None
    return {name: headings[position] for name, position in search.columns.positions.items()}


def test_headings_that_nobody_could_guess_are_found() -> None:
    own = ColumnMapping({"date": ["Erfasst"], "tickets": ["Pers."], "revenue": ["Erlösart 1"]})
    parsed = read(book([["Erfasst", "Pers.", "Erlösart 1"], [DAY, 2, 20]]), mapping=own)
    assert sales(parsed) == [("2026-03-01", "General", 2, 2000, "EUR")]
    assert parsed.sheets[0].columns is not None
    assert parsed.sheets[0].columns.mapped == {"date", "tickets", "revenue"}


def test_a_mapped_heading_wins_over_every_guess() -> None:
    # Given a column that would be the number of tickets, and is the amount
    headings = ["Datum", "Verkauft", "Menge", "Betrag"]
    assert found(headings)["tickets"] == "Verkauft"
    assert found(headings, revenue=["Verkauft"]) == {"date": "Datum", "tickets": "Menge", "revenue": "Verkauft"}


def test_a_guess_stands_in_where_a_report_has_not_the_mapped_heading() -> None:
    assert found(["Datum", "Menge", "Betrag"], date=["Erfasst"])["date"] == "Datum"


def test_the_heading_that_is_named_first_is_preferred() -> None:
    headings = ["Datum", "Menge", "Wert B", "Wert A"]
    assert found(headings, revenue=["Wert A", "Wert B"])["revenue"] == "Wert A"
    assert found(headings, revenue=["Wert B", "Wert A"])["revenue"] == "Wert B"


def test_letter_case_and_punctuation_make_no_difference_and_parentheses_only_where_they_are_mapped() -> None:
    headings = ["datum", "MENGE", "Betrag (netto)", "Betrag (brutto) "]
    assert found(headings, revenue=["BETRAG BRUTTO"])["revenue"] == "Betrag (brutto) "
    assert found(headings, revenue=["Betrag (netto)"])["revenue"] == "Betrag (netto)"
    assert columns.find([headings], ColumnMapping({"revenue": ["betrag"]})).ambiguous == {
        "revenue": ["Betrag (netto)", "Betrag (brutto)"]
    }
    # who maps the gross amount does not get the net one for want of it
    assert found(["Datum", "Menge", "X", "Wert (netto)"], revenue=["X", "Wert (brutto)"])["revenue"] == "X"


def test_an_ignored_heading_is_taken_for_nothing_and_stays_in_the_row() -> None:
    own = ColumnMapping({}, ["Umsatz netto"])
    header = ["Datum", "Menge", "Umsatz netto", "Betrag"]
    parsed = read(book([header, [DAY, 1, 8, 10], [DAY, 1, 9, 10]]), mapping=own)
    assert taken(parsed)["revenue"] == "Betrag"
    assert len(parsed.identities) == 2


def test_a_mapped_price_counts_only_where_there_is_no_revenue() -> None:
    assert found(["Datum", "Menge", "P1"], price=["P1"])["price"] == "P1"
    assert "price" not in found(["Datum", "Menge", "P1", "Umsatz"], price=["P1"])
    both = found(["Datum", "Menge", "P1", "Umsatz"], price=["P1"], ignore=["Umsatz"])
    assert both == {"date": "Datum", "tickets": "Menge", "price": "P1"}


def test_a_mapped_heading_may_stand_in_two_lines() -> None:
    own = ColumnMapping({"revenue": ["Kasse Wert"]})
    parsed = read(book([["Verkaufs-", "", "Kasse"], ["datum", "Menge", "Wert"], [DAY, 2, 20]]), mapping=own)
    assert sales(parsed) == [("2026-03-01", "General", 2, 2000, "EUR")]


@pytest.mark.parametrize(
    ("fields", "ignored", "expected"),
    [
        ({"date": ["Tag"], "revenue": ["Wert", "Summe"]}, ["Rest"], []),
        ({"revenue": ["Wert (netto)"]}, ["Wert (brutto)", "Wert"], []),
        ({"date": ["Tag"], "revenue": ["Wert", " TAG "]}, [], [("mapping.heading_taken", "columns.revenue.1")]),
        ({"date": ["Tag", "tag"]}, [], [("mapping.heading_taken", "columns.date.1")]),
        ({"date": ["Tag"]}, ["Tag."], [("mapping.heading_taken", "ignore.0")]),
        ({"date": ["--"]}, [" "], [("mapping.no_heading", "columns.date.0"), ("mapping.no_heading", "ignore.0")]),
    ],
)
def test_a_heading_means_one_thing(
    fields: dict[str, list[str]], ignored: list[str], expected: list[tuple[str, str]]
) -> None:
    wrong = mapping.violations(fields, ignored)
    assert [(one.code, one.field) for one in wrong] == expected
