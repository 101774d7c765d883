"""The executions of publications: their names, and starting them."""

from collections.abc import Mapping
from typing import Any

from marquee.executions import service as executions
from marquee.hub.publication.models import MACHINES, Kind, Order


def begin(head: Mapping[str, Any]) -> str:
    """Start the execution of the event's publication, or find it; gives its id."""
    publication = head["publication"]
    order: Order = {
        "tenant": head["tenant"],
        "event_uuid": head["uuid"],
        "publication_id": publication["id"],
    }
    return executions.begin(MACHINES[publication["kind"]], name(order), {**order})


def name(order: Order) -> str:
    """The name of the execution that brings this publication to the other hosts."""
    return executions.name_of(order["tenant"], order["event_uuid"], order["publication_id"])


def public_id(kind: Kind, order: Order) -> str:
    """The id of that execution."""
    return executions.public_id(MACHINES[kind], name(order))
