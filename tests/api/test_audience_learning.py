"""What launches teach: counted once, in any order, replaced by later results, and never in part."""

import itertools
import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest

from marquee.audience import affinity, cluster_service, learning_service, repository, service
from marquee.audience.models import NewClusterSet, Outcome
from marquee.errors import Conflict, NotFound
from marquee.events import service as events
from marquee.preconditions import Precondition
from tests.support.audiences import TENANT, body
from tests.support.ingest import EID, REGION, register_event
from tests.support.kills import Calls, surviving

AT = "2026-06-13T00:00:00Z"
LATER = "2026-06-14T00:00:00Z"
GOOD = [Outcome("a", "meta", 4_000, 100, 9), Outcome("b", "meta", 3_000, 10, 0)]
Learnt = Callable[[], dict[str, dict[str, list[int]]]]


@pytest.fixture
def tc_run_id(aws: dict[str, str]) -> str:
    register_event(tags=["Indie", "club"])
    register_event(eid="evt_circus", category="circus")
    wanted = NewClusterSet.model_validate({"clusters": [body("a"), body("b")]})
    return cluster_service.replace(TENANT, wanted, Precondition())["tc_run_id"]


@pytest.fixture
def learnt(aws: dict[str, str]) -> Learnt:
    """All that is stored as learnt, by trait."""
    table = boto3.Session(region_name=REGION).resource("dynamodb").Table(aws["CampaignsTable"])

    def read() -> dict[str, dict[str, list[int]]]:
        pk = {"AttributeValueList": [f"T#{TENANT}#AUDIENCE"], "ComparisonOperator": "EQ"}
        sk = {"AttributeValueList": ["LEARNT#"], "ComparisonOperator": "BEGINS_WITH"}
        items = table.query(KeyConditions={"pk": pk, "sk": sk})["Items"]
        return {item["sk"].removeprefix("LEARNT#"): json.loads(item["doc"]) for item in items}

    return read


def learn(tc_run_id: str, **changes: Any) -> bool:
    asked = {"eid": EID, "launch_id": "lau_1", "result_id": "res_1", "at": AT, "outcomes": GOOD, **changes}
    return learning_service.learn(TENANT, tc_run_id=tc_run_id, **asked)


def test_a_launch_is_kept_for_all_events_for_the_category_and_for_each_tag(tc_run_id: str, learnt: Learnt) -> None:
    assert learn(tc_run_id) is True
    clusters = {one: [*affinity.evidence_of(_cluster(one), [GOOD["ab".index(one)]])] for one in "ab"}
    assert learnt() == dict.fromkeys(("*", "category#concert", "tag#club", "tag#indie"), clusters)


def _cluster(tc: str) -> Any:
    return next(one for one in service.cluster_set(TENANT)["clusters"] if one["tc"] == tc)


def test_the_same_result_counts_once(tc_run_id: str, learnt: Learnt) -> None:
    learn(tc_run_id)
    before = learnt()
    assert learn(tc_run_id) is False
    assert learnt() == before


def test_launches_add_up_the_same_in_every_order(tc_run_id: str, learnt: Learnt) -> None:
    launches: list[dict[str, Any]] = [
        {"launch_id": "lau_1"},
        {"launch_id": "lau_2", "outcomes": [Outcome("a", "meta", 333, 7, 1)]},
        {"launch_id": "lau_3", "eid": "evt_circus", "outcomes": [Outcome("b", "meta", 777, 1, 3)]},
    ]
    found = []
    for number, order in enumerate(itertools.permutations(launches)):
        for one in order:
            # Each order is one of its own: what it has added is seen as a difference.
            assert learn(tc_run_id, **one | {"launch_id": f"{one['launch_id']}_{number}"})
        found.append(learnt())
    first = found[0]
    for number, sums in enumerate(found, start=1):
        assert sums == {k: {tc: [n * number for n in pair] for tc, pair in of.items()} for k, of in first.items()}


def test_a_later_result_of_a_launch_takes_the_place_of_the_earlier_one(tc_run_id: str, learnt: Learnt) -> None:
    # Given what the later result alone would teach
    later = {"result_id": "res_2", "at": LATER, "outcomes": [Outcome("b", "meta", 2_000, 99, 9)]}
    learn(tc_run_id, **later, launch_id="lau_other")
    alone = learnt()
    # When a launch has an earlier result, then that one, and then the earlier one arrives again
    learn(tc_run_id)
    assert learn(tc_run_id, **later) is True
    assert learn(tc_run_id) is False
    # Then only the later one counts: twice now, in two launches
    assert learnt() == {key: {"b": [n * 2 for n in of["b"]]} for key, of in alone.items()}


def test_an_event_whose_tags_have_changed_takes_back_what_it_had_taught(tc_run_id: str, learnt: Learnt) -> None:
    learn(tc_run_id)
    meta = json.loads(events.stored(TENANT, EID)["doc"]) | {"tags": ["jazz"]}
    events.take_from_registry(TENANT, EID, meta, 2)
    learn(tc_run_id, result_id="res_2", at=LATER)
    sums = learnt()
    assert {key for key, of in sums.items() if of} == {"*", "category#concert", "tag#jazz"}
    assert sums["tag#indie"] == {}


def test_a_process_that_dies_at_any_call_and_is_repeated_counts_once(
    tc_run_id: str, learnt: Learnt, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given what one undisturbed launch teaches, and how many calls that takes
    calls = Calls(monkeypatch)
    calls.plan()
    learn(tc_run_id, launch_id="lau_quiet")
    one, number = learnt(), calls.count
    assert number >= 4
    # When it dies before or after each of its calls, and is repeated
    runs = 1
    for lands in (False, True):
        for deadly in range(number):
            calls.plan(deadly, lands=lands)
            surviving(learn)(tc_run_id, launch_id=f"lau_{lands}_{deadly}")
            runs += 1
    # Then each launch counts, and each once
    calls.plan()
    assert learnt() == {key: {tc: [n * runs for n in pair] for tc, pair in of.items()} for key, of in one.items()}


def test_of_two_launches_at_once_none_is_lost(tc_run_id: str, learnt: Learnt, monkeypatch: pytest.MonkeyPatch) -> None:
    real = repository.count
    others = ["lau_2", "lau_3"]

    def overtaken(*args: Any) -> bool:
        if others:
            learn(tc_run_id, launch_id=others.pop())
        return real(*args)

    monkeypatch.setattr(repository, "count", overtaken)
    learn(tc_run_id)
    monkeypatch.setattr(repository, "count", lambda *_: False)
    assert learnt()["*"]["a"][1] == 3 * 4_000_000
    with pytest.raises(Conflict):
        learn(tc_run_id, launch_id="lau_4")


def test_outcomes_of_clusters_that_the_run_did_not_have_teach_nothing(tc_run_id: str, learnt: Learnt) -> None:
    assert learn(tc_run_id, outcomes=[Outcome("stranger", "meta", 5_000, 5, 5)]) is True
    assert learnt() == {key: {} for key in ("*", "category#concert", "tag#club", "tag#indie")}
    with pytest.raises(NotFound):
        learn("tcr_never")
    with pytest.raises(NotFound):
        learn(tc_run_id, eid="evt_never")


def test_of_very_many_clusters_those_with_most_evidence_are_kept(
    tc_run_id: str, learnt: Learnt, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(learning_service, "MAX_LEARNT", 1)
    learn(tc_run_id)
    assert [*learnt()["*"]] == ["a"]
