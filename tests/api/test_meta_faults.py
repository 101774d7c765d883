"""Meta when things go wrong: never two campaigns that spend, always an end, and no secret in anything that is said."""

import itertools
import json
import logging
import time
import traceback
from collections.abc import Callable

import boto3
import pytest

from marquee.campaigns.platforms.errors import Busy, Refused, Unreachable
from marquee.campaigns.platforms.models import Platform, RemoteCampaign
from marquee.errors import DomainError, Unavailable
from tests.support.local_host import Asked, Plan, Reply, always, behaving
from tests.support.meta_server import MetaServer, graph_error
from tests.support.platforms import SECRETS, TOKEN, Connect, account, spec

MINE, ASKED = account("meta", creative_id="5566778899"), spec()
BOUND = 1.5

# What happens to a request, and whether it has done its work before.
FAULTS: dict[str, tuple[Reply, bool]] = {
    "lost before": (Reply(200, hang_up=True), False),
    "lost after": (Reply(200, hang_up=True), True),
    "cut after": (Reply(200, b'{"id": "1"}' * 9, cut=True), True),
    "500 before": (graph_error(2, "Service temporarily unavailable", status=500), False),
    "500 after": (Reply(500, b"oops", media_type="text/plain"), True),
    "transient after": (graph_error(1, "An unknown error occurred", is_transient=True), True),
    "garbage after": (Reply(200, b"<html>", media_type="text/html"), True),
    "a list after": (Reply(200, b"[]"), True),
    "nothing named after": (Reply(200, b"{}"), True),
    "limited": (graph_error(17, "User request limit reached"), False),
    "limited by the account": (graph_error(80004, "Too many calls to this ad-account"), False),
    "429": (Reply(429, b"{}"), False),
    "redirected": (Reply(302, headers={"Location": "http://127.0.0.1:1/elsewhere"}), False),
}


def at(server: MetaServer, faults: dict[int, str]) -> Plan:
    """The requests with these numbers meet these faults."""

    def plan(number: int, _asked: Asked) -> Reply | None:
        if number not in faults:
            return None
        reply, server.takes = FAULTS[faults[number]]
        return reply

    return plan


def until_done(work: Callable[[], RemoteCampaign], tries: int = 6) -> RemoteCampaign:
    """Repeat as a workflow does: what is not available now may be later."""
    for _ in range(tries - 1):
        try:
            return work()
        except Unavailable:
            continue
    return work()


def switched_on(connect: Connect) -> RemoteCampaign:
    """Switch it on; one that does not show is created once more first."""
    try:
        return connect().switch(MINE, ASKED, running=True)
    except Refused as error:
        if error.code not in {"platform.not_found", "platform.incomplete"}:
            raise
        meta = connect()
        meta.create(MINE, ASKED)
        return meta.switch(MINE, ASKED, running=True)


def launched(server: MetaServer, connect: Connect, faults: dict[int, str], lag: int = 0) -> int:
    """Create and switch on with these faults, each try by a process of its own; gives how many requests it took."""
    server.nodes, server.most_spending, server.lag = {}, 0, lag
    server.plan(at(server, faults))
    until_done(lambda: connect().create(MINE, ASKED))
    made = until_done(lambda: switched_on(connect))
    took = len(server.asked)
    assert made.running
    # Never did two spend, and one does
    assert server.most_spending == 1
    assert len(server.spending()) == 1
    # When everything shows, a repetition leaves one of each, the one that runs
    server.plan(behaving)
    for node in server.nodes.values():
        node["seen_after"] = 0
    found = connect().create(MINE, ASKED)
    assert (found.running, found.complete, found.differences) == (True, True, ())
    assert [len(server.alive(kind)) for kind in ("campaign", "ad_set", "ad")] == [1, 1, 1]
    assert server.spending() == [found.parts["ad_set"]]
    return took


