"""Totals reported over HTTP: what becomes visible, once, all of it or nothing."""

from collections.abc import Callable
from decimal import Decimal
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from marquee.errors import Unavailable, Unprocessable
from marquee.sales import repository, rules, service
from marquee.sales.models import DailyRevenueQuery
from marquee.sales.summaries import summary_service
from marquee.sales.summaries.summary_models import NewSummary
from tests.support.api import Answer, call, sample, varied
from tests.support.ingest import ALL, EID, NOTHING, REPORT, TENANT, Ingests, figures, register_event
from tests.support.kills import Calls, surviving

# The sample: 120 tickets for 4,860.50 and 40 for 2,396.00 in March
SAMPLE = (160, Decimal("7256.5"), 31)


@pytest.fixture
def sales(ingests: Ingests, app: Callable[[str], ModuleType]) -> ModuleType:
    return app("sales")


def report(app: ModuleType, key: str | None = None, **changes: Any) -> Answer:
    headers = {"Idempotency-Key": key} if key else {}
    return call(app, varied(sample("sales", "transaction_summary"), headers=headers, **changes))


def body(**changes: Any) -> dict[str, Any]:
    tickets = [{"type": "A", "sold": 3, "revenue": 40.5}]
    return {"eid": EID, "from": "2026-03-01", "to": "2026-03-02", "tickets": tickets} | changes


def asked(**changes: Any) -> NewSummary:
    return NewSummary.model_validate(body(**changes))


def test_totals_become_visible_as_estimated_days_and_are_listed(sales: ModuleType) -> None:
    answer = report(sales)
    # Then the ingest is answered, complete
    assert answer.status == 201, answer.raw
    found = answer.json
    assert answer.headers["location"] == f"/ingests/{found['id']}"
    assert (found["kind"], found["mode"], found["status"], found["reason"]) == ("summary", "strict", "COMMITTED", None)
    assert (found["rows"], found["accepted"], found["rejected"], found["duplicate"]) == (2, 2, 0, 0)
    assert (found["file"], found["execution"], found["cleared"]) == (None, None, False)
    assert found["totals"] == [{"currency": "EUR", "tickets": 160, "revenue": 7256.5}]
    # and the figures have it: 120 / 31 and 40 / 31 tickets a day, each rounded one way or the other, all estimated
    assert figures() == SAMPLE
    days = call(sales, sample("sales", "daily_revenue")).json["days"]
    assert {day["tickets"] for day in days} <= {3 + 1, 3 + 2, 4 + 1, 4 + 2}
    assert all(day["estimated"] for day in days)
    categories = service.ticket_categories(TENANT, EID)["categories"]
    assert [(one["category"], one["sold"], one["revenue"]) for one in categories] == [
        ("Standing", 120, 4860.5),
        ("Seats", 40, 2396.0),
    ]
    assert service.statistics(TENANT, EID)["purchases"] == 0
    # and it is listed, and its ledger has each ticket type
    path = {"ingest_id": found["id"]}
    assert call(sales, sample("sales", "list_ingests")).json["items"] == [found]
    assert call(sales, varied(sample("sales", "read_ingest"), path=path)).json == found
    rows = call(sales, varied(sample("sales", "rows"), path=path, query={})).json
    assert [(one["status"], one["sheet"], one["row"], one["cell"]) for one in rows["items"]] == [
        ("accepted", "tickets", 1, "Standing"),
        ("accepted", "tickets", 2, "Seats"),
    ]
    assert "120 tickets and 4,860.50 EUR are spread over 2026-03-01 to 2026-03-31" in rows["items"][0]["message"]
    assert call(sales, varied(sample("sales", "rejected_workbook"), path=path)).status == 404


def test_days_with_reported_and_spread_sales_are_estimated_and_others_are_not(
    sales: ModuleType, ingests: Ingests
) -> None:
    ingests.drop(REPORT)
    assert report(sales, body=body()).status == 201
    days = service.daily_revenue(TENANT, DailyRevenueQuery(event_id=EID))["days"]
    # 81.00 of the report and half of 40.50 on the first, 99.99 and the other half on the second
    assert [(day["date"], day["tickets"], day["revenue"], day["estimated"]) for day in days] == [
        ("2026-03-01", 6, 101.25, True),
        ("2026-03-02", 2, 120.24, True),
        ("2026-04-10", -1, -20.25, False),
    ]


def test_under_a_key_it_is_added_once_and_without_one_again(sales: ModuleType) -> None:
    first, again = report(sales, "k"), report(sales, "k")
    assert (again.status, again.json) == (201, first.json)
    assert figures() == SAMPLE
    assert report(sales, "k", body=body()).json["error_code"] == "idempotency.key_reused"
    # Without a key each is one of its own
    assert report(sales).status == 201
    assert report(sales).status == 201
    assert figures()[0] == 3 * 160


