"""What must not count twice, or be left out for another: columns of the same number, sheets of the same sales."""

from collections.abc import Sequence
from datetime import date

import pytest

from marquee.sales.workbooks.looks import NotAWorkbook
from marquee.sales.workbooks.mapping import ColumnMapping
from tests.support.reports import DAY, book, read, sales, taken
from tests.support.workbooks import HEADER, workbook


@pytest.mark.parametrize(
    ("headings", "field"),
    [
        (("Datum", "Anzahl", "Betrag", "Anzahl", "Betrag"), "revenue"),
        (("Datum", "Anzahl", "Umsatz (EUR)", "Umsatz (CHF)"), "revenue"),
        (("Datum", "Anzahl", "Umsatz Vorverkauf", "Umsatz Abendkasse"), "revenue"),
        (("Datum", "Anzahl Kinder", "Anzahl Erwachsene", "Umsatz"), "tickets"),
        (("Datum", "Anzahl", "Preis Kinder", "Preis Erwachsene"), "price"),
    ],
)
def test_numbers_of_one_column_are_never_left_out_for_those_of_another(headings: tuple[str, ...], field: str) -> None:
    with pytest.raises(NotAWorkbook, match=f"several columns that may be the {field}") as caught:
        read(book([headings, [DAY, *([1] * (len(headings) - 1))]]))
    assert caught.value.code == "columns.ambiguous"
    assert "PUT /ingest/column_mapping" in caught.value.message


@pytest.mark.parametrize(
    ("headings", "revenue"),
    [
        (("Datum", "Anzahl", "Betrag (netto)", "Betrag (brutto)"), "Betrag (brutto)"),
        (("Datum", "Anzahl", "Betrag (netto)", "Betrag"), "Betrag"),
        (("Datum", "Anzahl", "Umsatz", "Umsatz Vorjahr"), "Umsatz"),
        (("Datum", "Anzahl", "Umsatz netto", "Umsatz brutto"), "Umsatz brutto"),
        (("Datum", "Anzahl", "Gesamtbetrag", "MwSt. Betrag"), "Gesamtbetrag"),
    ],
)
def test_of_several_amounts_the_one_that_is_meant_is_told(headings: tuple[str, ...], revenue: str) -> None:
    assert taken(read(book([headings, [DAY, 1, 1, 1]])))["revenue"] == revenue


def test_a_mapping_settles_which_of_several_columns_counts() -> None:
    headings = ("Datum", "Anzahl", "Umsatz Vorverkauf", "Umsatz Abendkasse")
    for own in (ColumnMapping({"revenue": ["Umsatz Abendkasse"]}), ColumnMapping({}, ["Umsatz Vorverkauf"])):
        assert taken(read(book([headings, [DAY, 1, 10, 20]]), mapping=own))["revenue"] == "Umsatz Abendkasse"


SOLD: list[list[object]] = [
    [date(2026, 3, 1), "A", 2, 20],
    [date(2026, 3, 1), "B", 1, 15],
    [date(2026, 3, 2), "A", 1, 10],
    [date(2026, 3, 3), "A", 4, 40],
]
BY_DAY: list[list[object]] = [[date(2026, 3, 1), 3, 35], [date(2026, 3, 2), 1, 10], [date(2026, 3, 3), 4, 40]]


@pytest.mark.parametrize(
    "sheets",
    [
        {"Verkäufe": [HEADER, *SOLD], "Übersicht": [("Datum", "Tickets", "Umsatz"), *BY_DAY]},
        {"Übersicht": [("Datum", "Tickets", "Umsatz"), *BY_DAY], "Verkäufe": [HEADER, *SOLD]},
        {"One": [HEADER, *SOLD[:2]], "Two": [HEADER, *SOLD[2:]], "All": [HEADER, *SOLD]},
        {"One": [HEADER, *SOLD], "Copy": [HEADER, *SOLD]},
    ],
)
def test_sheets_that_tell_the_same_sales_twice_are_not_counted_twice(
    sheets: dict[str, Sequence[Sequence[object]]],
) -> None:
    with pytest.raises(NotAWorkbook, match="would count twice") as caught:
        read(workbook(sheets))
    assert caught.value.code == "sheets.same_sales"


def test_sheets_of_different_sales_count_together() -> None:
    more = [*SOLD[:3], [date(2026, 3, 3), "A", 3, 40]]
    assert len(sales(read(workbook({"One": [HEADER, *SOLD], "Two": [HEADER, *more]})))) == 8
    # on a day or two, sums may be the same by chance
    assert len(sales(read(workbook({"One": [HEADER, *SOLD[:3]], "Two": [HEADER, *SOLD[:3]]})))) == 6
