"""Partition keys that more than one domain writes or reads. Each begins with the tenant."""


def event(tenant: str, eid: str) -> str:
    """Partition key of everything one table holds of one event."""
    return f"T#{tenant}#E#{eid}"


def tenant_and_eid(pk: str) -> tuple[str, str]:
    """The inverse of `event`. Neither part contains ``#E#``: tenant ids are checked where tokens are."""
    tenant, _, eid = pk.removeprefix("T#").partition("#E#")
    return tenant, eid


def series(tenant: str, series_id: str) -> str:
    """Partition key of one series of events."""
    return f"T#{tenant}#S#{series_id}"
