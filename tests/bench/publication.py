"""What an organiser waits for: an event of the Hub published, unpublished, cancelled, and a large one duplicated.

Every execution's state transitions are counted: the states that its history enters, and for every item of a Map the
states that the definition leads it through, for the emulator's history leaves those out. They must be those that the
page's formulas make of the number of occurrences.
"""

import json
import statistics
import time
from collections import Counter
from dataclasses import dataclass
from typing import Any

from marquee.hub.publication.rules import BATCH
from tests.support import hub
from tests.support.client import ALL_SCOPES, HUB_SCOPES, Client
from tests.support.hub_stack import Organiser
from tests.support.running import running_stack

RUNS = {1: 3, 10: 3, 730: 1}
KINDS = ("publish", "unpublish", "publish again", "cancel")
COPIED, SESSIONS = 700, 200
SECONDS = 600
_POLLED = 0.05
_STATE_LIMIT = 256 * 1024
_STAYS = {"publish": "active", "unpublish": "archived", "cancel": "cancelled"}
_HEAD = f"""## Publishing an event of the Hub

On a local stack: from the request to the end of the execution that brings every occurrence to the Registry and Main;
the median of the runs. A stack on one machine, where each step is a process: seconds say more about it than about AWS.
"Same ids" says whether the event was published again under the ids that its occurrences had on Main before.
"Transitions" are counted in every execution. Of n occurrences, in b = n / {BATCH} batches (rounded up), and w batches
of what is withdrawn: publish 9 + 2 b + w, and 1 more for the series if n > 1; unpublish 9 + w, here w = b; cancel
6 + b. The largest state is what a state was given or gave, of at most 256 KB. The answer to a duplicate, of at most
6 MB, has the new event twice, as the contract's samples do.

| occurrences | runs | change | seconds | transitions | largest state | same ids |
|---|---|---|---|---|---|---|"""
_DUPLICATE = """
| duplicate of an event with | seconds | answer |
|---|---|---|"""


def section() -> str:
    """Measure, as a part of the benchmarks page."""
    lines = [_HEAD]
    with running_stack() as stack:
        for occurrences, runs in RUNS.items():
            lives = [_life(Organiser(stack), occurrences) for _ in range(runs)]
            for kind in KINDS:
                lines.append(_line(occurrences, kind, [life[kind] for life in lives]))
                print(lines[-1], flush=True)
        lines += [_DUPLICATE, _duplicate(Client(stack, scope=f"{ALL_SCOPES} {HUB_SCOPES}"))]
    return "\n".join(lines) + "\n"


@dataclass(frozen=True, slots=True)
class Change:
    """What one change of an event took."""

    seconds: float
    transitions: int
    largest: int
    ids: list[str]
    """The ids that the occurrences have on Main."""
    ids_before: list[str] | None = None


def _life(organiser: Organiser, occurrences: int) -> dict[str, Change]:
    """Create an event, publish it, unpublish it, publish it again and cancel it."""
    uuid = organiser.create(occurrence=hub.recurring("daily", after=occurrences))
    done: dict[str, Change] = {}
    for kind in KINDS:
        done[kind] = _change(organiser, uuid, kind.partition(" ")[0], occurrences, done.get("publish"))
    return done


def _change(organiser: Organiser, uuid: str, kind: str, occurrences: int, before: Change | None) -> Change:
    stack = organiser.client.stack
    states = stack.client("stepfunctions")
    machine = stack.resources()["EventCancellationStateMachine" if kind == "cancel" else "EventPublicationStateMachine"]
    began = time.time()
    reply = organiser.ask(kind, uuid)
    assert reply.status in {200, 201}, reply.raw
    name = reply.json["execution"].partition(".")[2]
    arn = f"{machine.replace(':stateMachine:', ':execution:')}:{name}"
    while (execution := states.describe_execution(executionArn=arn))["status"] == "RUNNING":
        assert time.time() < began + SECONDS, execution
        time.sleep(_POLLED)
    assert execution["status"] == "SUCCEEDED", execution
    history = states.get_execution_history(executionArn=arn, maxResults=1000)["events"]
    definition = json.loads(states.describe_state_machine(stateMachineArn=machine)["definition"])["States"]
    passed = _passed(definition, history)
    _check(kind, occurrences, passed)
    found = organiser.publication(uuid)
    assert found["counts"]["main"] == {_STAYS[kind]: occurrences}, found["counts"]
    return Change(
        seconds=execution["stopDate"].timestamp() - began,
        transitions=passed.total(),
        largest=max(map(_size, history)),
        ids=[one["main_event_id"] for one in found["occurrences"]],
        ids_before=before.ids if before else None,
    )


