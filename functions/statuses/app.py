"""Main: an event's frontend status."""

from marquee.auth import Caller
from marquee.http import Api
from marquee.requests import Request
from marquee.statuses import service
from marquee.statuses.models import FrontendStatusChange

handler = Api("main")


@handler.put("/events/<eid>/setup_frontend_status", scope="main.write", status=204)
def set_frontend_status(caller: Caller, eid: str, body: FrontendStatusChange, request: Request) -> None:
    """Pin, hide or reset an event on both hosts; 204 means that both agree."""
    service.set_frontend_status(caller.tenant, eid, body.frontend_status.value, request.idempotency_key)
