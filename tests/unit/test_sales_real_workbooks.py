"""Reports as people really make them: every row a sale, given back, or no data; nothing twice and nothing lost."""

import io
from datetime import date, datetime

import openpyxl
import pytest
import xlsxwriter

from marquee.sales.workbooks import columns
from marquee.sales.workbooks.inspection import NotAWorkbook
from tests.support.reports import DAY, NEXT, book, read, refusals, sales, saved, taken
from tests.support.workbooks import workbook

HEADER = ("Date", "Category", "Tickets", "Revenue")
ONE, TWO = "2026-03-01", "2026-03-02"


@pytest.mark.parametrize(
    ("headings", "expected"),
    [
        (("Datum", "Kategorie", "Anzahl", "Umsatz"), ("Datum", "Kategorie", "Anzahl", "Umsatz")),
        (("date", "category", "sold", "revenue"), ("date", "category", "sold", "revenue")),
        (("Verkauft am", "Preiskategorie", "Stk.", "Betrag"), ("Verkauft am", "Preiskategorie", "Stk.", "Betrag")),
        (("KAUFDATUM", "TARIF", "MENGE", "ERLOES"), ("KAUFDATUM", "TARIF", "MENGE", "ERLOES")),
        (("Timestamp", "Ticket", "Qty", "Total price"), ("Timestamp", "Ticket", "Qty", "Total price")),
        (("Tag", "Block", "Verkaufte Tickets", "Summe"), ("Tag", "Block", "Verkaufte Tickets", "Summe")),
        (("sale_date", "ticket_type", "ticket_count", "net sales"), None),
    ],
)
def test_headings_are_understood_in_both_languages(headings: tuple[str, ...], expected: tuple[str, ...] | None) -> None:
    parsed = read(book([headings, [DAY, "A", 2, 20.5]]))
    found = taken(parsed)
    assert tuple(found[name] for name in ("date", "category", "tickets", "revenue")) == (expected or headings)
    assert sales(parsed) == [(ONE, "A", 2, 2050, "EUR")]


def test_titles_above_blank_lines_between_and_remarks_below_are_no_rows() -> None:
    content = book(
        [
            ["Verkaufsbericht Olympiahalle"],
            ["Stand:", datetime(2026, 3, 12, 8, 0)],  # noqa: DTZ001 - a cell has no zone
            [],
            ["Datum", "Kategorie", "Anzahl", "Umsatz"],
            [DAY, "A", 2, 20],
            [],
            ["Datum", "Kategorie", "Anzahl", "Umsatz"],
            [NEXT, "A", 1, 10],
            ["Summe", None, 3, 30],
            [],
            ["Alle Preise inklusive 19 % MwSt."],
            ["* vorläufig", "noch nicht abgerechnet"],
            ["Erstellt von:", "Max Muster"],
        ]
    )
    parsed = read(content)
    assert sales(parsed) == [(ONE, "A", 2, 2000, "EUR"), (TWO, "A", 1, 1000, "EUR")]
    assert not parsed.rejected
    assert parsed.sheets[0].skipped == {"blank": 2, "repeated_header": 1, "totals": 1, "notes": 3}


@pytest.mark.parametrize(
    "row",
    [
        ["soon", "A", None, None],  # two texts: a sale whose numbers were forgotten, perhaps
        ["soon", None, 2, None],
        ["* A", "A", 2, 20],
        [DAY, None, None, None],
        [None, None, None, 20],
        ["5", None, None, None],
    ],
)
def test_what_could_have_been_meant_as_a_sale_is_no_remark(row: list[object]) -> None:
    parsed = read(book([HEADER, row, [DAY, "A", 1, 1]]))
    assert [number for number, _ in refusals(parsed)] == [2]


