"""Pure rules of the Registry."""

from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marquee import clock
from marquee.errors import Unprocessable
from marquee.events.models import EventMeta
from marquee.registry import bulk, rules
from marquee.registry.models import EventEdit, NewEvent
from tests.support.events import meta

MOMENTS = st.datetimes(datetime(1971, 1, 1), datetime(2199, 1, 1), timezones=st.just(UTC)).map(clock.rfc3339)  # noqa: DTZ001
TEXTS = st.sampled_from(["Köln", "Palladium", "Aurora", "Große Halle"])
EDITS = st.fixed_dictionaries(
    {},
    optional={
        "title": TEXTS,
        "start_date_time": MOMENTS,
        "city": TEXTS,
        "venue_name": TEXTS,
        "hall_name": TEXTS | st.none(),
        "capacity": st.integers(1, 10_000_000),
        "category": st.sampled_from(["concert", "product", "PRODUCT", "fair"]),
        "currency": st.sampled_from(["EUR", "JPY"]),
        "special_ad_category": TEXTS | st.none(),
        "campaign_stop_time": MOMENTS | st.none(),
        "simulated": st.booleans(),
    },
)
METAS = st.builds(
    lambda start, stop: meta(start_date_time=start, campaign_stop_time=stop or start), MOMENTS, MOMENTS | st.none()
)


def after(before: EventMeta, given_fields: dict[str, Any]) -> dict[str, Any]:
    return cast("dict[str, Any]", rules.edited(before, EventEdit.model_validate(given_fields)))


@given(METAS, EDITS)
def test_what_is_given_is_taken_and_nothing_else_but_what_follows(before: EventMeta, edit: dict[str, Any]) -> None:
    result = after(before, edit)
    assert set(result) == set(before)
    for field, value in edit.items():
        if field != "campaign_stop_time" or value is not None:
            assert result[field] == value
    untouched = set(before) - set(edit) - {"campaign_stop_time", "event_type"}
    assert all(result[field] == before[field] for field in untouched)  # type: ignore[literal-required]


@given(METAS, EDITS)
def test_the_campaign_always_ends_and_with_the_start_if_it_did(before: EventMeta, edit: dict[str, Any]) -> None:
    result = after(before, edit)
    stop = edit.get("campaign_stop_time")
    if stop is None and ("campaign_stop_time" in edit or before["campaign_stop_time"] == before["start_date_time"]):
        assert result["campaign_stop_time"] == result["start_date_time"]
    else:
        assert result["campaign_stop_time"] == (stop or before["campaign_stop_time"])


@given(METAS, EDITS)
def test_an_edit_made_twice_is_an_edit_made_once(before: EventMeta, edit: dict[str, Any]) -> None:
    once = after(before, edit)
    assert after(cast("EventMeta", once), edit) == once


@given(METAS, EDITS, EDITS)
def test_edits_of_different_fields_may_come_in_any_order(
    before: EventMeta, one: dict[str, Any], other: dict[str, Any]
) -> None:
    # Start and campaign end hang together, and so are one field here.
    times = {"start_date_time", "campaign_stop_time"}
    other = {k: v for k, v in other.items() if k not in one and not (k in times and times & set(one))}
    first = after(cast("EventMeta", after(before, one)), other)
    second = after(cast("EventMeta", after(before, other)), one)
    assert first == second


@given(METAS, EDITS)
def test_a_plan_names_exactly_the_fields_that_differ(before: EventMeta, edit: dict[str, Any]) -> None:
    result = after(before, edit)
    planned = {one.field: one.after for one in rules.changes("evt_0001", before, result)}
    assert {**before, **planned} == result
    assert all(before[field] != value for field, value in planned.items())  # type: ignore[literal-required]


def test_an_edit_is_remembered_for_a_day_and_fifty_at_most() -> None:
    now = datetime(2026, 11, 21, tzinfo=UTC)
    edits = rules.remembered({}, "old", now - timedelta(hours=25))
    assert edits == {"old": "2026-11-19T23:00:00Z"}
    for number in range(60):
        edits = rules.remembered({"edits": edits}, f"m{number}", now + timedelta(seconds=number))
    assert list(edits) == [f"m{number}" for number in range(10, 60)]
    assert rules.is_remembered({"edits": edits}, "m59", now)
    assert not rules.is_remembered({"edits": edits}, "m9", now)
    assert not rules.is_remembered({"edits": edits}, "m59", now + timedelta(hours=25))


GOOD = {
    "title": "Night",
    "start_date_time": "2027-03-01T20:00:00Z",
    "city": "Köln",
    "venue_name": "Palladium",
    "capacity": 10,
    "category": "concert",
    "currency": "EUR",
}
WRONG: list[object] = [None, 1, "x", [], {}, {**GOOD, "capacity": 0}, {**GOOD, "x": 1}, {**GOOD, "id": "nothing"}]
ENTRIES = st.lists(
    st.sampled_from([f"evt_{number:04}" for number in range(4)]).map(lambda eid: {**GOOD, "id": eid})
    | st.just(GOOD)
    | st.sampled_from(WRONG),
    max_size=30,
)


@given(ENTRIES)
def test_every_entry_is_either_kept_or_refused_in_order(entries: list[object]) -> None:
    kept, refused = bulk.sifted(entries)
    assert sorted([one.index for one in kept] + [one["index"] for one in refused]) == list(range(len(entries)))
    assert [one.index for one in kept] == sorted(one.index for one in kept)
    assert all(entries[one["index"]] in WRONG for one in refused if one["error_code"] == "body.invalid")
    assert not [one for one in kept if entries[one.index] in WRONG]
    # Of one id exactly the first stays
    ids = [one.event.id for one in kept if one.event.id]
    assert len(ids) == len(set(ids))
    for one in refused:
        if one["error_code"] == "event.id_repeated":
            assert any(earlier.index < one["index"] and earlier.event.id == one["id"] for earlier in kept)


@given(ENTRIES)
def test_a_report_counts_its_results_and_keeps_the_files_order(entries: list[object]) -> None:
    kept, refused = bulk.sifted(entries)
    report = bulk.report([*refused, *(bulk.acceptance(one.index, one.event.id) for one in kept)])
    assert [one["index"] for one in report["results"]] == list(range(len(entries)))
    assert (report["accepted"], report["refused"]) == (len(kept), len(refused))


def test_a_file_is_bounded() -> None:
    assert len(bulk.sifted([GOOD] * 500)[0]) == 500
    with pytest.raises(Unprocessable, match="501"):
        bulk.sifted([GOOD] * 501)


def test_an_entry_is_read_as_the_body_of_a_single_registration() -> None:
    import orjson

    for changed in ({"capacity": "12"}, {"capacity": 12.5}, {"capacity": True}, {"simulated": "yes"}, {"title": 5}):
        body = {**GOOD, **changed}
        kept, _ = bulk.sifted([body])
        try:
            alone = [NewEvent.model_validate_json(orjson.dumps(body))]
        except ValueError:
            alone = []
        assert [one.event for one in kept] == alone, changed
