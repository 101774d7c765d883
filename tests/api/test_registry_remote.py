"""Somebody else's Registry over real sockets: whatever it does, a right error in bounded time."""

import json
import time

import pytest

from marquee.errors import CircuitOpen, NotFound, Unavailable, Unprocessable
from marquee.registry.remote import RemoteRegistry
from tests.support.events import meta
from tests.support.registry_host import TOLD_AT, RegistryHost, Reply, always, behaving, first
from tests.support.remote import BOUND, EID, FLAGGED, Connect, bounded, tell


def test_a_state_is_told_as_the_contract_has_it(there: RegistryHost, remote: RemoteRegistry) -> None:
    tell(remote)
    (asked,) = there.asked
    assert (asked.method, asked.path) == ("PUT", f"/registry/events/last_updated_on_fe/{EID}")
    assert asked.body == b'{"status": "RUNNING"}'
    assert asked.headers["x-preferred-partner-id"] == "aurora"
    assert asked.headers["marquee-frontend-status"] == "FLAGGED"
    assert asked.headers["marquee-frontend-sequence"] == "3"
    assert there.shown("aurora", EID) == ("FLAGGED", 3)


def test_the_key_is_the_changes_own(there: RegistryHost, remote: RemoteRegistry) -> None:
    tell(remote)
    tell(remote)
    tell(remote, sequence=4)
    once, again, later = (asked.headers["idempotency-key"] for asked in there.asked)
    assert once == again != later


def test_views_say_what_is_there_and_leave_out_what_is_not(there: RegistryHost, remote: RemoteRegistry) -> None:
    there.has("aurora", "evt_told", frontend_status="HIDDEN", frontend_sequence=7, last_updated_on_fe=TOLD_AT)
    views = remote.frontend_views("aurora", [EID, "evt_told", "evt_nowhere"])
    untold = {"frontend_status": "DEFAULT", "sequence": 0, "told_at": None}
    assert views == {
        EID: {"version": 1, "updated_at": "2026-01-01T00:00:00Z", **untold},
        "evt_told": {
            "version": 1,
            "updated_at": "2026-01-01T00:00:00Z",
            "frontend_status": "HIDDEN",
            "sequence": 7,
            "told_at": TOLD_AT,
        },
    }
    assert remote.frontend_views("aurora", []) == {}


def test_a_registry_that_is_no_marquee_gives_no_sequence(there: RegistryHost, remote: RemoteRegistry) -> None:
    there.marquee = False
    there.has("aurora", "evt_other", last_updated_on_fe=TOLD_AT)
    view = remote.frontend_views("aurora", ["evt_other"])["evt_other"]
    assert view is not None
    assert (view["frontend_status"], view["sequence"], view["told_at"]) == (None, None, TOLD_AT)


def test_an_event_whose_answer_cannot_be_used_stops_no_other(there: RegistryHost, remote: RemoteRegistry) -> None:
    there.has("aurora", "evt_odd", version="three")
    views = remote.frontend_views("aurora", [EID, "evt_odd"])
    assert views[EID] is not None
    assert views["evt_odd"] is None


def test_connections_are_kept_and_renewed_when_the_other_side_hung_up(
    there: RegistryHost, remote: RemoteRegistry
) -> None:
    tell(remote)
    (kept,) = remote._host._idle
    tell(remote, sequence=4)
    assert remote._host._idle == [kept]
    kept.sock.shutdown(2)
    tell(remote, sequence=5)
    assert there.shown("aurora", EID) == ("FLAGGED", 5)
    assert len(there.asked) == 3


PASSING: dict[str, Reply] = {
    "500": Reply(500, b"oops", media_type="text/plain"),
    "503": Reply(503, b"{}"),
    "409": Reply(409, b"{}"),
    "429": Reply(429, b"{}"),
    "silence": Reply(200, after=0.6),
    "hang-up": Reply(200, hang_up=True),
    "cut": Reply(500, b"{" * 100, cut=True),
    "garbage status": Reply(299, b"{}"),
}
LASTING: dict[str, Reply] = {
    **PASSING,
    "cut 200": Reply(200, b"{" * 100, cut=True),
    "redirect": Reply(302, headers={"Location": "http://127.0.0.1:1/elsewhere"}),
    "huge": Reply(200, b" " * 1_100_000),
    "dripping body": Reply(200, b" " * 100, drip=0.1),
    "dripping headers": Reply(200, drip_headers=0.05),
}
LASTING_READS: dict[str, Reply] = {
    "silence": PASSING["silence"],
    "dripping body": LASTING["dripping body"],
    "huge": LASTING["huge"],
    "garbage": Reply(200, b"<html>"),
    "not UTF-8": Reply(200, b'{"version": "\xff"}'),
    "a list": Reply(200, b"[]"),
    "wrong types": Reply(200, b'{"frontend_sequence": "many"}'),
    "wrong content type": Reply(200, b"{}", media_type="text/html"),
    "no content": Reply(204),
    "cut JSON": Reply(200, b'{"version": 1}', cut=True),
}


@pytest.mark.parametrize("kind", PASSING)
def test_what_passes_is_overcome_by_asking_once_more(there: RegistryHost, remote: RemoteRegistry, kind: str) -> None:
    there.plan(first(1, PASSING[kind]), takes=False)
    began = time.monotonic()
    tell(remote)
    assert time.monotonic() - began < BOUND
    assert there.shown("aurora", EID) == ("FLAGGED", 3)
    assert len(there.asked) == 2


