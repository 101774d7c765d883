"""An event's statuses: what is asked for, what is stored of a change, and what the Registry is told."""

from typing import Literal

from pydantic import Field
from typing_extensions import TypedDict

from marquee.events.models import FrontendStatus
from marquee.plans import DryRun
from marquee.schemas import Received


class FrontendStatusChange(Received):
    """Body of `PUT /events/{eid}/setup_frontend_status`."""

    frontend_status: FrontendStatus


class OptimisationChange(DryRun):
    """Query of `PUT /events/{eid}/campaign_optimisation_status`."""

    status: Literal["ON", "OFF"]
    level: Literal["event", "ad"] = Field(default="event", description="The event's own, or its ads' optimisation")


class FrontendState(TypedDict):
    """Main's frontend status and its place in the order of changes; what the Registry is told."""

    frontend_status: str
    sequence: int


class RecentChange(TypedDict):
    """A change of the frontend status that may still be undone, or one that was and must not be made any more.

    `id` is the run's that makes it, `request` the client's, which may be run again. `previous` is the status that
    undoing it brings back; None where it is undone.
    """

    id: str
    request: str
    previous: str | None
    at: str
