"""The way back of `campaigns_init`: nothing is left of a launch, on its platforms or in the event."""

from marquee import clock
from marquee.campaigns import refusals, repository, states
from marquee.campaigns.models import CampaignPlace, Item, LaunchTask, Setup
from marquee.errors import Unavailable

_ATTEMPTS = 20


def withdraw(task: LaunchTask, reasons: list[str]) -> Item:
    """See that nothing of the launch goes on: from now on each of its campaigns is to be removed.

    Outcomes: WITHDRAWING with the campaigns, DONE where all of them run and the event says so, NOTHING where the launch
    was never written down, or is withdrawn. `cause` says to people why.
    """
    told = [one for one in reasons if one] or ["A step failed on our side; the operator can see why."]
    cause = _cause(told)
    for _ in range(_ATTEMPTS):
        setup = repository.setup(task["tenant"], task["eid"])
        if setup is None or setup["launch_id"] != task["launch_id"] or setup["phase"] == "FAILED":
            return {"outcome": "NOTHING", "places": [], "cause": cause}
        if setup["phase"] == "WITHDRAWING":
            return {"outcome": "WITHDRAWING", "places": _places(task), "cause": _cause(setup["reasons"])}
        if setup["phase"] in {"READY", "RESETTING"}:
            return {**done(setup), "places": [], "cause": cause}
        if setup["phase"] == "CLOSED" and setup["activated_at"] is not None:
            return {"outcome": "NOTHING", "places": [], "cause": cause}
        after = states.moved(setup, clock.timestamp(), phase="WITHDRAWING", reasons=told[:20])
        if repository.move(task["tenant"], setup, after):
            return {"outcome": "WITHDRAWING", "places": _places(task), "cause": cause}
    raise refusals.contended()


def conclude(task: LaunchTask) -> Item:
    """Note that nothing of a withdrawn launch is left. Raises Unavailable where a campaign still is."""
    for _ in range(_ATTEMPTS):
        setup = repository.setup(task["tenant"], task["eid"])
        if setup is None or setup["launch_id"] != task["launch_id"] or setup["phase"] != "WITHDRAWING":
            return {"outcome": "WITHDRAWN"}
        campaigns = repository.campaigns_of(task["tenant"], task["eid"], task["launch_id"])
        left = [one["label"] for one in campaigns if one["status"] != "REMOVED"]
        if left:
            raise Unavailable("campaigns.left", f"Not removed from their platforms yet: {', '.join(left)}.")
        if repository.move(task["tenant"], setup, states.moved(setup, clock.timestamp(), phase="FAILED")):
            return {"outcome": "WITHDRAWN"}
    raise refusals.contended()


def _cause(reasons: list[str]) -> str:
    return f"campaigns.not_set_up: Nothing was set up. {' '.join(reasons)}"


def _places(task: LaunchTask) -> list[CampaignPlace]:
    return repository.places(task["tenant"], task["eid"], task["launch_id"])


def done(setup: Setup) -> Item:
    """What a launch that is complete ends with."""
    return {
        "outcome": "DONE",
        "eid": setup["eid"],
        "launch_id": setup["launch_id"],
        "campaigns": setup["campaigns"],
        "client_campaign_status": setup["shown"],
    }
