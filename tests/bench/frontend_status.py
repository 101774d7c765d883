"""Faults in every step of `frontend_status`, with racing writers: do both hosts agree, and is anything lost?

Runs on a stack of its own, on the real wire: see `tests/support/chaos.py`. The control under the same faults is a
client that changes Main, then the Registry, and compensates nothing.
"""

import os
from collections import Counter

from tests.support.chaos import FAMILIES, STEPS, Report, control, play
from tests.support.client import Client
from tests.support.faults import FaultyWire, behind
from tests.support.running import running_stack

RUNS = 200
EVENTS = 100
AT_ONCE = 6
_HEAD = """## frontend_status under faults

{runs} runs a family on {events} events, each run with two writers of the status and an editor of the title at once, and
a fault at one step: SetMain's read or write, TellRegistry's write, and those of the compensation (RestoreMain,
TellRegistryAgain); before, during or after the store's work; once, or as often as it takes to outlast the repetitions.
Confirmed, refused (503 that names the host) and interrupted (503, either way) are the answers to the status writers.
"Disagree" counts events on which the hosts differ in status or sequence, before and after one run of `reconcile`. Lost
are confirmed changes that no order of the writes explains away, refused ones that took effect, accepted titles that are
gone, and lists that count wrongly. The control is a client that makes the two calls itself, under the same faults.

| family | runs | confirmed | refused | interrupted | disagree before | after | goal | lost | goal | control disagrees |
|---|---|---|---|---|---|---|---|---|---|---|"""


def section(runs: int = RUNS, events: int = EVENTS, at_once: int = AT_ONCE) -> str:
    """Measure, as a part of the benchmarks page."""
    os.environ["MARQUEE_ENVIRONMENTS"] = str(4 * at_once)
    lines = [_HEAD.format(runs=runs, events=events)]
    hits: Counter[str] = Counter()
    with running_stack() as stack:
        wire = FaultyWire(stack.url)
        for family in FAMILIES:
            with behind(wire, stack.client("lambda"), stack.resources()["StatusesTasksFunction"]):
                ours = play(Client(stack), wire, family, runs=runs, events=events, at_once=at_once)
            peer = control(Client(stack), wire, family, runs=runs, events=events, at_once=at_once)
            print(_details(ours), flush=True)
            for what, times in ours.hits.items():
                hits[what.partition(",")[0]] += times
            lines.append(_line(ours, peer, runs))
        wire.close()
    met = ", ".join(f"{step} {hits[step]}" for step in STEPS)
    return "\n".join(lines) + f"\n\nRequests that met a fault, by step: {met}.\n"


def _line(ours: Report, peer: Report, runs: int) -> str:
    answers = " | ".join(str(ours.outcomes[one]) for one in ("confirmed", "refused", "interrupted"))
    lost = len(ours.lost) + len(ours.miscounted) + len(ours.unexpected)
    return (
        f"| {ours.family} | {runs} | {answers} | {len(ours.disagree)} | {len(ours.disagree_after)} | 0 "
        f"| {lost} | 0 | {len(peer.disagree)} |"
    )


def _details(report: Report) -> str:
    return "\n".join(
        [
            f"{report.family}: {dict(report.outcomes)}",
            *sorted(f"  {what}: {n}" for what, n in report.hits.items()),
            *(f"  {one}" for one in (*report.disagree_after, *report.lost, *report.miscounted, *report.unexpected)),
        ]
    )
