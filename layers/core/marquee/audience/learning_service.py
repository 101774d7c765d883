"""What closed campaigns teach about clusters."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import orjson

from marquee.audience import affinity, repository, service
from marquee.audience.affinity import NOTHING, Evidence
from marquee.audience.models import Item, Outcome
from marquee.errors import Conflict
from marquee.events import service as events

MAX_LEARNT = 2_000
"""Clusters whose evidence is kept for one trait: those with the most, where there were more in the course of time."""
_ATTEMPTS = 20


def learn(
    tenant: str, eid: str, launch_id: str, tc_run_id: str, result_id: str, at: str, outcomes: Sequence[Outcome]
) -> bool:
    """Count a launch's outcomes as evidence of how its clusters respond to events like this one.

    `tc_run_id` names the clusters as they were at the launch: what they were expected to do is measured against.
    A launch counts once: the same `result_id` again changes nothing, a later one (`at`, RFC 3339, when it was worked
    out) takes the place of the one before, and an earlier one is left out. In which order launches come makes no
    difference. False where nothing was changed. Raises NotFound for no such event or run, and Conflict where others
    never stop writing.
    """
    meta = orjson.loads(events.stored(tenant, eid)["doc"])
    traits = affinity.traits_of(meta["category"], meta.get("tags", []))
    evidence = _evidence(tenant, tc_run_id, outcomes)
    for _ in range(_ATTEMPTS):
        before = repository.counted(tenant, launch_id)
        if before and (before["result_id"] == result_id or before["at"] > at):
            return False
        doc = {"traits": traits.keys, "evidence": {tc: list(one) for tc, one in evidence.items()}}
        mark = {"result_id": result_id, "at": at, "doc": orjson.dumps(doc).decode()}
        changes = _changes(before, traits.keys, evidence)
        lessons = repository.lessons(tenant, list(changes))
        learnt = {
            key: (version, _added(known, changes[key]))
            for key in changes
            for version, known in [lessons.get(key, (0, {}))]
        }
        if repository.count(tenant, launch_id, before, mark, learnt):
            return True
    raise Conflict("audience.contended", "What is learnt of clusters is being changed by others. Try again.")


def _evidence(tenant: str, tc_run_id: str, outcomes: Sequence[Outcome]) -> dict[str, Evidence]:
    """What a launch teaches about each cluster; clusters that its run does not know are left out."""
    known = {one["tc"]: one for one in service.run(tenant, tc_run_id)["clusters"]}
    by_cluster: defaultdict[str, list[Outcome]] = defaultdict(list)
    for one in outcomes:
        by_cluster[one.tc].append(one)
    return {tc: affinity.evidence_of(known[tc], some) for tc, some in sorted(by_cluster.items()) if tc in known}


def _changes(
    before: Item | None, keys: Sequence[str], evidence: Mapping[str, Evidence]
) -> dict[str, dict[str, Evidence]]:
    """What is to be added by trait and cluster: this evidence, less what the launch was counted as before."""
    changes: dict[str, dict[str, Evidence]] = {key: dict(evidence) for key in keys}
    if before:
        counted = orjson.loads(before["doc"])
        for key in counted["traits"]:
            sums = changes.setdefault(key, {})
            for tc, (successes, trials) in counted["evidence"].items():
                now = sums.get(tc, NOTHING)
                sums[tc] = Evidence(now.successes - successes, now.trials - trials)
    return changes


def _added(known: Mapping[str, Evidence], more: Mapping[str, Evidence]) -> dict[str, Evidence]:
    sums = dict(known)
    for tc, one in more.items():
        now = sums.get(tc, NOTHING)
        sums[tc] = Evidence(now.successes + one.successes, now.trials + one.trials)
    # What was taken back whole, or was left out before, is nothing.
    sums = {tc: one for tc, one in sums.items() if one.trials > 0}
    if len(sums) <= MAX_LEARNT:
        return sums
    most = sorted(sums, key=lambda tc: (-sums[tc].trials, tc))[:MAX_LEARNT]
    return {tc: sums[tc] for tc in most}