def test_another_currency_is_beside_the_events(sales: ModuleType) -> None:
    tickets = [{"type": "A", "sold": 3, "revenue": 4001}]
    assert report(sales, body=body(currency="JPY", tickets=tickets)).json["totals"] == [
        {"currency": "JPY", "tickets": 3, "revenue": 4001}
    ]
    days = service.daily_revenue(TENANT, DailyRevenueQuery(event_id=EID))["days"]
    assert [(day["revenue"], day["currency"]) for day in days] == [(2001, "JPY"), (2000, "JPY")]
    assert service.statistics(TENANT, EID)["revenue"] == 0


@pytest.mark.parametrize(
    ("changes", "status", "field"),
    [
        ({"to": "2026-02-28"}, 400, "to"),
        ({"to": "2029-12-31"}, 422, "to"),
        ({"tickets": [{"type": "A", "sold": 1, "revenue": 1.005}]}, 422, "tickets.0.revenue"),
        ({"tickets": [{"type": "A", "sold": 1, "revenue": 1}] * 2}, 422, "tickets.1.type"),
        ({"tickets": [{"type": "A", "sold": 1, "revenue": 1e300}]}, 422, "tickets.0.revenue"),
        ({"tickets": [{"type": "A", "sold": -1, "revenue": 1}]}, 400, "tickets.0.sold"),
        ({"tickets": [{"type": "A", "sold": 1}]}, 400, "tickets.0.revenue"),
    ],
)
def test_bad_totals_are_refused_by_field_and_nothing_is_stored(
    sales: ModuleType, items: Any, changes: dict[str, Any], status: int, field: str
) -> None:
    for dry_run in ({}, {"dry_run": ["true"]}):
        answer = report(sales, body=body(**changes), query=dry_run)
        assert answer.status == status, answer.raw
        assert [one["field"] for one in answer.json["validation_errors"]] == [field]
    assert items() == {}
    assert call(sales, sample("sales", "list_ingests")).json["items"] == []


def test_an_unknown_event_is_not_found_and_reading_alone_reports_nothing(sales: ModuleType) -> None:
    for unknown in (body(eid="evt_none"), body(eid="evt_none", currency="EUR")):
        assert report(sales, body=unknown).json["error_code"] == "event.not_found"
    assert report(sales, tenants=["borealis"]).status == 404
    assert report(sales, scope="sales.read").status == 403


def test_a_dry_run_tells_the_days_and_changes_nothing(sales: ModuleType, items: Any) -> None:
    answer = report(sales, body=body(), query={"dry_run": ["true"]})
    assert answer.status == 200
    assert answer.json["days"] == [
        {"date": "2026-03-01", "tickets": 2, "revenue": 20.25, "currency": "EUR", "estimated": True},
        {"date": "2026-03-02", "tickets": 1, "revenue": 20.25, "currency": "EUR", "estimated": True},
    ]
    total = {"currency": "EUR", "tickets": 3, "revenue": 40.5}
    assert (answer.json["more"], answer.json["totals"]) == (False, [total])
    (change,) = answer.json["changes"]
    assert (change["id"], change["before"], change["after"]) == (EID, [], [total])
    # A long one is listed in part
    long = report(sales, body=body(**{"from": "2025-01-01"}), query={"dry_run": ["true"]}).json
    assert (len(long["days"]), long["more"], long["totals"]) == (100, True, [total])
    assert items() == {}


def test_totals_of_nothing_are_noted_and_change_no_figures(sales: ModuleType) -> None:
    nothing = body(tickets=[{"type": "A", "sold": 0, "revenue": 0}])
    assert report(sales, body=nothing, query={"dry_run": ["true"]}).json["changes"] == []
    assert (report(sales, body=nothing).json["status"], figures()) == ("COMMITTED", NOTHING)


@pytest.mark.parametrize("lands", [False, True], ids=["before", "after"])
def test_killed_at_any_call_and_repeated_it_is_added_once(
    ingests: Ingests, items: Any, monkeypatch: pytest.MonkeyPatch, lands: bool
) -> None:
    # Given how many calls an undisturbed summary makes
    calls = Calls(monkeypatch)
    summary_service.take(TENANT, "box-office", asked(), "undisturbed")
    for number in range(calls.count):
        sum_before = figures_of(number)
        calls.plan(number, lands=lands)

        def looking(key: str, before: tuple[int, Decimal, int] = sum_before) -> Any:
            # Whenever it is repeated, readers have seen nothing of it, or all
            calls.paused = True
            assert figures() in (before, figures_of(int(key) + 1))
            calls.paused = False
            return summary_service.take(TENANT, "box-office", asked(), key)

        # When it dies at each of them, and is repeated under its key
        document = surviving(looking)(str(number))
        # Then it is there once
        calls.plan()
        assert figures() == figures_of(number + 1)
        assert document["status"] == "COMMITTED"
        assert service.read_ingest(TENANT, document["id"]) == document
    # and nothing is left of what died: beside the head there is one item a summary
    assert len(items()) == 1 + len(repository.head(TENANT, EID)["visible"])


