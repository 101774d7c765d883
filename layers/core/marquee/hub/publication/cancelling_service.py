"""Steps that bring an event's cancellation to Main and the Registry. What is done stays; a redrive goes on."""

from marquee import ddb
from marquee.campaigns import toggle_service as campaigns
from marquee.events import hub_service as main
from marquee.hub import repository, rewriting
from marquee.hub.publication import rules, steps
from marquee.hub.publication.models import Failure, Order, Step
from marquee.registry import hub_service as registry


def cancel(order: Order, sequence: int, number: int) -> Step:
    """Cancel a batch of occurrences: campaigns paused, Main cancelled, the Registry told. What took place stays."""
    head = steps.running(order, sequence)
    if head is None:
        return steps.SUPERSEDED
    chosen = rules.batch(rules.withdrawn(head), number)
    over = rules.over(head, chosen)
    eids = [steps.main_id(order, one) for one in chosen if one.key not in over]
    told = registry.frontend_statuses(order["tenant"], eids)
    held = main.held(order["tenant"], eids)
    try:
        written = main.cancel(order["tenant"], held.values(), sequence, [steps.check(order, sequence)])
    except ddb.CheckFailed:
        return steps.SUPERSEDED
    for eid in (eid for eid, item in held.items() if item.get("has_active_campaigns")):
        # The event says so by now; on the platforms it takes longer, and whoever closes the event sees to it too.
        campaigns.pause(order["tenant"], eid, "The event is cancelled.", "cancelled", str(sequence))
    registry.report_cancelled(order["tenant"], [eid for eid in eids if told.get(eid, "CANCELLED") != "CANCELLED"])
    return {"outcome": "CANCELLED", "written": written}


def fail(order: Order, failure: Failure) -> Step:
    """Note why the cancellation was not brought everywhere; the event stays cancelled."""
    for _ in rewriting.attempts():
        head = steps.present(order)
        if head is None or head["publication"]["phase"] != "running":
            return steps.SUPERSEDED
        try:
            repository.save(head, rules.failed(head, failure))
        except repository.VersionMoved:
            continue
        return {"outcome": "FAILED"}
    raise rewriting.contended()
