"""An event's sales graph over HTTP: as data and drawn, with a prediction and without."""

import re
from collections.abc import Callable
from datetime import timedelta
from types import ModuleType
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from marquee.demand.graph_models import SVG
from marquee.events import service as events
from tests.support import demand
from tests.support.api import TENANT, Answer, call, sample, varied
from tests.support.demand import COMING, LEAD, NOW, TODAY, Refreshes

App = Callable[[str], ModuleType]


@pytest.fixture
def insights(aws: dict[str, str], app: App, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setattr("marquee.clock.now", lambda: NOW)
    return app("insights")


@pytest.fixture
def predicted(insights: ModuleType, app: App) -> None:
    """Twelve events that are over, one to come, and the model that was learnt from them."""
    demand.season()
    demand.coming()
    Refreshes(app("demand_tasks")).run()


def graph(insights: ModuleType, **changes: Any) -> Any:
    answer = call(insights, varied(sample("insights", "sales_graph"), **changes))
    assert answer.status == 200
    return answer.json


def drawn(insights: ModuleType, **changes: Any) -> tuple[Answer, list[str]]:
    """The answer with the picture, and all that is written in it."""
    answer = call(insights, varied(sample("insights", "sales_graph_drawn"), **changes))
    picture = ET.fromstring(answer.raw)  # noqa: S314 - our own picture
    return answer, [str(one.text) for one in picture.iter("{http://www.w3.org/2000/svg}text")]


def test_what_is_sold_what_others_had_sold_and_what_is_predicted_meet_today(
    insights: ModuleType, predicted: None
) -> None:
    # When the graph and the forecast of an event are read
    found = graph(insights)
    said = call(insights, sample("insights", "benchmark")).json
    # Then every day is there once, up to the event
    days = [point["date"] for point in found["sales"]]
    assert days == sorted(set(days))
    assert [point["mapped_date"] for point in found["sales"]] == list(range(1 - len(days), 1))
    by_day = {point["date"]: point for point in found["sales"]}
    today, tomorrow = by_day[str(TODAY)], by_day[str(TODAY + timedelta(days=1))]
    # what is sold stands up to today, what is predicted from today on
    assert today["mapped_date"] == -LEAD
    assert today["norm_tickets_sold_current"] == today["norm_prediction"] == said["now"]
    assert (tomorrow["norm_tickets_sold_current"], tomorrow["tickets"], tomorrow["tickets_total"]) == (None, None, None)
    assert tomorrow["norm_prediction_low"] <= tomorrow["norm_prediction"] <= tomorrow["norm_prediction_high"]
    assert by_day[str(TODAY - timedelta(days=1))]["norm_prediction"] is None
    # comparable events stand beside both, and the last day is the forecast
    last = found["sales"][-1]
    assert None not in [point["norm_tickets_sold_avg"] for point in (today, tomorrow, last)]
    assert [last[f"norm_prediction{end}"] for end in ("", "_low", "_high")] == pytest.approx(
        [said["prediction"][name] for name in ("value", "low", "high")], abs=2e-6
    )
    assert (found["interval"], found["capacity"], found["today"], found["reason"]) == (0.8, 1000, str(TODAY), None)
    assert sum(point["tickets"] or 0 for point in found["sales"]) == today["tickets_total"]


def test_drawn_it_says_the_same(insights: ModuleType, predicted: None) -> None:
    said = call(insights, sample("insights", "benchmark")).json
    answer, words = drawn(insights)
    assert (answer.status, answer.headers["content-type"], answer.headers["vary"]) == (200, SVG, "Accept")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    # Shares with the picture's rounding
    shown = [round(100 * said["prediction"][name]) for name in ("value", "low", "high")]
    assert [int(one) for one in re.findall(r"(\d+)%", next(w for w in words if w.startswith("Predicted")))] == [
        shown[0], 80, *shown[1:],
    ]  # fmt: skip
    assert any(one.startswith("Sold: ") and "of 1,000 tickets" in one for one in words)
    assert any("12 past events" in one for one in words)


@pytest.mark.parametrize(
    ("accept", "sent"),
    [
        ("", "application/json"),
        ("*/*", "application/json"),
        ("text/html", "application/json"),
        ("image/*,*/*;q=0.8", SVG),
    ],
)
def test_the_clients_accept_decides_and_caches_are_told(insights: ModuleType, accept: str, sent: str) -> None:
    demand.coming()
    answer = call(insights, varied(sample("insights", "sales_graph"), headers={"Accept": accept}))
    assert (answer.status, answer.headers["content-type"], answer.headers["vary"]) == (200, sent, "Accept")


def test_without_a_model_there_is_what_is_sold_and_why_there_is_no_more(insights: ModuleType) -> None:
    demand.coming()
    found = graph(insights)
    assert found["reason"]["code"] == "no_history"
    for point in found["sales"]:
        assert (point["norm_tickets_sold_avg"], point["norm_prediction"]) == (None, None)
    assert found["sales"][-1]["mapped_date"] == 0
    _, words = drawn(insights)
    assert found["reason"]["message"][:30] in " ".join(words)


def test_nothing_sold_and_nothing_predicted_is_an_empty_graph_and_a_picture(insights: ModuleType) -> None:
    demand.coming(None)
    assert graph(insights)["sales"] == []
    assert "Nothing sold yet" in drawn(insights)[1]


def test_a_cancelled_event_is_drawn_without_a_prediction(insights: ModuleType, predicted: None) -> None:
    events.rewritten(TENANT, COMING, lambda _: {"status": "cancelled"})
    assert graph(insights)["reason"]["code"] == "event_cancelled"
    _, words = drawn(insights)
    assert "The event is cancelled." in words
    assert not [one for one in words if one.startswith(("Predicted", "Comparable"))]


def test_somebody_elses_event_is_not_found_and_not_drawn(insights: ModuleType) -> None:
    demand.coming()
    theirs = call(insights, varied(sample("insights", "sales_graph_drawn"), tenants=["borealis"]))
    assert (theirs.status, theirs.headers["content-type"]) == (404, "application/problem+json")
    assert "Aurora Night" not in theirs.raw.decode()
