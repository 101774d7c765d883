"""The steps of the `campaigns_init` machine: all campaigns of a set-up are there and run, or nothing is left of them.

A launch is known by the id in its input, which a redriven execution has as well. Each step finds its own work.
"""

from marquee import clock, ddb
from marquee.audience import service as audience
from marquee.campaigns import planning, refusals, repository, states, withdrawing
from marquee.campaigns.models import Item, LaunchTask, Setup
from marquee.demand import service as demand
from marquee.errors import Conflict
from marquee.events import service as events

_ATTEMPTS = 20


def prepare(task: LaunchTask) -> Item:
    """Plan the launch and write it down, in one transaction; repeated, it is the plan that was written.

    Outcome PREPARED with the campaigns to create, or DONE where all is set up already. Raises what the plan raises,
    Conflict where another set-up is there, Unavailable while the launch is being withdrawn.
    """
    tenant, eid = task["tenant"], task["eid"]
    for _ in range(_ATTEMPTS):
        setup = repository.setup(tenant, eid)
        if setup is not None and setup["launch_id"] == task["launch_id"]:
            if _resumed(task, setup):
                return _prepared(task)
        elif setup is not None and not states.is_over(setup["phase"]):
            raise refusals.already_set_up()
        elif setup is not None and setup["phase"] == "WITHDRAWING":
            raise refusals.being_withdrawn()
        else:
            plan = planning.planned(tenant, eid, planning.parse(task["parameters"]))
            new, campaigns = planning.stored(task, plan, demand.pinned(tenant), clock.timestamp(), setup)
            if repository.plan(tenant, setup, new, campaigns, audience.keeping(tenant, plan.tc_run_id)):
                return _prepared(task)
            _check_next(task)
    raise refusals.contended()


def _check_next(task: LaunchTask) -> None:
    """Raise Conflict where the event has had another launch since, of which nothing is left."""
    if repository.launches(task["tenant"], task["eid"]) == task["number"]:
        return
    setup = repository.setup(task["tenant"], task["eid"])
    if setup is None or (setup["launch_id"] != task["launch_id"] and setup["phase"] == "FAILED"):
        told = "Others were set up for the event since, and are not there any more. Set up new ones."
        raise Conflict("campaigns.launch_over", told)


def _resumed(task: LaunchTask, setup: Setup) -> bool:
    """Whether the launch that is there goes on; one that was withdrawn begins again with the plan that it had."""
    if setup["phase"] == "WITHDRAWING":
        raise refusals.being_withdrawn()
    if setup["phase"] != "FAILED":
        return True
    states.check_may_run(events.stored(task["tenant"], task["eid"]))
    planning.check_time(setup["stop"], clock.now())
    after = states.moved(setup, clock.timestamp(), phase="PREPARING", reasons=[], activated_at=None)
    return repository.move(task["tenant"], setup, after)


def _prepared(task: LaunchTask) -> Item:
    return {"outcome": "PREPARED", "places": repository.places(task["tenant"], task["eid"], task["launch_id"])}


def activate(task: LaunchTask) -> Item:
    """Let the campaigns run from now on, where that was not decided already. Raises Conflict where they must not."""
    for _ in range(_ATTEMPTS):
        setup = _own(task)
        if setup["phase"] != "PREPARING":
            return {"outcome": "ACTIVATING"}
        states.check_may_run(events.stored(task["tenant"], task["eid"]))
        at = clock.timestamp()
        if repository.move(task["tenant"], setup, states.moved(setup, at, phase="ACTIVATING", activated_at=at)):
            return {"outcome": "ACTIVATING"}
    raise refusals.contended()


def finish(task: LaunchTask) -> Item:
    """Let the event say that its campaigns run, in one transaction with the set-up.

    Campaigns that the client has paused meanwhile stay paused, and the event says so. Raises Conflict where none may
    run.
    """
    for _ in range(_ATTEMPTS):
        setup = _own(task)
        if setup["phase"] == "READY":
            return withdrawing.done(setup)
        if setup["phase"] != "ACTIVATING":
            raise Conflict("campaigns.not_active", "The campaigns are not being activated any more.")
        at = clock.timestamp()
        shown = "PAUSED" if setup["paused"] else "RUNNING"
        after = states.moved(setup, at, phase="READY", shown=shown)

        def change(event: Item, after: Setup = after, at: str = at) -> Item:
            states.check_may_run(event)
            return {**states.event_fields(after, event, at), "updated_at": at}

        try:
            events.rewritten(task["tenant"], task["eid"], change, [repository.setup_put(task["tenant"], setup, after)])
        except ddb.CheckFailed:
            continue
        return withdrawing.done(after)
    raise refusals.contended()


def _own(task: LaunchTask) -> Setup:
    setup = repository.setup(task["tenant"], task["eid"])
    if setup is None or setup["launch_id"] != task["launch_id"]:
        raise Conflict("campaigns.launch_over", "These campaigns are not the event's any more.")
    if states.is_over(setup["phase"]):
        raise Conflict("campaigns.withdrawn", "The set-up of these campaigns was withdrawn.")
    return setup
