"""An event's clusters, and a budget spread over them, over their routes."""

from decimal import Decimal
from types import ModuleType
from typing import Any

import pytest

from marquee.audience import cluster_service, learning_service, service
from marquee.audience.models import OBJECTIVES, NewClusterSet, Outcome
from marquee.campaigns import settings_service
from marquee.campaigns.models import NewSettings
from marquee.errors import Unprocessable
from marquee.preconditions import Precondition
from tests.support.api import Answer, call, sample, varied
from tests.support.audiences import TENANT, body, costs, sell
from tests.support.costs import counted
from tests.support.ingest import EID, register_event


@pytest.fixture
def insights(aws: dict[str, str], app: Any) -> ModuleType:
    register_event(tags=["indie"])
    found: ModuleType = app("insights")
    return found


def clusters(*bodies: dict[str, Any], tenant: str = TENANT) -> str:
    """Register these clusters; the id of the set."""
    wanted = NewClusterSet.model_validate({"clusters": bodies})
    return cluster_service.replace(tenant, wanted, Precondition())["tc_run_id"]


def three(**changes: Any) -> str:
    return clusters(
        body("indie", interests=["concert", "indie"], size=40_000, **changes),
        body("families", interests=["circus"], size=100_000, **changes),
        body("seniors", interests=["opera"], size=60_000, **changes),
    )


def suggest(insights: ModuleType, *, eid: str = EID, tenants: list[str] | None = None, **query: Any) -> Answer:
    asked = {name: value if isinstance(value, list) else [str(value)] for name, value in query.items()}
    event = varied(sample("insights", "suggested_tcs"), path={"eid": eid}, query=asked, tenants=tenants)
    return call(insights, event)


def test_clusters_are_ranked_by_how_well_the_event_suits_them(insights: ModuleType) -> None:
    tc_run_id = three()
    answer = call(insights, sample("insights", "clusters"))
    assert (answer.status, answer.json["tc_run_id"]) == (200, tc_run_id)
    # 0.5 + 0.25 * (1 - 0.4 * 0.6); the others do not match
    found = [
        (one["tc"], one["label"], one["metric_pred"], one["reach_estimate"], one["size_share"])
        for one in answer.json["clusters"]
    ]
    assert found == [
        ("indie", "Indie and club nights", 0.69, 27_600, 0.2),
        ("families", "Indie and club nights", 0.5, 50_000, 0.5),
        ("seniors", "Indie and club nights", 0.5, 30_000, 0.3),
    ]


def test_a_tenant_without_clusters_has_none_to_rank_and_nothing_to_spend_on(insights: ModuleType) -> None:
    assert call(insights, sample("insights", "clusters")).json["clusters"] == []
    answer = suggest(insights, budget=100)
    assert (answer.status, answer.json["error_code"]) == (422, "clusters.none")


def test_a_budget_is_spread_to_the_cent_and_the_totals_are_the_sums(insights: ModuleType) -> None:
    # Given 500 of 1,000 seats sold at 40.00
    tc_run_id = three()
    sell(EID, 500, 20_000_00)
    # When the repository's sample asks for 1,500.00
    answer = call(insights, sample("insights", "suggested_tcs"))
    assert answer.status == 200
    found = answer.json
    assert {name: found[name] for name in ("event_id", "tc_run_id", "goal", "objective", "currency", "budget")} == {
        "event_id": EID, "tc_run_id": tc_run_id, "goal": "UTILIZATION", "objective": "tickets", "currency": "EUR",
        "budget": 1500.0,
    }  # fmt: skip
    assert (found["seats_left"], found["ticket_price"], found["gap"]) == (500, 40.0, 0)
    items = found["items"]
    assert [one["rank"] for one in items] == [1, 2, 3]
    assert items[0]["tc"] == "indie"
    assert all(one["tc_run_id"] == tc_run_id and one["platform"] == "meta" for one in items)
    for name in ("budget", "expected_tickets", "expected_revenue", "expected_reach", "expected_clicks"):
        assert sum(Decimal(str(one[name])) for one in items) == Decimal(str(found["totals"][name]))
    assert found["totals"]["budget"] == 1500.0
    # Then what a last euro brings is the same everywhere, to within a cent's worth
    assert [one["marginal_return"] for one in items] == pytest.approx([items[0]["marginal_return"]] * 3, rel=1e-4)
    assert items[0]["expected_revenue"] == pytest.approx(items[0]["expected_tickets"] * 40, abs=0.4)


