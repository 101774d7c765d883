"""An event's statuses: what is asked for, and what the Registry is told."""

from typing_extensions import TypedDict

from marquee.events.models import FrontendStatus
from marquee.schemas import Received


class FrontendStatusChange(Received):
    """Body of `PUT /events/{eid}/setup_frontend_status`."""

    frontend_status: FrontendStatus


class FrontendState(TypedDict):
    """Main's frontend status and its place in the order of changes; what the Registry is told."""

    frontend_status: str
    sequence: int
