"""The steps of `campaigns_reset` and of its undo, `campaigns_restore`.

A reset pauses an event's campaigns and puts their set-up aside, so that another can follow. For 30 days it can be
brought back as it was: its campaigns stay on their platforms, paused, until `purging` removes them.
"""

from datetime import datetime, timedelta
from typing import Any

from marquee import clock, ddb
from marquee.campaigns import refusals, repository, states, toggling
from marquee.campaigns.models import Item, ResetTask, Setup, ToggleTask
from marquee.errors import Conflict
from marquee.events import closing_service
from marquee.events import service as events

UNDO_DAYS, PURGE_DAYS = 30, 31
"""How long a reset can be undone, and after how long nothing of it is left on the platforms."""
_ATTEMPTS = 20


def declare(task: ResetTask) -> Item:
    """Let no campaign of the set-up run any more. Outcomes: RESETTING with the campaigns, DONE where it is put aside.

    Raises Conflict where there is none that could be reset.
    """
    for _ in range(_ATTEMPTS):
        setup = _present(task)
        if setup is None:
            return _done(task)
        if setup["phase"] == "RESETTING":
            return _resetting(task)
        check_resettable(setup)
        after = states.moved(setup, clock.timestamp(), phase="RESETTING", reset_id=task["reset_id"])
        if repository.move(task["tenant"], setup, after):
            return _resetting(task)
    raise refusals.contended()


def check_resettable(setup: Setup | None) -> Setup:
    """The set-up, where it can be reset. Raises Conflict where it cannot (now)."""
    if setup is None or states.is_over(setup["phase"]):
        raise Conflict("campaigns.not_set_up", "The event has no campaigns that could be reset.")
    if setup["phase"] == "CLOSED":
        raise refusals.closed()
    if setup["phase"] in {"PREPARING", "ACTIVATING"}:
        told = "The event's campaigns are being set up. Wait for that, or cancel it."
        raise Conflict("campaigns.being_set_up", told)
    return setup


def _resetting(task: ResetTask) -> Item:
    return {"outcome": "RESETTING", "places": repository.places(task["tenant"], task["eid"], task["launch_id"])}


def finish(task: ResetTask) -> Item:
    """Put the set-up aside and open the event for another, in one transaction. Outcome DONE.

    Where the event was closed meanwhile, the set-up is closed in the place of that, and stays among the live ones: the
    closing that waited for the reset is begun again, and finds it. Raises Conflict then, and where it was taken back.
    """
    for _ in range(_ATTEMPTS):
        setup = _present(task)
        if setup is None:
            return _done(task)
        if setup["phase"] == "CLOSED":
            raise refusals.closed()
        if setup["phase"] != "RESETTING":
            raise Conflict("campaigns.not_reset", "The reset of these campaigns was taken back.")
        at = clock.timestamp()
        if _is_closed(events.stored(task["tenant"], task["eid"]), at):
            repository.move(task["tenant"], setup, states.moved(setup, at, phase="CLOSED", closed_at=at))
            continue
        aside = states.moved(setup, at, reset_at=at, reset_id=task["reset_id"])
        purge_at = clock.rfc3339(datetime.fromisoformat(at) + timedelta(days=PURGE_DAYS))

        def change(event: Item, at: str = at) -> Item:
            if _is_closed(event, at):
                raise ddb.CheckFailed
            return states.reset_fields(event, at) or {"updated_at": at}

        try:
            events.rewritten(task["tenant"], task["eid"], change, repository.putting_aside(setup, aside, purge_at))
        except ddb.CheckFailed:
            continue
        return _done(task)
    raise refusals.contended()


def _is_closed(event: Item, at: str) -> bool:
    """Whether no sweep finds the event any more: only its live set-up has its closing begun again.

    One that is over, but not closed yet, is swept, and closed with the set-ups that were reset.
    """
    if event["campaign_status"] == "IGNORED":
        return closing_service.is_over(event, at)
    return bool(event["campaign_status"] == "CLOSED")


def tell(failures: list[str]) -> Item:
    """What is told of a reset that could not pause all campaigns: those that are paused stay so. Outcome LEFT."""
    told = " ".join(failures) or "A step failed on our side; the operator can see why."
    return {"outcome": "LEFT", "cause": f"campaigns.not_reset: Not all campaigns were paused. {told}"}


def _present(task: ResetTask) -> Setup | None:
    """The set-up to reset; None where it is put aside. Raises Conflict where it is another's."""
    setup = repository.setup(task["tenant"], task["eid"])
    if setup is not None and setup["launch_id"] == task["launch_id"]:
        if setup["phase"] == "RESETTING" and setup.get("reset_id") != task["reset_id"]:
            raise refusals.being_reset()
        return setup
    if repository.reset_setup(task["tenant"], task["eid"], task["launch_id"]) is None:
        raise Conflict("campaigns.launch_over", "These campaigns are not the event's any more.")
    return None


