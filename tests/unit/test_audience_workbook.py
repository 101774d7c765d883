"""Clusters as people type them into a workbook."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marquee.audience import headings, workbook
from marquee.audience.models import Cluster
from marquee.errors import Unprocessable
from marquee.sales import workbook_service
from marquee.sales.workbook_service import Table
from tests.support.audiences import kept

HEADER: list[Any] = [
    "Cluster ID",
    "Label",
    "Size",
    "Interests",
    "Currency",
    "Meta CPM",
    "Meta CTR",
    "Meta CVR",
    "Meta minimum",
]
GOOD: list[Any] = ["indie-fans", "Indie and club nights", 120000, "concert, indie", "EUR", 7.5, 0.012, 0.03, ""]


def read(*rows: list[Any], currency: str | None = None, first: tuple[int, int] = (1, 0)) -> workbook.Reading:
    return workbook.read([Table("Clusters", *first, list(rows))], currency)


@pytest.mark.parametrize(
    ("heading", "expected"),
    [
        ("Cluster-ID", ("tc", None)),
        ("BEZEICHNUNG", ("label", None)),
        ("Größe (Personen)", ("size", None)),
        ("Groesse", ("size", None)),
        ("Interessen", ("interests", None)),
        ("Währung", ("currency", None)),
        ("Meta CPM (EUR)", ("cost_per_mille", "meta")),
        ("CPM Meta", ("cost_per_mille", "meta")),
        ("TKP Instagram", ("cost_per_mille", "meta")),
        ("Facebook: Klickrate %", ("click_rate", "meta")),
        ("Sandbox purchase rate", ("purchase_rate", "sandbox")),
        ("Meta Mindestbudget [EUR]", ("minimum_spend", "meta")),
        ("CTR", ("click_rate", None)),
        ("Meta", None),
        ("Meta size", None),
        ("Kommentar", None),
        ("", None),
    ],
)
def test_headings_are_understood_in_english_and_german(heading: str, expected: tuple[str, str | None] | None) -> None:
    assert headings.column_of(heading) == expected


def test_a_row_is_a_cluster() -> None:
    found = read(HEADER, GOOD)
    assert found.clusters == {"indie-fans": kept()}
    assert (found.rows, found.refused) == (1, [])


def test_rows_are_read_as_people_write_them() -> None:
    # Given a title above, an empty row between, a percentage, an amount with its sign, and no id
    typed = ["", "Familien & Kinder", "310.000", "family; circus\nfamily", "", "6,20 €", "0,8 %", "2%", "50,-"]
    found = read(["Our clusters"], HEADER, GOOD, ["", " "], typed, currency="EUR")
    assert found.refused == []
    assert found.clusters["familien-kinder"] == {
        "tc": "familien-kinder",
        "label": "Familien & Kinder",
        "size": 310_000,
        "interests": ["family", "circus"],
        "currency": "EUR",
        "platforms": {
            "meta": {"cost_per_mille": 620, "click_rate": 0.008, "purchase_rate": 0.02, "minimum_spend": 5000}
        },
    }


@pytest.mark.parametrize(
    ("column", "value", "code", "place"),
    [
        (0, "a b", "tc.malformed", "B"),
        (1, "x" * 101, "label.missing_or_long", "C"),
        (2, "many", "size.not_a_number", "D"),
        (2, 0, "size.not_a_number", "D"),
        (2, True, "size.not_a_number", "D"),
        (3, ",".join(map(str, range(51))), "interests.too_many", "E"),
        (4, "EURO", "currency.unknown", "F"),
        (4, None, "currency.missing", "F"),
        (5, 7.505, "amount.too_many_decimals", "G"),
        (5, 0, "amount.out_of_range", "G"),
        (5, None, "amount.missing", "G"),
        (5, -2, "amount.out_of_range", "G"),
        (6, 1.2, "rate.out_of_range", "H"),
        (6, "good", "rate.not_a_number", "H"),
        (6, float("nan"), "rate.out_of_range", "H"),
        (6, "sNaN", "rate.out_of_range", "H"),
        (7, None, "rate.missing", "I"),
        (7, True, "rate.not_a_number", "I"),
        (8, "some", "amount.not_a_number", "J"),
    ],
)
def test_a_cell_that_cannot_be_is_named_by_row_and_column(column: int, value: object, code: str, place: str) -> None:
    row = [*GOOD]
    row[column] = value
    found = read(HEADER, row, first=(4, 1))
    assert found.clusters == {}
    assert [(one["row"], one["column"], one["heading"], one["code"]) for one in found.refused] == [
        (5, place, HEADER[column], code)
    ]
    assert found.refused[0]["message"].endswith(".")


def test_everything_that_is_wrong_with_a_row_is_told_at_once() -> None:
    found = read(HEADER, [*GOOD[:2], "x", GOOD[3], "??", *GOOD[5:6], 5, 7, ""])
    assert [one["code"] for one in found.refused] == [
        "size.not_a_number", "currency.unknown", "rate.out_of_range", "rate.out_of_range",
    ]  # fmt: skip


def test_a_cluster_that_stands_above_already_and_one_for_no_platform_are_refused() -> None:
    found = read(HEADER, GOOD, [*GOOD[:2], 5, *GOOD[3:]], ["x", "X", 5, "", "EUR", "", "", "", ""])
    assert [(one["row"], one["code"]) for one in found.refused] == [(3, "cluster.twice"), (4, "platforms.missing")]
    assert found.clusters["indie-fans"]["size"] == 120_000


def test_a_column_that_is_not_there_at_all_is_named() -> None:
    found = read(HEADER[:7], GOOD[:7])
    assert [(one["column"], one["message"]) for one in found.refused] == [
        (None, "There is no column “Meta purchase rate”.")
    ]


@pytest.mark.parametrize(
    ("header", "code"),
    [(["Date", "Tickets", "Revenue"], "clusters.no_headings"), ([*HEADER[:5], "CPM"], "clusters.platform_unnamed")],
)
def test_a_workbook_of_something_else_is_refused_as_a_whole(header: list[Any], code: str) -> None:
    with pytest.raises(Unprocessable) as refused:
        read(header, GOOD)
    assert refused.value.code == code


TEXTS = st.text(
    st.characters(codec="utf-8", exclude_categories=("C", "Z"), exclude_characters=",;"), min_size=1, max_size=20
)
AMOUNT = st.integers(1, 10**8)
RATES = st.floats(0.000001, 1).map(lambda rate: float(f"{rate:.8f}")).filter(lambda rate: rate >= 0.000001)
COSTS = st.fixed_dictionaries(
    {"cost_per_mille": AMOUNT, "click_rate": RATES, "purchase_rate": RATES, "minimum_spend": AMOUNT}
)
CLUSTERS = st.fixed_dictionaries(
    {
        "tc": st.from_regex(r"[A-Za-z0-9_-]{1,40}", fullmatch=True).filter(lambda tc: tc != "from_excel"),
        "label": st.one_of(TEXTS, st.sampled_from(["=1+1", "+49", "@x", "-", "_x0041_", "'", '"', "<b>&"])),
        "size": st.integers(1, 10**10),
        "interests": st.lists(TEXTS, max_size=4, unique=True),
        "currency": st.sampled_from(["EUR", "JPY", "KWD"]),
        "platforms": st.dictionaries(st.sampled_from(["meta", "sandbox"]), COSTS, min_size=1),
    }
)


@settings(max_examples=6, deadline=None)
@given(st.lists(CLUSTERS, min_size=10, max_size=25, unique_by=lambda one: one["tc"]))
def test_an_export_sent_back_says_the_same(clusters: list[Cluster]) -> None:
    # Given labels and interests as any cell is read: composed, without needless spaces
    wanted: list[Cluster] = [
        {**one, "label": workbook_service.text(one["label"]), "interests": _plain(one["interests"])} for one in clusters
    ]
    content = workbook_service.written(workbook.SHEET, workbook.COLUMNS, workbook.rows(wanted))
    found = workbook.read(workbook_service.tables(content, 100), None)
    assert found.refused == []
    assert list(found.clusters.values()) == wanted


def _plain(interests: list[str]) -> list[str]:
    return list(dict.fromkeys(map(workbook_service.text, interests)))
