"""Steps that undo a publication which failed for good: the event, then what Main shows of it, are as they were."""

from marquee import clock, ddb
from marquee.events import hub_service as main
from marquee.hub import heads, repository, rewriting
from marquee.hub.models import Item, Occurrence
from marquee.hub.publication import publishing_service, rules, steps
from marquee.hub.publication.models import Failure, Order, Step


def begin(order: Order, failure: Failure | None) -> Step:
    """Give the event the state it had. From then on nothing that is late can write for the publication.

    Gives the batches to undo, and the failure to end with. A publication that is done, or was replaced, is left alone.
    """
    for _ in rewriting.attempts():
        head = steps.present(order)
        phase = head["publication"]["phase"] if head else None
        if head is None or phase == "done":
            return {"outcome": "SUPERSEDED" if head is None else "DONE", **_nothing(failure)}
        if phase == "failed":
            return {"outcome": "FAILED", **_nothing(failure or rules.as_failure(head["publication"].get("failure")))}
        if "undoes" not in head["publication"]:
            try:
                head = repository.save(head, rules.undone(head, failure, clock.now()))
            except repository.VersionMoved:
                continue
        publication = head["publication"]
        return {
            "outcome": "UNDOING",
            "sequence": publication["sequence"],
            "batches": rules.batches(len(_all(head))),
            "failure": failure or rules.as_failure(publication["failure"]),
        }
    raise rewriting.contended()


def _nothing(failure: Failure | None) -> Step:
    return {"sequence": 0, "batches": [], "failure": failure or rules.as_failure(None)}


def _all(head: Item) -> list[Occurrence]:
    return [*heads.occurrences(head), *rules.dropped(head)]


def undo(order: Order, sequence: int, number: int) -> Step:
    """Turn back what the publication changed on Main in a batch of occurrences; what has sales by now stays active."""
    head = steps.running(order, sequence)
    if head is None:
        return steps.SUPERSEDED
    undoes = head["publication"]["undoes"]
    eids = [steps.main_id(order, one) for one in rules.batch(_all(head), number)]
    held = main.held(order["tenant"], eids)
    changed = [item for item in held.values() if item.get("hub_changed") == undoes]
    gone = [item for item in changed if item["status"] == "archived"]
    try:
        main.change_status(order["tenant"], gone, "active", sequence, lambda _: [steps.check(order, sequence)])
    except ddb.CheckFailed:
        return steps.SUPERSEDED
    made = [str(item["eid"]) for item in changed if item["status"] == "active"]
    return publishing_service.archived(order, sequence, made)


def close(order: Order, sequence: int) -> Step:
    """Note that it is undone."""
    for _ in rewriting.attempts():
        head = steps.running(order, sequence)
        if head is None:
            return steps.SUPERSEDED
        try:
            repository.save(head, rules.failed(head, None))
        except repository.VersionMoved:
            continue
        return {"outcome": "UNDONE"}
    raise rewriting.contended()
