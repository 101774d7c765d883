"""`frontend_status` under faults, on the deployed stack: racing writers, one planned fault a run, and what they leave.

In each run two writers set an event's status while an editor changes its title, and a fault meets one step of the
machine of one of them: at its reading, or its writing, on Main or on the Registry, in the change itself or in its
compensation. A run's fault may come again, so that it outlasts the client's own repetitions, the step's, or the
compensation's.
"""

import json
import random
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Literal

from marquee import ddb
from tests.support.client import Client
from tests.support.events import registration
from tests.support.faults import FaultyWire, Kind
from tests.support.naive import NaiveClients

Family = Literal["crash", "error", "time-out", "throttling"]
Outcome = Literal["confirmed", "refused", "interrupted"]
Writer = Callable[[str, str], Outcome]

# What a fault of each family is before, during and after the store's work.
FAMILIES: dict[Family, tuple[Kind, Kind, Kind]] = {
    "crash": ("killed before", "killed during", "killed after"),
    "error": ("unavailable", "answer lost", "failed after"),
    "time-out": ("withheld", "late", "answer withheld"),
    "throttling": ("throttled", "throttled inside", "throttled after"),
}
STEPS = (
    "SetMain reads",
    "SetMain writes",
    "TellRegistry writes",
    "RestoreMain reads",
    "RestoreMain writes",
    "TellRegistryAgain writes",
)
STATUSES = ("DEFAULT", "FLAGGED", "HIDDEN")
# How often a fault comes again. A client asks three times; a crash or a time-out costs it the whole invocation sooner.
_TIMES: dict[Family, tuple[int, ...]] = {
    "crash": (1, 1, 2, 3),
    "error": (1, 3, 3, 9),
    "time-out": (1, 1, 1, 2, 2, 4),
    "throttling": (1, 3, 6, 9),
}
_EVENT = re.compile(rb"#E#(evt_[A-Za-z0-9_-]+)")
_ZOMBIE_SECONDS = 1.5  # a step may outlive its time-out in the machine by one second


@dataclass
class Script:
    """The fault of one run, as far as it has been played."""

    step: str
    kind: Kind
    left: int
    hit: threading.Event = field(default_factory=threading.Event)
    refused: bool = False
    compensating: bool = False

    def next(self, call: str) -> Kind | None:
        """What happens to the event's next request; `call` is ``Main reads``, ``Main writes`` or so."""
        step, _, what = self.step.partition(" ")
        if STEPS.index(self.step) >= STEPS.index("RestoreMain reads") and not self.compensating:
            # To reach the compensation, the Registry refuses until somebody turns to Main again.
            if call == "Registry writes":
                self.refused = True
                return "refused"
            if not self.refused:
                return None
            self.compensating = True
        if call != ("Main " if "Main" in step else "Registry ") + what or not self.left:
            return None
        self.left -= 1
        self.hit.set()
        return self.kind


@dataclass(frozen=True)
class Change:
    """One writer's change: what it asked for, when, and what it was told."""

    status: str
    began: float
    ended: float
    outcome: Outcome


@dataclass
class History:
    """Everything that was asked of one event."""

    initial: str
    changes: list[Change] = field(default_factory=list)
    titles: set[str] = field(default_factory=set)  # those that the event may have

    def explains(self, status: str) -> bool:
        """Whether the status is what some order of the changes ends with, each at a moment between its call and answer.

        A refused change took no effect. An interrupted one may have, even later.
        """
        confirmed = [one for one in self.changes if one.outcome == "confirmed"]
        if status == self.initial and not confirmed:
            return True
        return any(
            one.status == status
            and (one.outcome == "interrupted" or not any(later.began > one.ended for later in confirmed))
            for one in self.changes
            if one.outcome != "refused"
        )


@dataclass
class Report:
    """What the runs of a family came to."""

    family: Family
    outcomes: Counter[str] = field(default_factory=Counter)
    hits: Counter[str] = field(default_factory=Counter)
    disagree: list[str] = field(default_factory=list)
    disagree_after: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    miscounted: list[str] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)