def test_a_header_of_two_lines_is_read_together() -> None:
    # Given a group of two amounts, of which gross is meant, and lines that mean nothing alone
    content = book(
        [
            ["Bericht", "2026"],
            ["Verkauf", "", "Tickets", "Umsatz", "", "Bestell-"],
            ["Datum", "Kategorie", "Zahl", "netto", "brutto", "Nr."],
            [DAY, "A", 2, 16.81, 20, "o1"],
            ["Verkauf", "", "Tickets", "Umsatz", "", "Bestell-"],
            ["Datum", "Kategorie", "Zahl", "netto", "brutto", "Nr."],
            [NEXT, "A", 1, 8.4, 10, "o2"],
        ],
        merged=["A2:B2", "D2:E2"],
    )
    parsed = read(content)
    found = parsed.sheets[0].columns
    assert found is not None
    assert (found.header_row, found.first_row) == (1, 3)
    assert taken(parsed)["revenue"] == "Umsatz brutto"
    assert sales(parsed) == [(ONE, "A", 2, 2000, "EUR"), (TWO, "A", 1, 1000, "EUR")]
    assert [tuple(run) for run in parsed.runs] == [(0, 4, 4), (0, 7, 7)]
    assert parsed.sheets[0].skipped == {"repeated_header": 2}


def test_a_line_of_units_belongs_to_the_header_and_names_the_currency() -> None:
    parsed = read(book([["Datum", "Anzahl", "Umsatz"], ["(TT.MM.JJJJ)", "Stück", "CHF"], [DAY, 2, 20]]))
    assert sales(parsed) == [(ONE, "General", 2, 2000, "CHF")]
    assert not parsed.rejected


def test_a_first_row_that_is_wrong_is_no_second_line_of_the_header() -> None:
    parsed = read(book([HEADER, ["soon", "A", "two", "much"], [DAY, "A", 2, 20]]))
    assert refusals(parsed) == [(2, ["date.not_a_date", "tickets.not_a_number", "revenue.not_a_number"])]


def test_a_title_and_an_unknown_header_do_not_make_a_header() -> None:
    with pytest.raises(NotAWorkbook, match="No column was found for tickets"):
        read(book([["Verkaufte Tickets"], ["Datum", "Umsatz", "Spalte"], [DAY, 2, 20]], merged=["A1:C1"]))


def test_sums_between_are_left_out_with_or_without_a_day() -> None:
    # Given subtotals a day, one with its day in the row, and a grand total with the last day
    content = book(
        [
            HEADER,
            [DAY, "A", 2, 20],
            [DAY, "B", 1, 15.5],
            ["Zwischensumme 01.03.", None, 3, 35.5],
            [NEXT, "A", 1, 10],
            [NEXT, "B", -1, -15.5],
            [NEXT, "Summe", 0, -5.5],
            [NEXT, "A", 4, 40],
            [NEXT, "Summe", 4, 40],
            [NEXT, "Gesamt", 7, 70],
        ]
    )
    parsed = read(content)
    assert sum(tickets for _, _, tickets, _, _ in sales(parsed)) == 7
    assert sum(minor for _, _, _, minor, _ in sales(parsed)) == 7000
    assert not parsed.rejected
    assert parsed.sheets[0].skipped == {"totals": 4}
    assert parsed.sheets[0].rows == 5


def test_a_row_that_is_called_a_sum_and_is_none_is_given_back() -> None:
    parsed = read(book([HEADER, [DAY, "A", 2, 20], [DAY, "Summe", 3, 20], [DAY, "Total Access", 1, 90]]))
    assert refusals(parsed) == [(3, ["row.looks_like_a_sum"])]
    assert sales(parsed) == [(ONE, "A", 2, 2000, "EUR"), (ONE, "Total Access", 1, 9000, "EUR")]
    assert parsed.sheets[0].rows == 3


def test_a_sum_may_be_called_so_in_any_column() -> None:
    rows: list[list[object]] = [
        [*HEADER, "Seller"],
        [DAY, "A", 2, 20, "Box"],
        [DAY, "B", 1, 15, "Web"],
        [DAY, None, 3, 35, "TOTAL"],
        [DAY, None, 9, 9, "Total:"],
    ]
    parsed = read(book(rows))
    assert len(sales(parsed)) == 2
    assert refusals(parsed) == [(5, ["row.looks_like_a_sum"])]


