"""Steps that bring a publication to the Registry and Main.

Each may be repeated, and may come late: it writes under the mark of its publication and sequence alone.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from marquee import clock, ddb
from marquee.errors import NotFound
from marquee.events import hub_service as main
from marquee.hub import heads, repository, rewriting
from marquee.hub.models import Item
from marquee.hub.publication import main_metadata, rules, standing, steps
from marquee.hub.publication.models import Failure, Order, Report, Step
from marquee.registry import hub_service as registry
from marquee.sales import presence_service as sales
from marquee.series import gathering_service as series

_NAMED_IN_REPORT = 50


def opened(order: Order, stopped: Failure | None = None) -> Step:
    """What there is to be done. A publication that has failed begins anew, where the event still allows it.

    `stopped` is why it is to be brought to an end instead. Raises Conflict or Unprocessable where the event does not
    allow it any more.
    """
    if stopped:
        return {"outcome": "STOPPED"}
    for _ in rewriting.attempts():
        head = steps.present(order)
        if head is None:
            return steps.SUPERSEDED
        phase = head["publication"]["phase"]
        if phase == "done":
            return {"outcome": "DONE", "report": head["publication"]["report"]["counts"]}
        if phase == "failed":
            try:
                head = repository.save(head, rules.begun_again(head, clock.now()))
            except repository.VersionMoved:
                continue
        elif "undoes" in head["publication"]:
            return {"outcome": "UNDO"}
        return {"outcome": "BEGUN", "sequence": head["publication"]["sequence"], **_work(head)}
    raise rewriting.contended()


def _work(head: Item) -> dict[str, list[int]]:
    """The batches of each step, by number."""
    number, withdrawn = len(heads.occurrences(head)), len(rules.withdrawn(head))
    public = head["state"] == "published"
    return {
        "register": rules.batches(number) if public else [],
        "take": rules.batches(number) if public else [],
        "gather": [0] if public and number > 1 else [],
        "withdraw": rules.batches(withdrawn) if head["state"] != "cancelled" else [],
        "cancel": rules.batches(withdrawn) if head["state"] == "cancelled" else [],
    }


def register(order: Order, sequence: int, number: int) -> Step:
    """Create or update the Registry's records of a batch of occurrences, all at once."""
    head = steps.running(order, sequence)
    if head is None:
        return steps.SUPERSEDED
    chosen = rules.batch(heads.occurrences(head), number)
    wanted = {steps.main_id(order, one): meta for one, meta in main_metadata.described(head, chosen)}
    try:
        written = registry.register(order["tenant"], wanted, sequence, [steps.check(order, sequence)])
    except ddb.CheckFailed:
        return steps.SUPERSEDED
    return {"outcome": "REGISTERED", "written": written}


def take(order: Order, sequence: int, number: int) -> Step:
    """Take what the Registry has of a batch of occurrences to Main, active."""
    head = steps.running(order, sequence)
    if head is None:
        return steps.SUPERSEDED
    eids = [steps.main_id(order, one) for one in rules.batch(heads.occurrences(head), number)]
    described = registry.described(order["tenant"], eids)
    lost = [eid for eid in eids if eid not in described]
    if lost:
        raise NotFound("event.not_registered", f"The Registry has no event '{lost[0]}'.")
    try:
        written = main.take(order["tenant"], described, sequence, [steps.check(order, sequence)])
    except ddb.CheckFailed:
        return steps.SUPERSEDED
    return {"outcome": "TAKEN", "written": written}


def gather(order: Order, sequence: int) -> Step:
    """See that one series of Main's holds the occurrences; those that organisers put elsewhere stay there."""
    head = steps.running(order, sequence)
    if head is None:
        return steps.SUPERSEDED
    eids = [steps.main_id(order, one) for one in heads.occurrences(head)]
    found = series.gather(order["tenant"], eids, order["event_uuid"])
    return {"outcome": "GATHERED", "series": found.series_id, "elsewhere": found.elsewhere[:_NAMED_IN_REPORT]}


def withdraw(order: Order, sequence: int, number: int) -> Step:
    """Archive on Main what is public no more; what has sales, or took place, stays as it is."""
    head = steps.running(order, sequence)
    if head is None:
        return steps.SUPERSEDED
    chosen = rules.batch(rules.withdrawn(head), number)
    over = rules.over(head, chosen)
    return archived(order, sequence, [steps.main_id(order, one) for one in chosen if one.key not in over])


def archived(order: Order, sequence: int, eids: Sequence[str]) -> Step:
    """Archive those of these events that Main has active, but for those with sales."""
    for _ in rewriting.attempts():
        active = [item for item in main.held(order["tenant"], eids).values() if item["status"] == "active"]
        unsold = sales.none_checks(order["tenant"], [item["eid"] for item in active])

        def checks(chosen: Iterable[str], unsold: Mapping[str, Any] = unsold) -> list[dict[str, Any]]:
            return [steps.check(order, sequence), *(unsold[eid] for eid in chosen)]

        free = [item for item in active if item["eid"] in unsold]
        try:
            main.change_status(order["tenant"], free, "archived", sequence, checks)
        except ddb.CheckFailed:
            # Either one was sold just now, or this publication is the present one no more.
            if steps.running(order, sequence) is None:
                return steps.SUPERSEDED
        else:
            return {"outcome": "WITHDRAWN", "written": len(free), "kept": len(active) - len(free)}
    raise rewriting.contended()


def finish(order: Order, sequence: int, gathered: Any) -> Step:
    """Note that the other hosts have it all, and what became of the occurrences."""
    for _ in rewriting.attempts():
        head = steps.running(order, sequence)
        if head is None:
            ended = steps.present(order)
            over = ended is not None and ended["publication"]["phase"] == "done"
            return {"outcome": "DONE"} if over else steps.SUPERSEDED
        found = standing.standings(head)
        first = next(iter(gathered if isinstance(gathered, list) else [gathered]), None) or {}
        kept = [one["main_event_id"] for one in found if one["main"] == "kept"]
        report: Report = {
            "counts": standing.counted(found),
            "kept": kept[:_NAMED_IN_REPORT],
            "series": first.get("series"),
            "elsewhere": first.get("elsewhere", []),
        }
        try:
            repository.save(head, rules.done(head, report, standing.still_there(head, found)))
        except repository.VersionMoved:
            continue
        return {"outcome": "DONE", "report": report}
    raise rewriting.contended()