class Chaos:
    """Runs of one family on the events of one tenant, over a wire that the steps reach AWS through."""

    def __init__(self, client: Client, wire: FaultyWire, family: Family, eids: Sequence[str]) -> None:
        self.client = client
        self.report = Report(family)
        self._stack, self._wire = client.stack, wire
        self._resources: Mapping[str, str] = client.stack.resources()
        self._store = client.stack.client("dynamodb")
        self._histories = {eid: History("DEFAULT") for eid in eids}
        self._scripts: dict[str, Script] = {}
        self._lock = threading.Lock()
        wire.plan(lambda _, body: self._fault(body))

    def _fault(self, body: bytes) -> Kind | None:
        found = _EVENT.search(body)
        script = self._scripts.get(found[1].decode()) if found else None
        if script is None:
            return None
        host = "Registry" if self._resources["RegistryTable"].encode() in body else "Main"
        kind = script.next(f"{host} {'writes' if b'TransactItems' in body else 'reads'}")
        if kind is not None and kind == script.kind:
            self.report.hits[f"{script.step}, {kind}"] += 1
        return kind

    def run(self, runs: int, at_once: int, writer: Writer | None = None, *, edits: bool = True) -> None:
        """So many runs, those of one event one after the other, on `at_once` events at a time."""
        steps = [(step, kind) for step in STEPS for kind in FAMILIES[self.report.family]]
        order = random.Random(f"{self.report.family} {runs}")
        # Seven has no factor of the eighteen combinations: few runs are spread over them, many take each as often.
        planned = [(number, *steps[7 * number % len(steps)]) for number in range(runs)]
        order.shuffle(planned)
        eids = list(self._histories)

        def play(index: int) -> None:
            for number, step, kind in planned[index :: len(eids)]:
                self._one(random.Random(f"{self.report.family} {number}"), eids[index], step, kind, writer, edits=edits)

        with ThreadPoolExecutor(at_once) as pool:
            list(pool.map(play, range(len(eids))))

    def _one(
        self, choose: random.Random, eid: str, step: str, kind: Kind, writer: Writer | None, *, edits: bool
    ) -> None:
        script = Script(step, kind, choose.choice(_TIMES[self.report.family]))
        self._scripts[eid] = script
        wanted = choose.sample(STATUSES, 2)
        # The second comes at any moment, or just when the fault has hit the first.
        delay, at_fault = choose.uniform(0, 0.6), choose.random() < 0.5

        def second() -> None:
            if at_fault:
                script.hit.wait(2)
            else:
                time.sleep(delay)
            self._write(eid, wanted[1], writer)

        writers = [lambda: self._write(eid, wanted[0], writer), second]
        if edits:
            titles = [f"Night {choose.randrange(10**6)}" for _ in range(choose.choice([1, 2]))]
            writers.append(lambda: self._edit(eid, titles))
        with ThreadPoolExecutor(len(writers)) as pool:
            for done in [pool.submit(one) for one in writers]:
                done.result()
        shown = self._items("EventsTable", "EVENT", [eid])[eid]["frontend_status"]
        if not self._histories[eid].explains(shown):
            self.report.lost.append(f"{eid}: {shown} after {self._histories[eid].changes[-4:]}")

    def _write(self, eid: str, status: str, writer: Writer | None) -> None:
        began = time.monotonic()
        outcome = (writer or self._put)(eid, status)
        with self._lock:
            self._histories[eid].changes.append(Change(status, began, time.monotonic(), outcome))
            self.report.outcomes[outcome] += 1

    def _put(self, eid: str, status: str) -> Outcome:
        answer = self.client.put(f"/main/events/{eid}/setup_frontend_status", {"frontend_status": status})
        if answer.status == 204:
            return "confirmed"
        code, detail = answer.json["error_code"], answer.json["detail"]
        refused = code == "frontend_status.refused"
        if answer.status < 500 or (refused and not re.match("(Main|Registry) refused", detail)):
            with self._lock:
                self.report.unexpected.append(f"{answer.status} {code}: {detail}")
        return "refused" if refused else "interrupted"

    def _edit(self, eid: str, titles: Sequence[str]) -> None:
        for title in titles:
            answer = self.client.put(f"/cr/events/{eid}", {"title": title})
            if answer.status == 200:
                self._histories[eid].titles = {title}
                continue
            self._histories[eid].titles.add(title)
            with self._lock:
                self.report.outcomes["edit interrupted"] += 1
                if answer.status < 500:
                    self.report.unexpected.append(f"edit: {answer.status} {answer.raw[:200]!r}")

    # --- afterwards ---------------------------------------------------------------------------------------------------

    def settle(self, seconds: float = 90) -> None:
        """Return when no machine runs any more, nothing is on its way, and Main has taken every edit."""
        self._scripts.clear()
        machines = self._stack.client("stepfunctions")
        give_up = time.monotonic() + seconds

        def running() -> bool:
            arns = (self._resources["FrontendStatusStateMachine"], self._resources["EventIntakeStateMachine"])
            found = [machines.list_executions(stateMachineArn=arn, statusFilter="RUNNING") for arn in arns]
            return any(one["executions"] for one in found) or self._wire.busy > 0

        def behind() -> bool:
            registry, main = self._items("RegistryTable", "META"), self._items("EventsTable", "EVENT")
            return any(registry[eid]["version"] != main[eid]["registry_version"] for eid in self._histories)

        while running() or behind():
            assert time.monotonic() < give_up, "the stack does not come to rest"
            time.sleep(0.2)

    def reconcile(self) -> None:
        """One run of the reconciler over the tenant."""
        machines = self._stack.client("stepfunctions")
        started = machines.start_execution(
            stateMachineArn=self._resources["ReconcileStateMachine"],
            input=f'{{"tenant": "{self.client.tenant}", "settle_seconds": 0}}',
        )
        while (ended := machines.describe_execution(executionArn=started["executionArn"]))["status"] == "RUNNING":
            time.sleep(0.2)
        assert ended["status"] == "SUCCEEDED", ended

    def disagreeing(self) -> list[str]:
        """The events on whose frontend status, or on its place in the order of changes, the hosts disagree."""
        main, registry = self._items("EventsTable", "EVENT"), self._items("RegistryTable", "FE")
        untold = {"frontend_status": "DEFAULT", "frontend_sequence": 0}
        shown = {eid: [(one.get(eid, untold)[name]) for one in (main, registry) for name in untold] for eid in main}
        return [f"{eid}: {both}" for eid, both in shown.items() if both[:2] != both[2:]]

    def check(self) -> None:
        """Note events that do not show the last change or edit, and lists that count other than what the events say."""
        main, registry = self._items("EventsTable", "EVENT"), self._items("RegistryTable", "META")
        for eid, history in self._histories.items():
            shown = main[eid]["frontend_status"]
            if not history.explains(shown):
                self.report.lost.append(f"{eid}: {shown} in the end, after {history.changes}")
            titles = {json.loads(one[eid]["doc"])["title"] for one in (main, registry)}
            if len(titles) > 1 or (history.titles and not titles <= history.titles):
                self.report.lost.append(f"{eid}: {titles} for {history.titles}")
        shown_by = Counter(item["frontend_status"] for item in main.values())
        totals = {
            "/main/events/": shown_by["DEFAULT"] + shown_by["FLAGGED"],
            "/main/events/?include_archived=true": len(main),
            "/main/events/flagged": shown_by["FLAGGED"],
            **{f"/main/events/?frontend_status={status}": shown_by[status] for status in STATUSES},
        }
        for path, expected in totals.items():
            total = self.client.get(path).json["total"]
            if total != expected:
                self.report.miscounted.append(f"{path}: {total}, not {expected}")

    def _items(self, table: str, kind: str, eids: Sequence[str] = ()) -> dict[str, dict[str, Any]]:
        """Stored items of the events by id, as they are now."""
        found = {}
        for eid in eids or self._histories:
            key = {"pk": {"S": f"T#{self.client.tenant}#E#{eid}"}, "sk": {"S": kind}}
            item = self._store.get_item(TableName=self._resources[table], Key=key, ConsistentRead=True).get("Item")
            if item:
                found[eid] = ddb.from_item(item)
        return found