def test_no_single_fault_at_any_request_makes_two(meta_server: MetaServer, connect_meta: Connect) -> None:
    took = launched(meta_server, connect_meta, {})
    for number, kind in itertools.product(range(took), FAULTS):
        launched(meta_server, connect_meta, {number: kind})


@pytest.mark.parametrize("kind", ["lost before", "lost after", "500 after", "garbage after", "limited"])
def test_a_creation_is_asked_for_once_and_then_looked_for(
    meta_server: MetaServer, connect_meta: Connect, kind: str
) -> None:
    connect_meta().create(MINE, ASKED)
    creations = [number for number, asked in enumerate(meta_server.asked) if asked.method == "POST"]
    assert len(creations) == 3
    for number in creations:
        meta_server.nodes = {}
        meta_server.plan(at(meta_server, {number: kind}))
        with pytest.raises(Unavailable):
            connect_meta().create(MINE, ASKED)
        assert len(meta_server.asked) == number + 1
        # The one after it finds what was done: no more is there than was asked for
        connect_meta().create(MINE, ASKED)
        assert len(meta_server.nodes) == 3


@pytest.mark.parametrize("lag", [0, 2])
def test_no_two_lost_answers_make_two_even_if_what_was_made_shows_late(
    meta_server: MetaServer, connect_meta: Connect, lag: int
) -> None:
    took = launched(meta_server, connect_meta, {}, lag)
    for first, apart in itertools.product(range(took), range(1, 5)):
        launched(meta_server, connect_meta, {first: "lost after", first + apart: "lost after"}, lag)


def test_a_process_that_was_overtaken_makes_no_second(meta_server: MetaServer, connect_meta: Connect) -> None:
    took = launched(meta_server, connect_meta, {})
    for overtaken, lag in itertools.product(range(took), (0, 2)):
        meta_server.nodes, meta_server.most_spending, meta_server.lag = {}, 0, lag
        # Given one that stands still before a request, while another does it all
        state = {"busy": False}

        def plan(number: int, _asked: Asked, overtaken: int = overtaken, state: dict[str, bool] = state) -> None:
            if number == overtaken and not state["busy"]:
                state["busy"] = True
                meta_server._lock.release()
                try:
                    connect_meta().create(MINE, ASKED)
                finally:
                    meta_server._lock.acquire()

        meta_server.plan(plan)
        slow = connect_meta(read=5.0, budget=10.0)
        until_done(lambda slow=slow: slow.create(MINE, ASKED))  # type: ignore[misc]
        until_done(lambda: switched_on(connect_meta))
        assert meta_server.most_spending == 1
        for node in meta_server.nodes.values():
            node["seen_after"] = 0
        assert connect_meta().create(MINE, ASKED).running
        assert [len(meta_server.alive(kind)) for kind in ("campaign", "ad_set")] == [1, 1]


@pytest.mark.parametrize("kind", [kind for kind in FAULTS if kind != "nothing named after"])
def test_pausing_and_removing_survive_each_fault(meta_server: MetaServer, connect_meta: Connect, kind: str) -> None:
    for number in range(3):
        meta_server.nodes = {}
        meta_server.plan(behaving)
        connect_meta().create(MINE, ASKED)
        connect_meta().switch(MINE, ASKED, running=True)
        meta_server.plan(at(meta_server, {number: kind}))
        assert not until_done(lambda: connect_meta().switch(MINE, ASKED, running=False)).running
        assert meta_server.spending() == []
        meta_server.plan(at(meta_server, {number: kind}))
        for _ in range(3):
            try:
                connect_meta().remove(MINE, ASKED)
            except Unavailable:
                continue
        assert meta_server.alive("campaign") == []


# --- what is said, and for how long -----------------------------------------------------------------------------------


def told(work: Callable[[], object]) -> DomainError:
    """The error that it ends in, in bounded time."""
    began = time.monotonic()
    with pytest.raises(DomainError) as raised:
        work()
    assert time.monotonic() - began < BOUND
    return raised.value


