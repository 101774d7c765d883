"""Finding the header row and the meaning of columns."""

import pytest

from marquee.sales.workbooks import columns


def test_the_header_may_stand_below_titles_and_in_german() -> None:
    # Given a report with two title rows and a blank one
    rows = [
        ["Olympiahalle: Verkaufsbericht", "", "", "", ""],
        ["Stand", "12.03.2026", "", "", ""],
        ["", "", "", "", ""],
        ["Verkaufsdatum", "Preiskategorie", "Anzahl", "Umsatz (€)", "Bestellnummer"],
    ]
    # When the header is searched
    found = columns.find(rows).columns
    # Then it is the fourth row, and each column is taken for what it says
    assert found is not None
    assert found.header_row == 3
    assert found.positions == {"date": 0, "category": 1, "tickets": 2, "revenue": 3}
    assert found.extras == (("bestellnummer", 4),)
    assert found.currency_sign == "€"


@pytest.mark.parametrize(
    "headings",
    [
        ("Date", "Tickets", "Revenue"),
        ("sale_date", "tickets", "revenue"),
        ("Order Date", "Qty", "Total Amount"),
        ("Datum", "Anzahl", "Betrag"),
        ("Buchungsdatum", "Stückzahl", "Erlös"),
        ("Sold on", "Number of tickets", "Gross revenue [EUR]"),
        ("DATUM ", "Anzahl verkaufter Karten", "Umsatz in EUR"),
        ("Kaufdatum", "Menge", "Gesamtpreis"),
    ],
)
def test_common_names_are_known_in_both_languages(headings: tuple[str, ...]) -> None:
    found = columns.find([list(headings)]).columns
    assert found is not None
    assert found.positions == {"date": 0, "tickets": 1, "revenue": 2}


def test_the_better_of_two_candidates_is_taken() -> None:
    # Given the event's own date, a refund column and a net amount beside what is meant
    headings = ["Event date", "Sale date", "Cancelled tickets", "Tickets", "Umsatz netto", "Umsatz brutto"]
    found = columns.find([headings]).columns
    assert found is not None
    assert {name: headings[at] for name, at in found.positions.items()} == {
        "date": "Sale date",
        "tickets": "Tickets",
        "revenue": "Umsatz brutto",
    }


def test_a_sheet_without_the_needed_columns_tells_what_came_closest() -> None:
    search = columns.find([["Report", ""], ["Date", "Name"], ["x", "y"]])
    assert search.columns is None
    assert search.headings == ("Date", "Name")
    assert columns.known_fields(search.headings) == {"date"}


def test_the_columns_of_a_returned_workbook_are_no_content() -> None:
    found = columns.find([["Date", "Tickets", "Revenue", columns.REASON_HEADER, columns.ROW_HEADER]]).columns
    assert found is not None
    assert found.extras == ()


@pytest.mark.parametrize(("position", "name"), [(0, "A"), (25, "Z"), (26, "AA"), (701, "ZZ"), (702, "AAA")])
def test_columns_are_named_as_spreadsheets_name_them(position: int, name: str) -> None:
    assert columns.letter(position) == name
