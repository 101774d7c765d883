"""Tenant-wide statistics are exact, and cost the same for every tenant."""

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from types import ModuleType
from typing import Any, get_args

import pytest
from botocore.exceptions import ConnectionClosedError
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from marquee import ddb, money
from marquee.campaigns.delivery import repository as deliveries
from marquee.campaigns.models import CampaignPlace
from marquee.campaigns.platforms.models import Delivery
from marquee.events import service as events
from marquee.events.models import EventDocument
from marquee.sales import repository, rules
from marquee.sales.models import DayRow, Head
from marquee.settings import settings as configured
from tests.support.api import TENANT, call, sample, varied
from tests.support.costs import counted
from tests.support.ingest import register_event

App = Callable[[str], ModuleType]
EIDS = [f"evt_totals-{number:04d}" for number in range(3)]
STATUSES: dict[str, list[Any]] = {
    "status": ["active", "archived", "cancelled"],
    "frontend_status": ["DEFAULT", "FLAGGED", "HIDDEN"],
    "campaign_status": ["RUNNING", "OPEN", "CLOSED", "IGNORED"],
    "client_campaign_status": ["RUNNING", "PAUSED"],
    "campaign_optimisation_status": ["ON", "OFF"],
    "ad_campaign_optimisation_status": ["ON", "OFF"],
    "has_active_campaigns": [True, False],
}
_tenants = (f"t{number}" for number in count())


def statistics(app: App, tenant: str = TENANT) -> Any:
    answer = call(app("insights"), varied(sample("insights", "tenant_statistics"), tenants=[tenant]))
    assert answer.status == 200
    return answer.json


def committed(tenant: str, eid: str, source: str, currency: str, tickets: int, minor: int) -> bool:
    """Commit a source of one row on top of what the event has; False where it was done before."""
    head = repository.head(tenant, eid)
    if source in head["visible"]:
        return False
    row: DayRow = {"day": "2026-03-01", "category": "A", "currency": currency, "tickets": tickets, "revenue": minor}
    entry = rules.visible_entry("s", "file", "2026-03-01T00:00:00Z")
    delta = rules.delta_of([row], {currency: 1 if tickets > 0 else -1})
    return repository.commit(tenant, eid, head, rules.committed(head, source, entry, delta, None))


def cleared(tenant: str, eid: str) -> None:
    head = repository.head(tenant, eid)
    assert repository.commit(tenant, eid, head, rules.cleared(head, "clr", "2026-03-02T00:00:00Z"))


def added_up(heads: list[Head]) -> dict[str, tuple[int, int, int, int]]:
    """Events, tickets, minor units and purchases by currency, from the heads themselves."""
    sums: dict[str, list[int]] = {}
    for head in heads:
        for currency, one in head["kpi"].items():
            parts = (1, one["tickets"], one["revenue"], one["purchases"])
            sums[currency] = [a + b for a, b in zip(sums.get(currency, [0] * 4), parts, strict=True)]
    return {currency: tuple(of) for currency, of in sums.items()}  # type: ignore[misc]


class Faults:
    """Transactions whose answer is lost, or that are not sent, as often as is left."""

    def __init__(self) -> None:
        self.moment, self.left = "after-call", 0

    def __call__(self, event_name: str, **_: Any) -> None:
        if self.left and event_name.startswith(self.moment):
            self.left -= 1
            raise ConnectionClosedError(endpoint_url="test")


def sell(faults: Faults, tenant: str, eid: str, source: str, currency: str, *of: Any) -> None:
    """Commit a source, again where that was disturbed, and once more on top of what was there before it."""
    tickets, minor, disturbance = of
    stale = repository.head(tenant, eid)
    if disturbance in {"lost", "unsent"}:
        faults.moment, faults.left = {"lost": "after-call", "unsent": "before-call"}[disturbance], 1
        with suppress(ConnectionClosedError):
            committed(tenant, eid, source, currency, tickets, minor)
        faults.left = 0
    committed(tenant, eid, source, currency, tickets, minor)
    if disturbance == "late":
        assert not repository.commit(tenant, eid, stale, rules.cleared(stale, "late", "2026-03-02T00:00:00Z"))


SALES = st.tuples(
    st.just("sell"),
    st.sampled_from(EIDS),
    st.sampled_from(["EUR", "JPY", "KWD"]),
    st.integers(-3, 9),
    st.integers(-500, 9999),
    st.sampled_from(["none", "lost", "unsent", "late"]),
)
CLEARS = st.tuples(st.just("clear"), st.sampled_from(EIDS))
CHANGES = st.sampled_from(sorted(STATUSES)).flatmap(
    lambda name: st.tuples(st.just("change"), st.sampled_from(EIDS), st.just(name), st.sampled_from(STATUSES[name]))
)