def play(client: Client, wire: FaultyWire, family: Family, *, runs: int, events: int, at_once: int) -> Report:
    """The runs of a family, and then everything that has to be so afterwards."""
    chaos = Chaos(client, wire, family, new_events(client, events))
    chaos.run(runs, at_once)
    chaos.settle()
    time.sleep(_ZOMBIE_SECONDS)
    chaos.report.disagree = chaos.disagreeing()
    chaos.reconcile()
    chaos.settle()
    chaos.report.disagree_after = chaos.disagreeing()
    chaos.check()
    return chaos.report


def control(client: Client, wire: FaultyWire, family: Family, *, runs: int, events: int, at_once: int) -> Report:
    """The same runs with the plain two-call client, which has nothing that comes after."""
    chaos = Chaos(client, wire, family, new_events(client, events))
    with NaiveClients(client.tenant, wire.url, client.stack.resources()) as clients:

        def change(eid: str, status: str) -> Outcome:
            return "confirmed" if clients.change(eid, status) else "interrupted"

        chaos.run(runs, at_once, change, edits=False)
    chaos.settle()
    chaos.report.disagree = chaos.disagreeing()
    return chaos.report


def new_events(client: Client, number: int) -> list[str]:
    """So many fresh events on both hosts."""
    events = [registration(title=f"Night {index}") for index in range(number)]
    answer = client.post("/cr/events/bulk_upload?event_type=fdlive", {"events": events})
    assert answer.status == 201, answer.raw
    client.until("/main/events/?limit=1", lambda one: one.json["total"] == number, 120)
    return [one["id"] for one in answer.json["results"]]