def _done(task: ResetTask) -> Item:
    aside = repository.reset_setup(task["tenant"], task["eid"], task["launch_id"])
    if aside is None or aside.get("reset_id") != task["reset_id"]:
        return {"outcome": "DONE", "eid": task["eid"], "launch_id": task["launch_id"]}
    return {
        "outcome": "DONE",
        "eid": task["eid"],
        "launch_id": task["launch_id"],
        "campaigns": aside["campaigns"],
        "reset_at": aside["reset_at"],
        "undoable_until": clock.rfc3339(undoable_until(aside)),
    }


def give_back(tenant: str, eid: str, reset_id: str) -> bool:
    """Take a reset back whose execution was stopped before the set-up was put aside. False where there is nothing to.

    The platforms have to be brought in line afterwards.
    """
    for _ in range(_ATTEMPTS):
        setup = repository.setup(tenant, eid)
        if setup is None or setup["phase"] not in {"RESETTING", "READY"} or setup.get("reset_id") != reset_id:
            return False
        if setup["phase"] == "READY" or repository.move(
            tenant, setup, states.moved(setup, clock.timestamp(), phase="READY")
        ):
            return True
    raise refusals.contended()


# --- bringing it back -------------------------------------------------------------------------------------------------


def undoable_until(aside: Setup) -> datetime:
    """The moment after which a reset is not undone any more."""
    return datetime.fromisoformat(aside["reset_at"]) + timedelta(days=UNDO_DAYS)


def bring_back(task: ResetTask) -> Item:
    """Make the set-up the event's one again: campaigns that ran are to run, where the event still allows it.

    Outcome RESTORED with the campaigns. Raises Conflict where the event has another set-up, or it is too late.
    """
    tenant, eid = task["tenant"], task["eid"]
    for _ in range(_ATTEMPTS):
        present = repository.setup(tenant, eid)
        if present is not None and present["launch_id"] == task["launch_id"]:
            return _restored(task, present)
        aside = check_restorable(present, repository.reset_setup(tenant, eid, task["launch_id"]), task["reset_id"])
        allowed = states.may_run(events.stored(tenant, eid)) and aside["stop"] > clock.timestamp()
        reasons = [] if allowed else ["Paused when they were brought back: the event's campaigns do not run any more."]
        kept: Any = {name: value for name, value in aside.items() if name not in {"reset_at", "reset_id"}}
        version = max(aside["version"], present["version"] if present else 0)
        kept |= {"sk": repository.SETUP, "version": version}
        after = states.moved(
            kept,
            clock.timestamp(),
            phase="READY",
            # A pause that was asked for counts, also where the event did not say it yet.
            paused=aside["paused"] or aside["shown"] == "PAUSED" or not allowed,
            shown="PAUSED",
            restored=aside["restored"] + 1,
            reasons=reasons,
        )
        if repository.bring_back(tenant, aside, present, after):
            return _restored(task, after)
    raise refusals.contended()


def check_restorable(present: Setup | None, aside: Setup | None, reset_id: str) -> Setup:
    """The set-up to bring back. Raises Conflict where another is in its place, or where it is too late."""
    if present is not None and not states.is_over(present["phase"]):
        raise refusals.already_set_up()
    if present is not None and present["phase"] == "WITHDRAWING":
        raise refusals.being_withdrawn()
    if aside is None or aside.get("reset_id") != reset_id:
        raise Conflict("execution.not_undoable", "What this reset put aside is not there any more.")
    if clock.now() > undoable_until(aside):
        told = (
            f"A reset can be undone for {UNDO_DAYS} days; this one could until {clock.rfc3339(undoable_until(aside))}."
        )
        raise Conflict("execution.undo_expired", told)
    return aside


def _restored(task: ResetTask, setup: Setup) -> Item:
    places = repository.places(task["tenant"], task["eid"], task["launch_id"])
    return {"outcome": "RESTORED", "places": places, "sequence": setup["sequence"]}


def pause_restored(task: ResetTask, failures: list[str]) -> Item:
    """Let what was brought back and cannot all run be paused, all of it, and say why.

    Outcome PAUSED with the campaigns.
    """
    told = failures or ["A step failed on our side; the operator can see why."]
    for _ in range(_ATTEMPTS):
        setup = repository.setup(task["tenant"], task["eid"])
        places = repository.places(task["tenant"], task["eid"], task["launch_id"])
        if setup is None or setup["launch_id"] != task["launch_id"] or setup["phase"] != "READY" or setup["paused"]:
            return {"outcome": "PAUSED", "places": places}
        after = states.moved(setup, clock.timestamp(), paused=True, reasons=told[:20])
        if repository.move(task["tenant"], setup, after):
            return {"outcome": "PAUSED", "places": places}
    raise refusals.contended()


def finish_restore(task: ResetTask) -> Item:
    """Let the event say what the campaigns that were brought back do; outcomes as those of a toggle, with reasons."""
    whole: ToggleTask = {"tenant": task["tenant"], "eid": task["eid"], "status": "", "sequence": 0, "reason": ""}
    done = toggling.finish(whole)
    setup = repository.setup(task["tenant"], task["eid"])
    return {**done, "launch_id": task["launch_id"], "reasons": setup["reasons"] if setup else []}
