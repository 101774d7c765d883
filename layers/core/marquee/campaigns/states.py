"""Pure rules of set-ups: what a campaign is to be on its platform, what the event says, which phase follows which."""

from collections.abc import Mapping
from typing import Any, Literal

from marquee.campaigns.models import Campaign, Item, Phase, Setup
from marquee.errors import Conflict

Target = Literal["CREATED", "PAUSED", "RUNNING", "GONE"]
_LIVE = frozenset(("PREPARING", "ACTIVATING", "READY", "RESETTING", "WITHDRAWING"))
_ON = frozenset(("ACTIVATING", "READY"))
_AWAY = frozenset(("WITHDRAWING", "FAILED"))


def is_live(phase: Phase) -> bool:
    """Whether a set-up in this phase has, or may have, campaigns on a platform that somebody has to look after."""
    return phase in _LIVE


def is_over(phase: Phase) -> bool:
    """Whether a launch in this phase has come to nothing, or is about to."""
    return phase in _AWAY


def target(setup: Setup, campaign: Campaign) -> Target:
    """What this campaign of the set-up is to be on its platform now."""
    phase = setup["phase"]
    if phase in _AWAY:
        return "GONE"
    if phase == "PREPARING":
        return "CREATED"
    return "PAUSED" if phase not in _ON or setup["paused"] or campaign["off"] else "RUNNING"


def moved(setup: Setup, at: str, **changes: Any) -> Setup:
    """The set-up with these changes as its next version."""
    after: Any = {**setup, **changes, "version": setup["version"] + 1, "updated_at": at}
    return after  # type: ignore[no-any-return]


def event_fields(setup: Setup, event: Mapping[str, Any], at: str) -> Item:
    """What the event says of a set-up that is READY: its fields to write; none where it says so already."""
    paused = setup["paused"]
    wanted = {
        "client_campaign_status": "PAUSED" if paused else "RUNNING",
        "has_active_campaigns": not paused,
    }
    if event["campaign_status"] == "OPEN":
        wanted["campaign_status"] = "RUNNING"
    return _changed(event, wanted, at)


def paused_fields(event: Mapping[str, Any], at: str) -> Item:
    """The fields that say that an event has no campaign that runs; none where they do."""
    return _changed(event, {"client_campaign_status": "PAUSED", "has_active_campaigns": False}, at)


def reset_fields(event: Mapping[str, Any], at: str) -> Item:
    """The fields of an event whose campaigns were put away: another set-up may follow; none where they are so."""
    wanted = {"client_campaign_status": "PAUSED", "has_active_campaigns": False}
    if event["campaign_status"] == "RUNNING":
        wanted["campaign_status"] = "OPEN"
    return _changed(event, wanted, at)


def _changed(event: Mapping[str, Any], wanted: Mapping[str, Any], at: str) -> Item:
    fields = {name: value for name, value in wanted.items() if event.get(name, False) != value}
    return {**fields, "updated_at": at} if fields else {}


def may_run(event: Mapping[str, Any]) -> bool:
    """Whether campaigns of the event may run."""
    return event["status"] == "active" and event["campaign_status"] in {"OPEN", "RUNNING"}


def check_may_run(event: Mapping[str, Any]) -> None:
    """Raise Conflict where campaigns of the event may not run, and say why."""
    if event["status"] == "cancelled":
        raise Conflict("event.cancelled", "The event is cancelled: its campaigns do not run any more.")
    if event["campaign_status"] == "CLOSED":
        raise Conflict("event.closed", "The event's campaigns are closed: it is over.")
    if event["status"] != "active":
        raise Conflict("event.not_active", f"The event is {event['status']}: only those of active events run.")
    if event["campaign_status"] == "IGNORED":
        raise Conflict("event.ignored", "The event is left out of campaigns: its campaign status is IGNORED.")
