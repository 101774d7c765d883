"""A duplicate is its original but for what must differ."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from marquee.hub import heads
from marquee.hub.duplicates import rules
from marquee.hub.events import rendering
from marquee.hub.models import Item
from marquee.hub.repository import Whole
from marquee.hub.sessions import documents
from marquee.hub.sessions import rules as session_rules
from marquee.settings import settings
from tests.support.hub_duplicates import NEW, RESET, differences, made_up
from tests.support.hub_tickets import uuid_of

NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)
AT = "2027-03-01T12:00:00Z"


@pytest.fixture(autouse=True)
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A store, so that events have addresses."""
    monkeypatch.setenv("STORE_URL", "https://tickets.example")
    settings.cache_clear()
    yield
    settings.cache_clear()


def copied(original: Whole, uuid: str = uuid_of("copy")) -> rules.Copy:
    return rules.copy(original.head, original.sessions, uuid, AT, original.head["org"])


def document(head: Item, sessions: list[Item]) -> dict[str, Any]:
    frame = session_rules.frame(head)
    shown = [documents.document(frame, one) for one in documents.in_order(sessions)]
    return dict(rendering.document(head, shown, NOW, own=True, full=True))


@hypothesis_settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 2**32))
def test_a_duplicate_differs_exactly_where_it_must(seed: int) -> None:
    original = made_up(random.Random(seed))

    copy = copied(original)

    wrong, _ = differences(document(original.head, original.sessions), document(*copy))
    assert not wrong
    assert session_rules.still_fits(copy.head, copy.sessions) == session_rules.still_fits(
        original.head, original.sessions
    )


def test_every_path_at_which_a_duplicate_differs_comes_about() -> None:
    met: set[str] = set()
    for seed in range(40):
        original = made_up(random.Random(seed))
        met |= differences(document(original.head, original.sessions), document(*copied(original)))[1]

    assert NEW | set(RESET) <= met


def test_the_comparison_finds_what_is_wrong() -> None:
    original = made_up(random.Random(1), "published")
    one = document(original.head, original.sessions)

    assert {path for path, *_ in differences(one, one)[0]} >= {"uuid", "status", "event_occurrence.*.uuid", "version"}
    renamed = {**document(*copied(original)), "name": "Another"}
    assert [path for path, *_ in differences(one, renamed)[0]] == ["name"]


@given(st.integers(0, 2**32))
@hypothesis_settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_it_is_the_same_copy_when_it_is_made_again_and_another_one_under_another_uuid(seed: int) -> None:
    original = made_up(random.Random(seed))

    assert copied(original) == copied(original)
    one, other = (document(*copied(original, uuid_of(name))) for name in ("one", "other"))
    ids = [set(_ids(found)) for found in (document(original.head, original.sessions), one, other)]
    assert not ids[0] & ids[1]
    assert not ids[1] & ids[2]


def _ids(found: dict[str, Any]) -> Iterator[str]:
    yield found["uuid"]
    for one in found["event_occurrence"]:
        yield from (one["uuid"], one["main_event_id"], *(slot["uuid"] for slot in one["timeslots"]))
    for one in (*found["coupons"], *found["sessions"]["session_lists"]):
        yield one["uuid"]
    for one in found["tickets"]["levels"]:
        yield from (one["uuid"], *(price["uuid"] for price in one["pricing_details"]))


def test_nothing_of_the_originals_own_life_is_taken_over() -> None:
    original = made_up(random.Random(3), "published")

    head = copied(original).head

    assert set(original.head) - set(head) == {"marks", "requests", "dropped", "list_pk", "publication"}
    assert (head["sequence"], head["published_at"]) == (0, None)
    assert (head["state"], heads.shown_state(head, NOW)) == ("ready", "ready")