def figures_of(more: int) -> tuple[int, Decimal, int]:
    """The first summary and so many more."""
    return 3 * (1 + more), Decimal("40.5") * (1 + more), 2


def test_a_head_that_moves_meanwhile_is_added_to(ingests: Ingests, items: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    # Given a report that is committed between the staging of a summary and its commit
    real = repository.commit_with_ingest
    drops = [REPORT]

    def late(*arguments: Any) -> bool:
        if drops:
            ingests.drop(drops.pop())
        return real(*arguments)

    monkeypatch.setattr(repository, "commit_with_ingest", late)
    summary_service.take(TENANT, "box-office", asked(), None)
    # Then both count, and the first stage is cleared away
    assert figures() == (ALL[0] + 3, ALL[1] + Decimal("40.5"), ALL[2])
    head = repository.head(TENANT, EID)
    assert all(rules.is_visible(head, *rules.parse_month_key(key)[1:]) for key in items() if key.startswith("S#"))


def test_a_head_that_never_rests_is_said_so_and_nothing_is_left(
    ingests: Ingests, items: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repository, "commit_with_ingest", lambda *_: False)
    monkeypatch.setattr(summary_service, "time", type("Time", (), {"sleep": lambda _: None}))
    with pytest.raises(Unavailable):
        summary_service.take(TENANT, "box-office", asked(), "k")
    assert items() == {}
    monkeypatch.undo()


def test_repeated_after_the_sales_were_cleared_it_is_not_added_again(ingests: Ingests) -> None:
    # Given a summary whose answer was lost, and a clear
    first = summary_service.take(TENANT, "box-office", asked(), "k")
    head = repository.head(TENANT, EID)
    assert repository.commit(TENANT, EID, head, rules.cleared(head, "clr_1", "2026-03-03T00:00:00Z"))
    # When it is repeated
    again = summary_service.take(TENANT, "box-office", asked(), "k")
    # Then the clear stands
    assert (again["id"], again["cleared"], figures()) == (first["id"], True, NOTHING)
    # and a new wish is taken
    assert summary_service.take(TENANT, "box-office", asked(), "l")["cleared"] is False
    assert figures()[0] == 3


def test_more_than_an_event_can_hold_is_refused(sales: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "MAX_CATEGORIES", 1)
    refused = report(sales)
    assert (refused.status, refused.json["error_code"]) == (422, "summary.too_many_categories")
    monkeypatch.undo()


def test_more_sources_than_a_head_can_hold_are_refused(
    ingests: Ingests, items: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "MAX_HEAD_BYTES", 300)
    with pytest.raises(Unprocessable) as refused:
        summary_service.take(TENANT, "box-office", asked(), "k")
    assert refused.value.code == "summary.too_many_sources"
    assert items() == {}


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.integers(0, 40), st.integers(0, 50), st.integers(0, 10**6), st.sampled_from("AB")),
        min_size=1,
        max_size=4,
    )
)
def test_any_summaries_are_their_sums(ingests: Ingests, given_some: list[tuple[int, int, int, str]]) -> None:
    # Given an event of this example's own
    eid = f"evt_{abs(hash(tuple(given_some)))}"
    register_event(eid=eid)
    for days, sold, cents, kind in given_some:
        tickets = [{"type": kind, "sold": sold, "revenue": Decimal(cents).scaleb(-2)}]
        spanned = asked(eid=eid, to=f"2026-0{3 + days // 30}-{1 + days % 28:02}", tickets=tickets)
        summary_service.take(TENANT, "box-office", spanned, None)
    # Then days, statistics and categories are the sums to the cent
    daily = service.daily_revenue(TENANT, DailyRevenueQuery(event_id=eid))
    tickets_sold, revenue = sum(one[1] for one in given_some), Decimal(sum(one[2] for one in given_some)).scaleb(-2)
    assert sum(day["tickets"] for day in daily["days"]) == tickets_sold
    assert sum(Decimal(str(day["revenue"])) for day in daily["days"]) == revenue
    assert service.statistics(TENANT, eid)["tickets_sold"] == tickets_sold
    assert Decimal(str(service.statistics(TENANT, eid)["revenue"])) == revenue
