"""The steps of `campaign_toggle`: campaigns run or are paused as the client likes, and the event says what is so.

Each toggle has its place in the event's order of toggles, given when it was asked for. One that finds a later one
declared does nothing, however often and late it is tried again.
"""

from marquee import clock, ddb
from marquee.campaigns import refusals, repository, states
from marquee.campaigns.models import Item, Setup, ToggleTask
from marquee.errors import Conflict
from marquee.events import service as events

_ATTEMPTS = 20
_SWITCHED = frozenset(("PREPARING", "ACTIVATING", "READY"))
_OVERTAKEN: Item = {"outcome": "OVERTAKEN", "places": []}


def declare(task: ToggleTask) -> Item:
    """Write down what the client wants; repeated, it is written once.

    Outcomes: DECLARED with the campaigns, DONE where there is none to switch, OVERTAKEN by a later toggle. Raises
    NotFound, and Conflict where campaigns are to run that must not, or that there are not.
    """
    tenant, eid, status = task["tenant"], task["eid"], task["status"]
    for _ in range(_ATTEMPTS):
        setup = repository.setup(tenant, eid)
        if status == "RUNNING":
            check_runnable(events.stored(tenant, eid), setup)
        if setup is None or setup["phase"] == "FAILED":
            if not status or _said_without_campaigns(task, setup):
                return _nothing_to_switch(task)
            continue
        if not status or setup["phase"] not in _SWITCHED:
            return _declared(task, setup)
        if setup["sequence"] > task["sequence"]:
            return _OVERTAKEN
        wanted = {"paused": status == "PAUSED", "sequence": task["sequence"]}
        if all(setup[name] == value for name, value in wanted.items()):  # type: ignore[literal-required]
            return _declared(task, setup)
        reasons = [task["reason"]] if task["reason"] else []
        if repository.move(tenant, setup, states.moved(setup, clock.timestamp(), **wanted, reasons=reasons)):
            return _declared(task, setup)
    raise refusals.contended()


def check_runnable(event: Item, setup: Setup | None) -> None:
    """Raise Conflict where the event's campaigns cannot be switched on."""
    states.check_may_run(event)
    if setup is None or states.is_over(setup["phase"]):
        raise Conflict("campaigns.not_set_up", "The event has no campaigns that could run. Set them up first.")
    if setup["phase"] == "RESETTING":
        raise refusals.being_reset()
    if setup["phase"] == "CLOSED":
        raise Conflict("event.closed", "The event's campaigns are closed: it is over.")


def _declared(task: ToggleTask, setup: Setup) -> Item:
    """The campaigns to switch; those that were off by themselves run again where the client wants campaigns to run."""
    places = repository.places(task["tenant"], task["eid"], setup["launch_id"])
    if task["status"] == "RUNNING":
        found = repository.campaigns_of(task["tenant"], task["eid"], setup["launch_id"])
        for place, campaign in zip(places, found, strict=True):
            if campaign["off"]:
                repository.switch_on(place)
    return {"outcome": "DECLARED", "places": places}


def _nothing_to_switch(task: ToggleTask) -> Item:
    done: Item = {"outcome": "DONE", "places": [], "eid": task["eid"]}
    return done | {"client_campaign_status": "PAUSED", "campaigns": 0} if task["status"] else done


def _said_without_campaigns(task: ToggleTask, setup: Setup | None) -> bool:
    """Let the event say that none of its campaigns runs; False where some have been set up since it was read."""
    tenant, eid = task["tenant"], task["eid"]
    try:
        events.rewritten(
            tenant,
            eid,
            lambda event: states.paused_fields(event, clock.timestamp()) or None,
            [repository.unchanged(tenant, eid, setup)],
        )
    except ddb.CheckFailed:
        return False
    return True


def finish(task: ToggleTask) -> Item:
    """Let the event say what its campaigns do, in one transaction with the set-up.

    Outcomes: DONE, OVERTAKEN. Raises Conflict where campaigns are to run that must not (any more).
    """
    tenant, eid = task["tenant"], task["eid"]
    for _ in range(_ATTEMPTS):
        setup = repository.setup(tenant, eid)
        if setup is None or (task["status"] and setup["sequence"] > task["sequence"]):
            return _OVERTAKEN
        runs = setup["phase"] in _SWITCHED and not setup["paused"]
        done: Item = {
            "outcome": "DONE",
            "eid": eid,
            "campaigns": setup["campaigns"],
            "client_campaign_status": "RUNNING" if runs else "PAUSED",
        }
        if setup["phase"] != "READY":
            # Its launch, its reset or its closing will say what the event is then, in one transaction with its own end.
            return done
        if _said(tenant, setup):
            return done
    raise refusals.contended()


def _said(tenant: str, setup: Setup) -> bool:
    at = clock.timestamp()
    after = states.moved(setup, at, shown="PAUSED" if setup["paused"] else "RUNNING")

    def change(event: Item) -> Item | None:
        if not setup["paused"]:
            states.check_may_run(event)
        fields = states.event_fields(after, event, at)
        return fields or (None if setup["shown"] == after["shown"] else {"updated_at": at})

    try:
        events.rewritten(tenant, setup["eid"], change, [repository.setup_put(tenant, setup, after)])
    except ddb.CheckFailed:
        return False
    return True


def give_up(task: ToggleTask, failures: list[str]) -> Item:
    """What becomes of a toggle that failed for some campaigns; `cause` names them with their platforms' words.

    Those that were to run are paused again where the event still says so: outcome REVERTED. Those that were to be
    paused stay so, whatever became of the others: outcome LEFT.
    """
    wished = "switched on" if task["status"] == "RUNNING" else "paused"
    told = " ".join(failures) or "A step failed on our side; the operator can see why."
    cause = f"campaigns.not_{wished.replace(' ', '_')}: Not all campaigns were {wished}. {told}"
    for _ in range(_ATTEMPTS):
        setup = repository.setup(task["tenant"], task["eid"])
        mine = setup is not None and setup["sequence"] == task["sequence"] and setup["phase"] in _SWITCHED
        if setup is None or task["status"] != "RUNNING" or not mine:
            return {"outcome": "LEFT", "places": [], "cause": cause}
        places = repository.places(task["tenant"], task["eid"], setup["launch_id"])
        if setup["paused"] or setup["shown"] == "RUNNING":
            return {"outcome": "REVERTED", "places": places if setup["paused"] else [], "cause": cause}
        if repository.move(task["tenant"], setup, states.moved(setup, clock.timestamp(), paused=True)):
            return {"outcome": "REVERTED", "places": places, "cause": cause}
    raise refusals.contended()


def revert(tenant: str, eid: str, sequence: int) -> bool:
    """Take a toggle back whose execution was stopped: what the event says counts again. False where it is over.

    The platforms have to be brought in line afterwards.
    """
    for _ in range(_ATTEMPTS):
        setup = repository.setup(tenant, eid)
        if setup is None or setup["phase"] not in _SWITCHED or setup["sequence"] != sequence:
            return False
        paused = setup["shown"] == "PAUSED" and setup["phase"] == "READY"
        if setup["paused"] == paused or repository.move(
            tenant, setup, states.moved(setup, clock.timestamp(), paused=paused)
        ):
            return True
    raise refusals.contended()