@pytest.mark.parametrize("goal", list(OBJECTIVES))
def test_every_goal_has_its_objective_and_none_does_better_by_another_goals_spread(
    insights: ModuleType, goal: str
) -> None:
    # Given clusters that are cheap to reach, eager to click, and sure to buy
    clusters(
        body("cheap", size=90_000, platforms={"meta": costs(cost_per_mille=1, click_rate=0.001, purchase_rate=0.01)}),
        body("eager", size=50_000, platforms={"meta": costs(cost_per_mille=9, click_rate=0.08, purchase_rate=0.001)}),
        body("sure", size=50_000, platforms={"meta": costs(cost_per_mille=9, click_rate=0.01, purchase_rate=0.2)}),
    )
    sell(EID, 10, 200_00)
    field = {"tickets": "expected_tickets", "revenue": "expected_revenue"} | {
        "reach": "expected_reach", "clicks": "expected_clicks",
    }  # fmt: skip
    answers = {other: suggest(insights, budget=90, goal=other).json for other in ("tickets", "reach", "LINK_CLICKS")}
    mine = suggest(insights, budget=90, goal=goal).json
    objective = OBJECTIVES[goal]  # type: ignore[index]
    assert mine["objective"] == objective
    first = {"reach": "cheap", "clicks": "eager", "tickets": "sure", "revenue": "sure"}[objective]
    assert mine["items"][0]["tc"] == first
    best = mine["totals"][field[objective]]
    assert all(answer["totals"][field[objective]] <= best + 0.02 for answer in answers.values())


def test_more_tickets_than_seats_are_never_expected(insights: ModuleType) -> None:
    three()
    sell(EID, 997, 20_000_00)
    found = suggest(insights, budget=100_000).json
    assert found["seats_left"] == 3
    assert 2.9 <= found["totals"]["expected_tickets"] <= 3
    assert found["totals"]["budget"] == 100_000
    sell(EID, 3, 60_00)
    sold_out = suggest(insights, budget=100_000).json
    assert sold_out["totals"]["expected_tickets"] == 0
    # and more money is not said to sell more, though it still finds people
    assert {one["marginal_return"] for one in [*found["items"], *sold_out["items"]]} == {0}
    assert suggest(insights, budget=100, goal="reach").json["items"][0]["marginal_return"] > 0


def test_a_budget_that_is_given_twice_is_not_said_to_be_missing(insights: ModuleType) -> None:
    answer = suggest(insights, budget=["5", "6"])
    assert (answer.status, [(one["code"], one["field"]) for one in answer.json["validation_errors"]]) == (
        400,
        [("query.repeated", "budget")],
    )


def test_before_anything_is_sold_no_revenue_is_told(insights: ModuleType) -> None:
    three()
    found = suggest(insights, budget=100, goal="ROAS").json
    assert (found["ticket_price"], found["totals"]["expected_revenue"]) == (None, None)
    assert found["items"][0]["expected_revenue"] is None
    assert found["totals"]["budget"] == 100


def test_minimum_spends_are_kept_and_who_gets_nothing_is_named(insights: ModuleType) -> None:
    three(platforms={"meta": costs(minimum_spend=60)})
    found = suggest(insights, budget=100).json
    assert [(one["tc"], one["budget"]) for one in found["items"]] == [("indie", 100.0)]
    assert [(one["tc"], one["platform"], one["code"]) for one in found["left_out"]] == [
        ("families", "meta", "cluster.not_worth_it"),
        ("seniors", "meta", "cluster.not_worth_it"),
    ]
    small = suggest(insights, budget="59.99")
    assert (small.status, small.json["error_code"]) == (422, "budget.too_small")
    assert "60.0 EUR" in small.json["detail"]


def test_clusters_of_another_currency_are_left_out_with_the_reason(insights: ModuleType) -> None:
    clusters(body("a"), body("b", currency="USD"))
    found = suggest(insights, budget=100).json
    assert [one["tc"] for one in found["items"]] == ["a"]
    assert [(one["tc"], one["code"]) for one in found["left_out"]] == [("b", "cluster.other_currency")]
    clusters(body("b", currency="USD"))
    refused = suggest(insights, budget=100)
    assert (refused.status, refused.json["error_code"], "EUR" in refused.json["detail"]) == (422, "clusters.none", True)


def test_a_budget_goes_to_the_platforms_that_are_asked_for(insights: ModuleType) -> None:
    clusters(body("a", platforms={"meta": costs(), "sandbox": costs()}), body("b"))

    def places(**query: Any) -> set[tuple[str, str]]:
        return {(one["tc"], one["platform"]) for one in suggest(insights, budget=100, **query).json["items"]}

    both = {("a", "meta"), ("a", "sandbox"), ("b", "meta")}
    assert places(platform=["sandbox"]) == {("a", "sandbox")}
    assert places(platform=["meta", "sandbox"]) == both
    # and to the tenant's default platform where none is, unless no cluster can be addressed there
    assert places() == {("a", "sandbox")}
    settings_service.replace(TENANT, NewSettings(default_platform="meta"), Precondition())
    assert places() == {("a", "meta"), ("b", "meta")}
    clusters(body("b", platforms={"sandbox": costs()}))
    assert places() == {("b", "sandbox")}
    refused = suggest(insights, budget=100, platform=["meta"])
    assert (refused.status, refused.json["error_code"]) == (422, "clusters.none")
    # and a plan that names none has all
    clusters(body("a", platforms={"meta": costs(), "sandbox": costs()}), body("b"))
    assert {(one.tc, one.platform) for one in service.plan(TENANT, EID, 10_000, "tickets").parts} == both