def _passed(definition: dict[str, Any], history: list[dict[str, Any]]) -> Counter[str]:
    """How often an execution entered each state."""
    entered = [one["stateEnteredEventDetails"]["name"] for one in history if one["type"].endswith("StateEntered")]
    left = (one["stateExitedEventDetails"] for one in history if one["type"].endswith("StateExited"))
    work = next(json.loads(one["output"]) for one in left if one["name"] == "Open")
    passed = Counter(name for name in entered if name in definition)
    for name in [one for one in entered if "ItemProcessor" in definition.get(one, {})]:
        inner = definition[name]["ItemProcessor"]
        items = len(work[definition[name]["Items"].strip("{% }").removeprefix("$work.")])
        state: str | None = inner["StartAt"]
        while state:
            passed[state] += items
            state = inner["States"][state].get("Next")
    return passed


def _size(event: dict[str, Any]) -> int:
    """The bytes of the largest text that an entry of a history has: the input or output of a state."""
    details = [value for name, value in event.items() if name.endswith("EventDetails")]
    texts = [value for one in details for value in one.values() if isinstance(value, str)]
    return max((len(one.encode()) for one in texts), default=0)


def _check(kind: str, occurrences: int, passed: Counter[str]) -> None:
    """The transitions are those of the page's formulas."""
    batches = -(-occurrences // BATCH)
    expected = {
        "publish": 9 + 2 * batches + (occurrences > 1) + passed["WithdrawBatch"],
        "unpublish": 9 + batches,
        "cancel": 6 + batches,
    }[kind]
    assert passed.total() == expected, (kind, occurrences, expected, passed)


def _line(occurrences: int, kind: str, runs: list[Change]) -> str:
    (transitions,) = {one.transitions for one in runs}
    largest = max(one.largest for one in runs)
    assert largest < _STATE_LIMIT
    same = ""
    if kind == "publish again":
        same = "yes" if all(one.ids == one.ids_before for one in runs) else "NO"
    seconds = statistics.median(one.seconds for one in runs)
    return (
        f"| {occurrences} | {len(runs)} | {kind} | {seconds:.1f} | {transitions} | {largest / 1024:.1f} KB | {same} |"
    )


# --- a duplicate ------------------------------------------------------------------------------------------------------


def _duplicate(client: Client) -> str:
    """Duplicate an event that takes place on many days, each with many sessions."""
    occurrence = hub.recurring("daily", "2035-01-24 09:00", "12", after=COPIED)
    created = client.post(f"/hub/orgs/{client.tenant}/events", hub.new_event(occurrence=occurrence))
    assert created.status == 201, created.raw
    uuid = created.json["result"]["event"]["uuid"]
    for number in range(SESSIONS):
        minutes = 3 * number
        asked = {
            "name": f"Session {number + 1}",
            "session_starts_on": f"2035-01-24 {9 + minutes // 60:02}:{minutes % 60:02}",
            "duration": 3,
        }
        made = client.post(f"/hub/events/{uuid}/sessions", {"sessions": asked})
        assert made.status == 201, made.raw
    seconds, sizes = [], set()
    for _ in range(3):
        began = time.perf_counter()
        reply = client.post(f"/hub/events/{uuid}/duplicate")
        seconds.append(time.perf_counter() - began)
        assert reply.status == 201, reply.raw
        copy = reply.json["result"]["event"]
        assert copy["uuid"] != uuid
        assert (len(copy["event_occurrence"]), len(copy["sessions"]["session_lists"])) == (COPIED, SESSIONS)
        sizes.add(len(reply.raw))
    return (
        f"| {COPIED} occurrences, {SESSIONS} sessions in each | {statistics.median(seconds):.2f} "
        f"| {max(sizes) / 1024:,.0f} KB |"
    )
