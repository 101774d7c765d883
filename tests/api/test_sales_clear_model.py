"""Any interleaving of files, other sources, clears, undos and purges gives what plain multisets of rows give."""

from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from marquee.sales import repository, storage, totals
from marquee.sales.ingests import identity
from tests.support.ingest import TENANT
from tests.support.sales_model import Model, Row, Sales, Store, key_of

EVENTS = count()
NOTHING = (0, 0, 0, 0)
ROWS = st.builds(
    Row,
    day=st.sampled_from(["2026-02-28", "2026-03-01"]),
    category=st.sampled_from("AB"),
    currency=st.sampled_from(["EUR", "JPY"]),
    tickets=st.sampled_from([1, 2, -1]),
    minor=st.sampled_from([1005, -1005]),
    order=st.sampled_from(["", "7"]),
)
NAMES = st.sampled_from(["one", "two", "three"])
ACTIONS = st.one_of(
    st.tuples(st.just("drop"), st.lists(ROWS, min_size=1, max_size=5)),
    st.sampled_from(
        [
            (
                "summary",
                "totals",
                [Row("2026-02-28", "A", "EUR", 5, 5003, ""), Row("2026-03-02", "C", "EUR", 4, 5002, "")],
            ),
            ("edit", "correction", [Row("2026-03-01", "A", "JPY", -1, -500, "")]),
        ]
    ),
    st.tuples(st.just("clear"), NAMES),
    st.tuples(st.just("undo"), NAMES),
)
# What happens, and what happens in the middle of it; at times everything that can be purged is.
STEPS = st.tuples(ACTIONS, st.none() | ACTIONS, st.sampled_from([False, False, False, True]))


def act(sales: Sales, action: Any) -> None:
    match action:
        case ("drop", rows):
            sales.drop(rows)
        case ("summary" | "edit" as kind, name, rows):
            sales.add(kind, f"sum_{sales.eid}_{name}", rows)
        case ("clear", name):
            sales.clear(name)
        case ("undo", name):
            sales.undo(name)


def interruption(sales: Sales, action: Any, happened: list[bool]) -> Callable[[], None]:
    def come_between() -> None:
        happened.append(True)
        act(sales, action)

    return come_between


def imitate(model: Model, action: Any) -> None:
    match action:
        case ("drop", rows):
            model.drop(rows)
        case ("summary" | "edit", name, rows):
            model.add(name, rows)
        case ("clear", name):
            model.clear(name)
        case ("undo", name):
            model.undo(name)


@settings(max_examples=8, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(steps=st.lists(STEPS, min_size=3, max_size=9))
def test_the_figures_are_those_of_multisets_of_rows(
    aws: dict[str, str], monkeypatch: pytest.MonkeyPatch, steps: list[Any]
) -> None:
    # Given an event of its own, and the same event as multisets
    Store(monkeypatch)
    sales, model = Sales(f"evt_model-{next(EVENTS)}"), Model()
    for action, between, purge in steps:
        # When something happens, with something else between its stage and its commit
        happened: list[bool] = []
        if between is not None:
            sales.meanwhile = interruption(sales, between, happened)
        act(sales, action)
        sales.meanwhile = lambda: None
        # Then it is as if the one that came between had come first
        if happened:
            imitate(model, between)
        imitate(model, action)
        if purge:
            sales.purge()
            model.cleared.clear()
            model.known.clear()
        # and the items, the figures, the categories and the multiset say the same
        head = sales.head()
        assert sales.days() == model.days()
        assert head["kpi"] == model.kpi()
        assert {
            (name, currency): tuple(sums) for name, of in head["categories"].items() for currency, sums in of.items()
        } == categories(model)
        seen = identity.decode_multiset(storage.get(head["seen"]) or b"") if head["seen"] else {}
        assert seen == {key_of(row): number for row, number in model.rows.items()}
    # and the tenant's totals are those of all its events
    heads = repository.heads(TENANT, repository.events_with_sales(TENANT)).values()
    counted = totals.read(TENANT)
    assert counted.events == sum(bool(head["visible"]) for head in heads)
    for currency in ("EUR", "JPY"):
        of = [head["kpi"][currency] for head in heads if currency in head["kpi"]]
        sums = (len(of), *(sum(one[name] for one in of) for name in ("tickets", "revenue", "purchases")))
        assert counted.currencies.get(currency, NOTHING) == sums


def categories(model: Model) -> dict[tuple[str, str], tuple[int, int]]:
    found: dict[tuple[str, str], tuple[int, int]] = {}
    for (_, category, currency), (tickets, minor) in model.days().items():
        before = found.get((category, currency), (0, 0))
        found[category, currency] = before[0] + tickets, before[1] + minor
    return found
