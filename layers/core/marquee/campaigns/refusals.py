"""Why a set-up cannot be changed now, for all who ask."""

from marquee.errors import Conflict, Unavailable


def already_set_up() -> Conflict:
    """The event has a set-up of other campaigns."""
    return Conflict("campaigns.already_set_up", "The event has campaigns already. Reset them before you set up others.")


def being_withdrawn() -> Unavailable:
    """What was created for the event is being removed."""
    return Unavailable(
        "campaigns.being_withdrawn", "Campaigns of the event are being withdrawn. Try again in a moment."
    )


def being_reset() -> Conflict:
    """The event's campaigns are being paused, to be put aside."""
    return Conflict("campaigns.being_reset", "The event's campaigns are being reset.")


def closed() -> Conflict:
    """The event is over, and its campaigns were closed with it."""
    return Conflict("event.closed", "The event's campaigns are closed: their results count, and they stay.")


def contended() -> Unavailable:
    """Others write the set-up, or the event, without an end: machines try such a step again."""
    return Unavailable("campaigns.contended", "The event's campaigns are being changed by others. Try again.")
