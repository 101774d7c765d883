"""Whether events have sales, for who is about to take them away."""

from collections.abc import Iterable
from typing import Any

from marquee.sales import repository


def with_sales(tenant: str, eids: Iterable[str]) -> set[str]:
    """Those of these events that have sales now."""
    return {eid for eid, head in repository.heads(tenant, eids).items() if head["visible"]}


def none_checks(tenant: str, eids: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Transactions' conditions that events have no sales, by event; those that have some are left out."""
    wanted = list(eids)
    heads = repository.heads(tenant, wanted)
    versions = {eid: heads[eid]["version"] if eid in heads else 0 for eid in wanted}
    unsold = (eid for eid in wanted if eid not in heads or not heads[eid]["visible"])
    return {eid: repository.unchanged(tenant, eid, versions[eid]) for eid in unsold}
