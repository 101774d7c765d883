"""Lists of sessions, and sessions as they are sent: filters alone and combined, against one that looks at it all."""

from datetime import UTC, datetime, timedelta
from typing import Any, get_args
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from marquee.errors import Malformed
from marquee.hub import heads, wall_time
from marquee.hub.listing import windows
from marquee.hub.models import Item
from marquee.hub.session_documents import SessionDocument
from marquee.hub.sessions import documents, rules
from marquee.hub.sessions.models import SessionList, SessionsQuery
from tests.support.hub_sessions import BERLIN, head, item, occurrence_uuids, stored
from tests.support.hub_tickets import level, price, uuid_of

MINUTE = timedelta(minutes=1)
# A Friday evening in Berlin; the event's evenings are this Friday to Sunday, and every week on.
NOW = datetime(2035, 1, 26, 17, tzinfo=UTC)
EVENT = head(starts_on="2035-01-26 19:00", type="weekly", weekdays=["fri", "sat", "sun"], ends=("after", 30))
FRAME = rules.frame(EVENT)
STARTS = [wall_time.wall(one.start) for one in heads.occurrences(EVENT)]
KEYS = list(FRAME.spans)
WORDS = ["Straße", "OPENING", "opéra", "après", "night"]


def query(**given: Any) -> SessionsQuery:
    return SessionsQuery.model_validate(given)


def names(found: SessionList) -> list[str]:
    return [one["name"] for one in found["sessions"]]


programmes = st.lists(
    st.builds(
        lambda name, text, status, start, keys, second: (
            stored(name=name, description=text, status=status, offset=start * 30, occurrence_keys=keys),
            f"2026-06-12T18:30:0{second}Z",
        ),
        st.lists(st.sampled_from(WORDS), min_size=1, max_size=2).map(" ".join),
        st.sampled_from(["", *WORDS]),
        st.sampled_from(["active", "inactive"]),
        st.integers(0, 5),
        st.none() | st.lists(st.sampled_from(KEYS), min_size=1, max_size=4, unique=True).map(sorted),
        st.integers(0, 2),
    ),
    max_size=8,
).map(lambda all_: [item(one, str(n), place=n, at=at) for n, (one, at) in enumerate(all_)])
queries = st.fixed_dictionaries(
    {},
    optional={
        "status": st.sampled_from(["draft", "ready", "published", "live", "unpublished", "active", "INACTIVE"]),
        "order_by": st.sampled_from(list(documents._ORDERED_BY)),
        "time_filter": st.lists(st.sampled_from([*get_args(windows.TimeFilter), "whenever"]), max_size=2),
        "search_q": st.lists(st.sampled_from(["strasse", "Opening", "OPERA", "apre", "x"]), max_size=2).map(" ".join),
        "position": st.sampled_from(["0", "1", "3", "50"]),
        "rows": st.sampled_from(["1", "2", "100"]),
        "event_start_on": st.sampled_from([f"{one:%Y-%m-%d %H:%M}" for one in STARTS[:3]]),
    },
)


def bare(text: str) -> str:
    return text.casefold().replace("é", "e").replace("è", "e")


def expected(state: str, programme: list[Item], asked: dict[str, Any]) -> list[str]:
    """The ids of all sessions that are asked for, in order: every filter by itself, in local time, minute by minute."""
    zone = ZoneInfo(BERLIN)
    kept: list[tuple[Any, str]] = []
    valid = [name for name in asked.get("time_filter", []) if name in get_args(windows.TimeFilter)]
    for place, one in enumerate(programme):
        session = rules.session(one)
        mine = [at for at, key in zip(STARTS, KEYS, strict=True) if key in (session["occurrence_keys"] or KEYS)]
        starts = [(at + session["offset"] * MINUTE).replace(tzinfo=zone).astimezone(UTC) for at in mine]
        status = asked.get("status", state).lower()
        checks = [
            status in {state, session["status"]} or (status == "published" and state == "live"),
            all(
                bare(word) in bare(f"{session['name']} {session['description']}")
                for word in asked.get("search_q", "").split()
            ),
            "event_start_on" not in asked or datetime.fromisoformat(asked["event_start_on"]) in mine,
        ]
        if valid:
            begin, end = windows.window(valid[0], NOW, BERLIN)
            checks.append(any(begin < at + session["duration"] * MINUTE and at < end for at in starts))
        if all(checks):
            keys = {
                "created": (one["created_at"], place),
                "starting": (starts[0], one["created_at"], place),
                "name": (bare(session["name"]).replace("ß", "ss"), session["name"], one["created_at"], place),
            }
            kept.append((keys[asked.get("order_by", "created").partition("_")[0]], one["uuid"]))
    backwards = asked.get("order_by", "").endswith("descending")
    return [uuid for _, uuid in sorted(kept, reverse=backwards)]


@settings(deadline=None, max_examples=150)
@given(st.sampled_from(["draft", "published", "live"]), programmes, queries)
def test_a_list_is_what_every_filter_leaves_in_the_order_asked_for(
    state: str, programme: list[Item], asked: dict[str, Any]
) -> None:
    found = documents.listed(FRAME, state, programme[::-1], query(**asked), NOW)
    everything = expected(state, programme, asked)
    position, rows = int(asked.get("position", 0)), int(asked.get("rows", 20))
    assert [one["uuid"] for one in found["sessions"]] == everything[position : position + rows]
    pagination = found["pagination"]
    assert (pagination["records"], pagination["position"], pagination["rows"]) == (len(everything), position, rows)