def creating(meta: Platform) -> DomainError:
    return told(lambda: meta.create(MINE, ASKED))


@pytest.mark.parametrize(
    "reply",
    [
        Reply(200, after=0.5),
        Reply(200, b" " * 1_100_000),
        Reply(200, b" " * 200, drip=0.2),
        Reply(200, drip_headers=0.05),
        FAULTS["lost after"][0],
        FAULTS["redirected"][0],
    ],
    ids=["silence", "huge", "dripping body", "dripping headers", "lost", "redirected"],
)
def test_what_lasts_is_unreachable_in_bounded_time(
    meta_server: MetaServer, connect_meta: Connect, reply: Reply
) -> None:
    meta = connect_meta(budget=0.8)
    meta_server.plan(always(reply))
    assert type(creating(meta)) is Unreachable
    assert 1 <= len(meta_server.asked) <= 2


def test_an_operation_ends_within_its_budget_however_many_requests_it_has(
    meta_server: MetaServer, connect_meta: Connect
) -> None:
    # Given that each request is answered, but slowly: five of them take longer than the operation may
    def slowly(_number: int, _asked: Asked) -> None:
        time.sleep(0.15)

    meta_server.plan(slowly)
    error = creating(connect_meta(budget=0.6))
    assert isinstance(error, (Busy, Unreachable))


def test_after_five_failures_it_is_left_alone(meta_server: MetaServer, connect_meta: Connect) -> None:
    meta = connect_meta(rest=5.0)
    meta_server.plan(always(Reply(500)))
    for _ in range(3):
        told(lambda: meta.find(MINE, ASKED))
    asked = len(meta_server.asked)
    error = told(lambda: meta.find(MINE, ASKED))
    assert (type(error), error.code, asked) == (Busy, "platform.resting", 5)
    assert len(meta_server.asked) == asked


def test_limits_are_waited_for_as_meta_says_and_are_no_failure_of_the_host(
    meta_server: MetaServer, connect_meta: Connect
) -> None:
    meta = connect_meta()
    usage = json.dumps({"1": [{"type": "ads_management", "estimated_time_to_regain_access": 19}]})
    for headers, wait in (
        ({}, 60),
        ({"Retry-After": "7"}, 7),
        ({"X-Business-Use-Case-Usage": usage}, 19 * 60),
        ({"X-Business-Use-Case-Usage": "1" * 50}, 60),
    ):
        limited = graph_error(613, "Calls to this api have exceeded the rate limit.")
        meta_server.plan(always(limited._replace(headers=headers)))
        for _ in range(2):
            error = told(lambda: meta.find(MINE, ASKED))
            assert (type(error), error.code) == (Busy, "platform.busy")
            assert isinstance(error, Busy)
            assert error.retry_after == wait
    meta_server.plan(behaving)
    assert meta.find(MINE, ASKED) is None


@pytest.mark.parametrize(
    ("reply", "code", "said"),
    [
        (graph_error(200, "Requires ads_management permission"), "platform.not_allowed", "ads_management"),
        (graph_error(10, "Application does not have permission"), "platform.not_allowed", "permission"),
        (graph_error(2635, "You are calling a deprecated version"), "platform.version", "MetaApiUrl"),
        (graph_error(368, "The action attempted has been deemed abusive"), "platform.refused", "abusive"),
        (graph_error(100, "(#100) Param name must be a string"), "platform.invalid", "name"),
        (graph_error(100, "x", error_user_msg="Budget\x00 too\n low"), "platform.invalid", "Budget too low"),
        (graph_error(100, "x", error_subcode=33), "platform.not_found", "does not have it"),
        (Reply(404, b"{}"), "platform.refused", "404"),
        (graph_error(100, "y" * 50 + " " + "word " * 900), "platform.invalid", "word"),
    ],
)
def test_what_meta_refuses_for_good_is_said_in_its_words(
    meta_server: MetaServer, connect_meta: Connect, reply: Reply, code: str, said: str
) -> None:
    meta_server.plan(always(reply))
    error = told(lambda: connect_meta().find(MINE, ASKED))
    assert (type(error), error.code) == (Refused, code)
    assert said in error.detail
    assert len(error.detail) < 400
    assert len(meta_server.asked) == 1