def test_sums_of_one_currency_do_not_confirm_those_of_another() -> None:
    header = (*HEADER, "Currency")
    rows = [
        [DAY, "A", 2, 20, "EUR"],
        [DAY, "A", 1, 10, "CHF"],
        [DAY, "Summe", 3, 30, "EUR"],
        [DAY, "Summe", 1, 10, "CHF"],
    ]
    parsed = read(book([header, *rows]))
    assert refusals(parsed) == [(4, ["row.looks_like_a_sum"])]
    assert parsed.sheets[0].skipped == {"totals": 1}


def test_merged_days_and_categories_count_for_each_of_their_rows() -> None:
    content = book(
        [
            ["Report"],
            [*HEADER, "Order"],
            [DAY, "A", 2, 20, "o1"],
            [None, None, 1, 10, None],
            [None, "B", 1, 15, "o2"],
            ["Summe", None, 4, 45, None],
            [NEXT, "A", 1, 10, "o3"],
            [],
            [None, "B", 2, 30, "o4"],
        ],
        merged=["A1:E1", "A3:A5", "B3:B4", "E3:E4", "A7:A9"],
    )
    parsed = read(content)
    assert sales(parsed) == [
        (ONE, "A", 2, 2000, "EUR"),
        (ONE, "A", 1, 1000, "EUR"),
        (ONE, "B", 1, 1500, "EUR"),
        (TWO, "A", 1, 1000, "EUR"),
        (TWO, "B", 2, 3000, "EUR"),
    ]
    assert not parsed.rejected
    assert parsed.sheets[0].skipped == {"totals": 1, "blank": 1}
    # and the rows say the same as rows that were written out
    plain = [[DAY, "A", 2, 20, "o1"], [DAY, "A", 1, 10, "o1"], [DAY, "B", 1, 15, "o2"]]
    written = read(book([[*HEADER, "Order"], *plain, [NEXT, "A", 1, 10, "o3"], [NEXT, "B", 2, 30, "o4"]]))
    assert parsed.identities == written.identities


def test_empty_cells_are_filled_only_where_the_workbook_merges_them() -> None:
    parsed = read(book([HEADER, [DAY, "A", 2, 20], [None, "A", 1, 10]]))
    assert refusals(parsed) == [(3, ["date.missing"])]


def test_a_sum_within_a_merged_day_is_still_a_sum() -> None:
    content = book([HEADER, [DAY, "A", 2, 20], [None, "B", 1, 10], [None, "Summe", 3, 30]], merged=["A2:A4"])
    parsed = read(content)
    assert len(sales(parsed)) == 2
    assert parsed.sheets[0].skipped == {"totals": 1}


def test_one_amount_for_several_rows_is_given_back_with_all_of_them() -> None:
    content = book([HEADER, [DAY, "A", 2, 35], [DAY, "B", 1, None], [NEXT, "A", 1, 10]], merged=["D2:D3"])
    parsed = read(content)
    assert refusals(parsed) == [(2, ["row.shared_number"]), (3, ["row.shared_number"])]
    assert "rows 2 to 3" in parsed.rejected[0].reasons[0].refusal.message
    # as the file has them
    assert [row.cells[3] for row in parsed.rejected] == [35.0, ""]
    assert sales(parsed) == [(TWO, "A", 1, 1000, "EUR")]


def test_a_row_that_is_two_lines_high_is_one_row() -> None:
    # Given records that all take two lines, everything merged, enough of them to cross what is read at once
    packed = io.BytesIO()
    with xlsxwriter.Workbook(packed) as made:
        sheet = made.add_worksheet()
        sheet.write_row(0, 0, ("Date", "Order", "Tickets", "Revenue"))
        for line in range(1, 5001, 2):
            for column, value in enumerate((ONE, f"o{line}", 1, 10)):
                sheet.merge_range(line, column, line + 1, column, value)
    content = packed.getvalue()
    parsed = read(content)
    assert len(sales(parsed)) == 2500
    assert not parsed.rejected


def test_a_merged_day_goes_on_over_thousands_of_rows() -> None:
    rows: list[list[object]] = [[DAY, "A", 1, 1]] + [[None, "A", 1, 1]] * 9999
    parsed = read(book([HEADER, *rows, [NEXT, "A", 1, 1]], merged=["A2:A10001"]))
    assert [day for day, *_ in sales(parsed)] == [ONE] * 10_000 + [TWO]


