"""`total` is exact after any mix of writes, repetitions and lost answers."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from types import ModuleType
from typing import Any

import pytest
from botocore.exceptions import ConnectionClosedError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from marquee import ddb
from marquee.errors import NotFound
from marquee.events import service
from tests.support.api import call, sample, varied
from tests.support.events import meta
from tests.support.oracle import Known, listed

EIDS = [f"evt_000{number}" for number in range(4)]
CITIES, VENUES, CATEGORIES = ["Bonn", "Köln"], ["Oper", "Arena"], ["opera", "product"]
STARTS = ["2026-12-01T19:00:00Z", "2026-12-01T20:00:00Z", "2027-01-01T00:00:00Z"]
# Each filter by one thing only, whose total comes from counters.
SINGLE: list[dict[str, list[str]]] = [
    {},
    {"include_archived": ["true"]},
    *({"city": [city]} for city in CITIES),
    *({"venue_name": [venue]} for venue in VENUES),
    *({"category": [category]} for category in CATEGORIES),
    *({"status": [status]} for status in ("active", "archived")),
    *({"campaign_status": [status]} for status in ("OPEN", "CLOSED")),
    *({"frontend_status": [status]} for status in ("DEFAULT", "FLAGGED", "HIDDEN")),
    {"since": ["2026-12-01T20:00:00Z"]},
    {"since": ["2026-12-02"]},
    {"until": ["2026-12-01"]},
    {"since": ["2026-12-01T19:00:01Z"], "until": ["2026-12-31"]},
]
_tenants = (f"t{number}" for number in count())

registered = st.tuples(
    st.just("registry"),
    st.sampled_from(EIDS),
    st.integers(1, 4),
    st.sampled_from(CITIES),
    st.sampled_from(VENUES),
    st.sampled_from(CATEGORIES),
    st.sampled_from(STARTS),
)
changed = st.tuples(
    st.just("change"),
    st.sampled_from(EIDS),
    st.sampled_from(
        [
            {"frontend_status": "FLAGGED"},
            {"frontend_status": "HIDDEN"},
            {"frontend_status": "DEFAULT"},
            {"status": "archived"},
            {"status": "active"},
            {"campaign_status": "CLOSED"},
        ]
    ),
)
# What happens to the write: nothing; it is sent twice; its answer is lost; it is not sent. The latter two are repeated.
disturbances = st.sampled_from(["none", "none", "twice", "lost", "unsent"])


@contextmanager
def disturbed(kind: str) -> Iterator[None]:
    """The next write is not sent, or takes effect and its answer is lost."""
    events = ddb.aws_client("dynamodb").meta.events
    moment = {"lost": "after-call", "unsent": "before-call"}[kind] + ".dynamodb.TransactWriteItems"

    def fail(**_: Any) -> None:
        raise ConnectionClosedError(endpoint_url="test")

    events.register(moment, fail)
    try:
        yield
    finally:
        events.unregister(moment, fail)


def write(tenant: str, operation: tuple[Any, ...]) -> None:
    if operation[0] == "registry":
        _, eid, version, city, venue, category, start = operation
        described = meta(city=city, venue_name=venue, category=category, start_date_time=start)
        service.take_from_registry(tenant, eid, described, version)
        return
    _, eid, changes = operation
    with suppress(NotFound):
        service.rewritten(tenant, eid, lambda _: dict(changes))


@pytest.fixture
def events(aws: dict[str, str], app: Callable[[str], ModuleType]) -> ModuleType:
    return app("events")


@settings(max_examples=17, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(registered | changed, disturbances), min_size=4, max_size=10))
def test_every_total_is_what_counting_the_events_gives(
    events: ModuleType, history: list[tuple[tuple[Any, ...], str]]
) -> None:
    # Given a tenant and any history of writes, some disturbed and repeated
    tenant = next(_tenants)
    for operation, disturbance in history:
        if disturbance in {"lost", "unsent"}:
            with disturbed(disturbance), suppress(ConnectionClosedError):
                write(tenant, operation)
        write(tenant, operation)
        if disturbance == "twice":
            write(tenant, operation)
    # When its events are counted one by one
    known = []
    for eid in EIDS:
        with suppress(NotFound):
            known.append(Known(eid, service.read(tenant, eid).model_dump()))
    # Then every list says so, and shows them
    for query in SINGLE:
        asked = varied(sample("events", "list"), query=query, tenants=[tenant])
        page = call(events, asked).json
        assert (page["total"], [item["id"] for item in page["items"]]) == (
            len(listed(known, query)),
            listed(known, query),
        ), query