@pytest.mark.parametrize("kind", LASTING)
def test_what_lasts_is_unavailable_in_bounded_time(there: RegistryHost, remote: RemoteRegistry, kind: str) -> None:
    there.plan(always(LASTING[kind]), takes=False)
    assert type(bounded(lambda: tell(remote))) is Unavailable
    assert 1 <= len(there.asked) <= 2


@pytest.mark.parametrize("kind", LASTING_READS)
def test_what_lasts_makes_reading_unavailable_in_bounded_time(
    there: RegistryHost, remote: RemoteRegistry, kind: str
) -> None:
    there.plan(always(LASTING_READS[kind]))
    assert type(bounded(lambda: remote.describe("aurora", EID))) is Unavailable


def test_an_answer_lost_after_the_state_was_taken_is_found_by_repeating(
    there: RegistryHost, remote: RemoteRegistry
) -> None:
    there.plan(first(1, Reply(204, hang_up=True)), takes=True)
    tell(remote)
    assert there.shown("aurora", EID) == ("FLAGGED", 3)
    assert len({asked.headers["idempotency-key"] for asked in there.asked}) == 1


def test_nobody_at_the_address_is_unavailable(there: RegistryHost, connect: Connect) -> None:
    url = there.url
    there.close()
    error = bounded(lambda: tell(connect(url)))
    assert (type(error), error.code) == (Unavailable, "registry.unreachable")


def test_a_redirect_is_not_followed(there: RegistryHost, remote: RemoteRegistry) -> None:
    elsewhere = RegistryHost()
    there.plan(always(Reply(307, headers={"Location": elsewhere.url + "/events/x"})))
    assert bounded(lambda: tell(remote)).code == "registry.answer_unusable"
    assert elsewhere.asked == []
    assert len(there.asked) == 1
    elsewhere.close()


def test_an_event_that_is_not_there_is_not_found_and_not_asked_for_again(
    there: RegistryHost, remote: RemoteRegistry
) -> None:
    error = bounded(lambda: remote.take_frontend_state("aurora", "evt_nowhere", FLAGGED))  # type: ignore[arg-type]
    assert type(error) is NotFound
    assert len(there.asked) == 1


@pytest.mark.parametrize("status", [400, 410, 412, 422])
def test_a_refusal_is_final(there: RegistryHost, remote: RemoteRegistry, status: int) -> None:
    there.plan(always(Reply(status, b"{}")), takes=False)
    assert type(bounded(lambda: tell(remote))) is Unprocessable
    assert len(there.asked) == 1


@pytest.mark.parametrize("status", [401, 403])
def test_not_being_let_in_is_said_as_such(there: RegistryHost, remote: RemoteRegistry, status: int) -> None:
    there.plan(always(Reply(status, b"{}")), takes=False)
    error = bounded(lambda: tell(remote))
    assert (type(error), error.code) == (Unavailable, "registry.not_authorised")
    assert bounded(lambda: remote.frontend_views("aurora", [EID])).code == "registry.not_authorised"


def test_retry_after_is_waited_for_within_the_budget_only(there: RegistryHost, connect: Connect) -> None:
    patient = connect(there.url, budget=2.0)
    there.plan(first(1, Reply(429, b"{}", headers={"Retry-After": "1"})), takes=False)
    began = time.monotonic()
    tell(patient)
    assert 1.0 <= time.monotonic() - began < 2.0
    # A longer one is passed on instead.
    there.plan(always(Reply(429, b"{}", headers={"Retry-After": "60"})), takes=False)
    began = time.monotonic()
    error = bounded(lambda: tell(patient))
    assert isinstance(error, Unavailable)
    assert error.retry_after == 60
    assert time.monotonic() - began < 0.5
    assert len(there.asked) == 1


def test_after_five_failures_it_is_left_alone_then_tried_and_trusted_again(
    there: RegistryHost, remote: RemoteRegistry
) -> None:
    # Given a host that failed five requests in a row
    there.plan(always(Reply(500)), takes=False)
    for _ in range(2):
        assert type(bounded(lambda: tell(remote))) is Unavailable
    bounded(lambda: tell(remote))
    assert len(there.asked) == 5
    # Then it gets no further request, and the error is at once
    began = time.monotonic()
    assert type(bounded(lambda: tell(remote))) is CircuitOpen
    assert type(bounded(lambda: remote.frontend_views("aurora", [EID]))) is CircuitOpen
    assert time.monotonic() - began < 0.1
    assert len(there.asked) == 5
    # When it has rested and fails again, one request is enough to leave it alone
    time.sleep(0.25)
    bounded(lambda: tell(remote))
    assert len(there.asked) == 6
    assert type(bounded(lambda: tell(remote))) is CircuitOpen
    # When it has rested and is well, all is as before
    time.sleep(0.25)
    there.plan(behaving)
    tell(remote)
    tell(remote, sequence=4)
    assert there.shown("aurora", EID) == ("FLAGGED", 4)


def test_refusals_are_no_failures_of_the_host(there: RegistryHost, remote: RemoteRegistry) -> None:
    there.plan(always(Reply(422, b"{}")), takes=False)
    for _ in range(6):
        assert type(bounded(lambda: tell(remote))) is Unprocessable
    there.plan(behaving)
    for _ in range(6):
        assert remote.frontend_views("aurora", ["evt_nowhere"]) == {}
    tell(remote)


def test_a_marquees_document_describes_the_event(there: RegistryHost, remote: RemoteRegistry) -> None:
    there.has("aurora", "evt_full", **{key: value for key, value in meta().items() if key != "hub_event_id"}, version=4)
    described, version = remote.describe("aurora", "evt_full")
    assert (described, version) == (meta(), 4)
    assert type(bounded(lambda: remote.describe("aurora", EID))) is Unprocessable
    assert json.loads(json.dumps(described)) == described