def test_by_default_sessions_come_in_the_order_in_which_they_were_created() -> None:
    programme = [item(stored(name=str(number)), str(number), place=number) for number in (3, 1, 2)]
    found = documents.listed(FRAME, "draft", programme, query(), NOW)
    assert names(found) == ["1", "2", "3"]
    assert found["pagination"] == {
        "records": 3,
        "position": 0,
        "rows": 20,
        "order_by": {"created_on": "ascending"},
    }


@pytest.mark.parametrize(
    ("order", "shown"),
    [
        ("created_descending", {"created_on": "descending"}),
        ("starting", {"session_starts_on": "ascending"}),
        ("Name_Ascending", {"name": "ascending"}),
        ("name_descending", {"name": "descending"}),
    ],
)
def test_the_order_is_told_by_attribute(order: str, shown: dict[str, str]) -> None:
    assert documents.listed(FRAME, "draft", [], query(order_by=order), NOW)["pagination"]["order_by"] == shown


@pytest.mark.parametrize("text", ["soon", "2035-01-26", "2035-01-26 19:01", "2035-13-01 19:00", "0001-01-01 00:00"])
def test_a_start_at_which_there_is_no_occurrence_is_an_invalid_occurrence(text: str) -> None:
    with pytest.raises(Malformed, match="Invalid occurrence") as refused:
        documents.listed(FRAME, "draft", [], query(event_start_on=text), NOW)
    assert refused.value.violations[0].field == "event_start_on"


def test_values_of_the_time_filter_that_are_none_are_discarded() -> None:
    programme = [item(stored(occurrence_keys=KEYS[:1]))]
    for values, kept in [
        (["whenever"], 1),
        (["tomorrow"], 0),
        (["whenever", "tomorrow"], 0),
        (["WHENEVER,Tomorrow", "today"], 0),
        (["today", "tomorrow"], 1),
    ]:
        found = documents.listed(FRAME, "draft", programme, query(time_filter=values), NOW)
        assert len(found["sessions"]) == kept, values


def test_a_session_that_ends_at_midnight_is_not_of_the_next_day() -> None:
    late = rules.frame(head(starts_on="2035-01-26 21:00", type="does_not_repeat", ends=None))
    for offset, of_today, of_tomorrow in [(150, 1, 0), (151, 1, 1), (180, 0, 1)]:
        programme = [item(stored(offset=offset))]
        for name, kept in [("today", of_today), ("tomorrow", of_tomorrow)]:
            found = documents.listed(late, "draft", programme, query(time_filter=[name]), NOW)
            assert len(found["sessions"]) == kept, (offset, name)


def test_a_session_is_sent_with_the_times_of_the_first_occurrence_that_has_it() -> None:
    # Given a session of the second and the third evening, for one of two levels, of which a ticket is sold
    levels = [
        level("stalls", pricing_details=[price(name="full"), price(name="half")]),
        level("balcony"),
    ]
    event = head(levels=levels)
    keys = [one.key for one in heads.occurrences(event)]
    session = stored(
        offset=75,
        occurrence_keys=keys[1:],
        ticket_uuids=[uuid_of("stalls")],
        sold={uuid_of("stalls"): {uuid_of("half"): 2}},
        display_name="Doors",
    )
    # When it is sent
    found = documents.document(rules.frame(event), item(session))
    # Then it is documented so
    assert TypeAdapter(SessionDocument).validate_python(found) == {
        "uuid": uuid_of("one"),
        "sell_session": False,
        "status": "active",
        "name": "Opening",
        "capacity": -1,
        "display_name": "Doors",
        "description": "",
        "duration": 30,
        "image": None,
        "created_on": "2026-06-12T18:30:00Z",
        "updated_on": "2026-06-12T18:30:00Z",
        "occurrences": {"type": "specific", "uuid": occurrence_uuids(event)[1:]},
        "session_starts_on": {"utc": "2035-01-25 19:15", "local": "2035-01-25 20:15"},
        "session_ends_on": {"utc": "2035-01-25 19:45", "local": "2035-01-25 20:45"},
        "tickets": [
            {
                "uuid": uuid_of("stalls"),
                "quantity_sold": 2,
                "total_purchased_by_user": 0,
                "pricing_details": [
                    {"uuid": uuid_of("full"), "quantity_sold": 0},
                    {"uuid": uuid_of("half"), "quantity_sold": 2},
                ],
            }
        ],
    }


def test_levels_for_another_session_alone_do_not_admit() -> None:
    levels = [level("stalls"), level("mine", session_id=uuid_of("one")), level("other", session_id=uuid_of("two"))]
    found = documents.document(rules.frame(head(levels=levels)), item(stored()))
    assert [one["uuid"] for one in found["tickets"]] == [uuid_of("stalls"), uuid_of("mine")]
    assert found["occurrences"] == {"type": "all", "uuid": []}
    assert found["display_name"] == "Opening"


def test_a_session_whose_occurrences_are_gone_is_sent_without_times() -> None:
    found = documents.document(FRAME, item(stored(occurrence_keys=[1])))
    assert found["session_starts_on"] == found["session_ends_on"] == {"utc": None, "local": None}