@settings(max_examples=5, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(steps=st.lists(SALES | CLEARS | CHANGES, min_size=8, max_size=12))
def test_after_any_history_the_figures_are_the_events_added_up(
    aws: dict[str, str], app: App, steps: list[tuple[Any, ...]]
) -> None:
    # Given a tenant of its own, with events; and a wire on which answers are lost
    tenant, faults, sources = next(_tenants), Faults(), count()
    for eid in EIDS:
        register_event(tenant, eid)
    wire = ddb.aws_client("dynamodb").meta.events
    for moment in ("before-call", "after-call"):
        wire.register(f"{moment}.dynamodb.TransactWriteItems", faults)
    try:
        # When sources are committed, repeated where an answer was lost or came late, or cleared, and statuses change
        for kind, eid, *of in steps:
            match kind:
                case "sell":
                    sell(faults, tenant, eid, f"src_{next(sources)}", *of)
                case "clear":
                    cleared(tenant, eid)
                case _:
                    events.rewritten(tenant, eid, lambda _, change=dict([of]): change)  # type: ignore[misc]
    finally:
        for moment in ("before-call", "after-call"):
            wire.unregister(f"{moment}.dynamodb.TransactWriteItems", faults)
    # Then per currency there is what the heads say
    found = statistics(app, tenant)
    heads = [repository.head(tenant, eid) for eid in EIDS]
    told_of = {
        one["currency"]: (
            one["events"],
            one["tickets_sold"],
            round(one["revenue"] * 10 ** money.exponent(one["currency"])),
            one["purchases"],
        )
        for one in found["by_currency"]
    }
    assert told_of == added_up(heads)
    assert found["events_with_sales"] == sum(bool(head["visible"]) for head in heads)
    # and by status what the events say
    stored = [events.read(tenant, eid).model_dump() for eid in EIDS]
    assert found["events"]["total"] == len(EIDS)
    assert found["events"]["with_active_campaigns"] == sum(one["has_active_campaigns"] for one in stored)
    for name in STATUSES.keys() - {"has_active_campaigns"}:
        told = Counter(one[name] for one in stored)
        vocabulary = get_args(EventDocument.model_fields[name].annotation)
        assert found["events"][name] == {value: told[value] for value in vocabulary}


def test_a_tenant_without_anything_has_figures_of_nothing_and_nobody_elses(aws: dict[str, str], app: App) -> None:
    register_event()
    committed(TENANT, "evt_sample-night-0001", "one", "EUR", 2, 1999)
    found = statistics(app, "borealis")
    assert (found["events"]["total"], found["events_with_sales"], found["by_currency"]) == (0, 0, [])
    (euros,) = statistics(app)["by_currency"]
    assert euros == {
        "currency": "EUR",
        "events": 1,
        "revenue": 19.99,
        "tickets_sold": 2,
        "purchases": 1,
        "average_price": 10.0,
        "spent": 0.0,
        "campaign_revenue": 0.0,
        "roas": None,
    }


def test_the_figures_cost_the_same_for_few_events_and_for_many(aws: dict[str, str], app: App) -> None:
    costs = []
    for number in (2, 20):
        tenant = f"costs{number}"
        for one in range(number):
            committed(tenant, f"evt_cost-{one:04d}", "one", "EUR", 1, 100)
        with counted(lambda _: 200) as cost:
            found = statistics(app, tenant)
        assert found["by_currency"][0]["events"] == number
        costs.append((cost.requests, cost.units))
        assert cost.listed <= 16
    assert costs[0] == costs[1]


def test_what_campaigns_cost_is_counted_once_and_stays(
    aws: dict[str, str], app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given two campaigns of two events in two currencies
    places: list[CampaignPlace] = []
    for eid, currency in (("evt_a", "EUR"), ("evt_b", "JPY")):
        place: CampaignPlace = {"tenant": TENANT, "eid": eid, "launch_id": "lch", "sk": "CAMPAIGN#lch#tc#sandbox"}
        item = {"pk": f"T#{TENANT}#E#{eid}", "sk": place["sk"], "eid": eid, "currency": currency, "off": ""}
        ddb.aws_client("dynamodb").put_item(TableName=configured().campaigns_table, Item=ddb.to_item(item))
        places.append(place)

    def delivery(until: int, spent: int, revenue: int) -> Delivery:
        return Delivery(f"2026-05-{until:02d}T00:00:00Z", spent, 10, 10, 1, 1, revenue)

    # When deliveries come in, some of them twice, late, or corrected downwards
    assert deliveries.deliver(places[0], delivery(1, 1000, 3000))
    assert deliveries.deliver(places[0], delivery(1, 1000, 3000))
    assert deliveries.deliver(places[0], delivery(3, 2500, 6000))
    assert not deliveries.deliver(places[0], delivery(2, 2000, 5000))
    assert deliveries.deliver(places[0], delivery(4, 2400, 6000))
    assert deliveries.deliver(places[1], delivery(1, 70, 0))
    # and one whose answer was lost, sent again
    faults = Faults()
    faults.left = 1
    wire = ddb.aws_client("dynamodb").meta.events
    wire.register("after-call.dynamodb.TransactWriteItems", faults)
    with pytest.raises(ConnectionClosedError):
        deliveries.deliver(places[1], delivery(2, 100, 50))
    wire.unregister("after-call.dynamodb.TransactWriteItems", faults)
    assert deliveries.deliver(places[1], delivery(2, 100, 50))
    # Then each counts once
    found = {one["currency"]: one for one in statistics(app)["by_currency"]}
    assert (found["EUR"]["spent"], found["EUR"]["campaign_revenue"], found["EUR"]["roas"]) == (24.0, 60.0, 2.5)
    assert (found["JPY"]["spent"], found["JPY"]["campaign_revenue"], found["JPY"]["roas"]) == (100, 50, 0.5)
    assert (found["EUR"]["revenue"], found["EUR"]["events"]) == (0, 0)
    # and a campaign that is not there has no delivery
    assert not deliveries.deliver({**places[0], "sk": "CAMPAIGN#lch#no#sandbox"}, delivery(9, 1, 1))


def test_reading_needs_its_scope(aws: dict[str, str], app: App) -> None:
    refused = call(app("insights"), varied(sample("insights", "tenant_statistics"), scope="hub.read"))
    assert refused.status == 403
    assert "main.read" in refused.json["detail"]