def test_a_merged_block_of_text_is_a_remark() -> None:
    content = book([HEADER, [DAY, "A", 2, 20], ["Preise inklusive Steuer"]], merged=["A3:D6"])
    parsed = read(content)
    assert not parsed.rejected
    assert parsed.sheets[0].skipped["notes"] == 1


def test_several_sheets_each_with_a_header_of_its_own_language() -> None:
    made = openpyxl.Workbook()
    made.active.title = "Info"
    made.active.append(["Veranstaltung", "Aurora"])
    march, april = made.create_sheet("März"), made.create_sheet("April")
    march.append(["Datum", "Anzahl", "Umsatz"])
    march.append([DAY, 2, 20])
    april.append([])
    april.append(["Revenue", "Sold", "Day"])
    april.append(["£ 10.00", 1, "2 April 2026"])
    parsed = read(saved(made))
    assert sales(parsed) == [(ONE, "General", 2, 2000, "EUR"), ("2026-04-02", "General", 1, 1000, "GBP")]
    assert [sheet.columns is not None for sheet in parsed.sheets] == [False, True, True]


@pytest.mark.parametrize(
    ("written", "minor"),
    [
        ("€ 1.234,50", 123450),
        ("1.234,50-", -123450),
        ("(1,234.50)", -123450),
        ("(€ 1.234,50)", -123450),
        ("(1,234.50 EUR)", -123450),
        ("-1.234,50 €", -123450),
        ("1 234,50", 123450),
        ("1.234.567,8", 123456780),
    ],
)
def test_amounts_are_read_as_they_are_written(written: str, minor: int) -> None:
    tickets = 2 if minor > 0 else -2
    assert sales(read(book([HEADER, [DAY, "A", tickets, written]]))) == [(ONE, "A", tickets, minor, "EUR")]


@pytest.mark.parametrize("from_1904", [False, True])
def test_days_are_the_same_in_every_spelling_and_system(from_1904: bool) -> None:
    serial = (DAY - (date(1904, 1, 1) if from_1904 else date(1899, 12, 30))).days
    written: list[object] = [
        DAY,
        datetime(2026, 3, 1, 20, 15),  # noqa: DTZ001 - a cell has no zone
        serial,
        serial + 0.75,
        "01.03.2026",
        "2026-03-01",
        "1. März 2026",
        "01-Mar-2026",
        "2026-03-01T18:30:00Z",
        "So, 01.03.26 14:00 Uhr",
    ]
    made = workbook([HEADER, *([day, "A", 1, 10] for day in written)], from_1904=from_1904)
    assert sales(read(made)) == [(ONE, "A", 1, 1000, "EUR")] * len(written)


def test_refunds_take_away_what_was_sold() -> None:
    parsed = read(book([HEADER, [DAY, "A", 3, 30], [NEXT, "A", -1, "10,00-"], [NEXT, "A", "-1", "(10.00)"]]))
    assert sum(minor for _, _, _, minor, _ in sales(parsed)) == 1000
    assert sum(tickets for _, _, tickets, _, _ in sales(parsed)) == 1


def test_columns_called_otherwise_are_refused_with_what_can_be_done() -> None:
    with pytest.raises(NotAWorkbook) as caught:
        read(book([["Erfasst", "Pers.", "Erlösart"], [DAY, 2, 20]]))
    assert caught.value.code == "columns.missing"
    assert "PUT /ingest/column_mapping" in caught.value.message
    assert "“Pers.”" in caught.value.message


@pytest.mark.parametrize(
    ("heading", "sign"),
    [
        ("Umsatz (€)", "€"),
        ("Umsatz in EUR", "EUR"),
        ("VVK Umsatz CHF", "CHF"),
        ("ALL SALES", ""),
        ("ALL SALES GBP", "GBP"),
        ("Umsatz (Euro)", "Euro"),
        ("Umsatz", ""),
    ],
)
def test_a_currency_in_the_heading_is_told_from_other_capitals(heading: str, sign: str) -> None:
    found = columns.find([["Date", "Tickets", heading]]).columns
    assert found is not None
    assert found.currency_sign == sign