@pytest.mark.parametrize(
    ("query", "status", "field"),
    [
        ({}, 400, "budget"),
        ({"budget": "0"}, 400, "budget"),
        ({"budget": "-5"}, 400, "budget"),
        ({"budget": "NaN"}, 400, "budget"),
        ({"budget": "1e9"}, 400, "budget"),
        ({"budget": "9999999999999"}, 400, "budget"),
        ({"budget": "10.005"}, 422, "budget"),
        ({"budget": "10", "goal": "FAME"}, 400, "goal"),
        ({"budget": "10", "platform": ["tiktok"]}, 400, "platform.0"),
        ({"budget": "10", "colour": "red"}, 400, "colour"),
    ],
)
def test_what_cannot_be_spent_is_refused_by_its_field(
    insights: ModuleType, query: dict[str, Any], status: int, field: str
) -> None:
    three()
    answer = suggest(insights, **query)
    assert (answer.status, [one["field"] for one in answer.json["validation_errors"]]) == (status, [field])
    if field == "goal":
        assert all(f"'{goal}'" in answer.json["validation_errors"][0]["message"] for goal in OBJECTIVES)


@pytest.mark.parametrize(
    ("currency", "budget", "least"), [("JPY", 1, 1), ("KWD", "0.001", 0.001), ("EUR", "0.01", 0.01)]
)
def test_the_smallest_unit_of_any_currency_can_be_spent(
    insights: ModuleType, currency: str, budget: object, least: float
) -> None:
    register_event(eid="evt_small", currency=currency)
    clusters(body("a", currency=currency, platforms={"meta": costs(cost_per_mille=8)}), body("b"))
    found = suggest(insights, eid="evt_small", budget=budget).json
    assert [one["budget"] for one in found["items"]] == [least]


def test_events_and_clusters_of_other_tenants_are_not_there(insights: ModuleType) -> None:
    three()
    clusters(body("theirs"), tenant="borealis")
    register_event("borealis", "evt_theirs")
    assert suggest(insights, budget=10, eid="evt_theirs").status == 404
    assert suggest(insights, budget=10, tenants=["borealis"]).status == 404
    theirs = suggest(insights, budget=10, eid="evt_theirs", tenants=["borealis"]).json
    assert [one["tc"] for one in theirs["items"]] == ["theirs"]
    ranked = call(insights, varied(sample("insights", "clusters"), tenants=["borealis"]))
    assert (ranked.status, ranked.json["error_code"]) == (404, "event.not_found")


def test_a_suggestion_reads_five_times_however_many_clusters_there_are(insights: ModuleType) -> None:
    clusters(*(body(f"c{n}") for n in range(100)))
    with counted(lambda _: 1) as cost:
        assert suggest(insights, budget=1000).status == 200
    assert cost.requests == ["GetItem", "GetItem", "GetItem", "BatchGetItem", "GetItem"]


def test_what_a_campaign_taught_moves_money(insights: ModuleType) -> None:
    # Given two clusters that are the same, and a launch in which one did well and the other badly
    tc_run_id = clusters(body("a"), body("b"))
    outcomes = [Outcome("a", "meta", 50_000, 200, 0), Outcome("b", "meta", 50_000, 2_000, 90)]
    before = suggest(insights, budget=3_000).json["items"]
    learning_service.learn(TENANT, EID, "lau_1", tc_run_id, "res_1", "2026-06-13T00:00:00Z", outcomes)
    after = suggest(insights, budget=3_000).json["items"]
    assert [one["tc"] for one in before] == ["a", "b"]
    assert [one["tc"] for one in after] == ["b", "a"]
    assert after[0]["budget"] > after[1]["budget"]


def test_a_plan_is_restricted_to_the_clusters_that_are_named(insights: ModuleType) -> None:
    three()
    plan = service.plan(TENANT, EID, 10_001, "UTILIZATION", tcs=["families", "seniors"], platforms=["meta"])
    assert {one.tc for one in plan.parts} == {"families", "seniors"}
    assert sum(one.budget for one in plan.parts) == 10_001
    with pytest.raises(Unprocessable) as refused:
        service.plan(TENANT, EID, 100, "reach", tcs=["nobody", "families"])
    assert (refused.value.code, refused.value.detail) == ("clusters.unknown", "No such cluster: nobody.")
