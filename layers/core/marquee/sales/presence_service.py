"""Whether events have sales, for who is about to take them away."""

from collections.abc import Iterable
from typing import Any

from marquee.sales import repository


def with_sales(tenant: str, eids: Iterable[str]) -> set[str]:
    """Those of these events that have sales now."""
    return {eid for eid, head in repository.heads(tenant, eids).items() if head["visible"]}


def none_check(tenant: str, eid: str) -> dict[str, Any] | None:
    """The transaction's condition that the event has no sales; None where it has some."""
    head = repository.head(tenant, eid)
    return None if head["visible"] else repository.unchanged(tenant, eid, head["version"])