# --- secrets ----------------------------------------------------------------------------------------------------------


def all_that_is_said(error: BaseException, caplog: pytest.LogCaptureFixture, printed: str) -> str:
    ours = [record.getMessage() + str(record.__dict__) for record in caplog.records if "boto" not in record.name]
    shown = "".join(traceback.TracebackException.from_exception(error, capture_locals=False).format())
    violations = str(getattr(error, "violations", ""))
    return "\n".join([*ours, printed, shown, repr(error), violations])


def test_a_token_is_fetched_anew_once_and_never_said(
    meta_server: MetaServer,
    connect_meta: Connect,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    meta = connect_meta()
    assert meta.find(MINE, ASKED) is None
    # Given a token that was replaced on both sides
    meta_server.token = "EAAsecondTokenOfAurora98765"
    boto3.client("secretsmanager").put_secret_value(SecretId=f"{SECRETS}/aurora/meta", SecretString=meta_server.token)
    assert meta.find(MINE, ASKED) is None
    # When it is replaced at Meta only
    meta_server.token = "EAAthirdTokenOfAurora000000"
    meta_server.plan(behaving)
    error = told(lambda: meta.find(MINE, ASKED))
    assert (error.code, len(meta_server.asked)) == ("platform.token_refused", 2)
    # Then Meta's own sentence, which has the token in it, is not passed on
    said = all_that_is_said(error, caplog, "".join(capsys.readouterr()))
    assert "TokenOfAurora" not in said
    assert TOKEN not in said


def test_what_looks_like_a_secret_in_metas_words_is_left_out(
    meta_server: MetaServer,
    connect_meta: Connect,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    leak = f"Bad token {TOKEN} or EAAother123456789 in {'f' * 64}"
    blamed = json.dumps({"blame_field_specs": [[TOKEN], ["name"]]})
    meta_server.plan(always(graph_error(100, leak, error_data=blamed, fbtrace_id=TOKEN)))
    error = told(lambda: connect_meta().create(MINE, ASKED))
    said = all_that_is_said(error, caplog, "".join(capsys.readouterr()))
    assert "Bad token *** or *** in ***" in said
    assert TOKEN not in said


@pytest.mark.parametrize("held", ["", "hush\r\nX-Evil: 1", "{hush", '{"access_token": ["hush"]}', "[hush hush]"])
def test_a_secret_that_is_no_token_is_neither_sent_nor_shown(
    meta_server: MetaServer, connect_meta: Connect, caplog: pytest.LogCaptureFixture, held: str
) -> None:
    secret = f"{SECRETS}/aurora/meta"
    boto3.client("secretsmanager").put_secret_value(SecretId=secret, SecretString=held or " ")
    error = told(lambda: connect_meta().find(MINE, ASKED))
    assert (type(error), error.code) == (Refused, "platform.no_secret")
    assert secret in error.detail
    assert "hush" not in all_that_is_said(error, caplog, "")
    assert meta_server.asked == []


def test_a_tenant_without_a_secret_is_refused_and_asks_with_nobodys(
    meta_server: MetaServer, connect_meta: Connect
) -> None:
    other = account("meta").__class__("borealis", "meta", MINE.settings)
    error = told(lambda: connect_meta().find(other, ASKED))
    assert (type(error), error.code) == (Refused, "platform.no_secret")
    assert f"{SECRETS}/borealis/meta" in error.detail
    assert meta_server.asked == []


def test_an_address_without_tls_is_refused() -> None:
    from marquee.campaigns.platforms.meta.graph import Graph

    with pytest.raises(Unavailable, match=r"platform\.url"):
        Graph("http://graph.example/v24.0")
