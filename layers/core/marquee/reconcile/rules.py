"""Pure rules of reconciliation: what counts as a disagreement, and what is counted."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from marquee.reconcile.models import Drift, Failure, Kind, MainSays, Outcome, Report, Tally
from marquee.registry.models import RegistryView

KINDS: tuple[Kind, ...] = ("frontend", "metadata", "missing_in_registry", "unreadable")
REPAIRABLE: frozenset[Kind] = frozenset(("frontend", "metadata"))
MOST_EXAMPLES = 50
# Two hosts' clocks differ a little; only where there is no sequence do they matter.
_CLOCKS_DIFFER_SECONDS = 5


def disagreements(
    item: Mapping[str, Any], views: Mapping[str, RegistryView | None], now: datetime, settle_seconds: int
) -> list[Kind]:
    """What Main's event and the Registry's view of it do not agree about.

    A change younger than `settle_seconds`, on either host, is on its way: it is no disagreement yet.
    """
    if item["eid"] not in views:
        return ["missing_in_registry"]
    view = views[item["eid"]]
    if view is None:
        return ["unreadable"]

    def on_its_way(at: str | None) -> bool:
        # By amount: a clock that is far ahead must not put its events out of reach for ever.
        return at is not None and abs((now - datetime.fromisoformat(at)).total_seconds()) < settle_seconds

    found: list[Kind] = []
    told_lately = on_its_way(item.get("frontend_changed_at")) or on_its_way(view["told_at"])
    if not told_lately and not _frontend_agrees(item, view):
        found.append("frontend")
    if item["registry_version"] < view["version"] and not on_its_way(view["updated_at"]):
        found.append("metadata")
    return found


def _frontend_agrees(item: Mapping[str, Any], view: RegistryView) -> bool:
    if view["sequence"] is not None:
        return (view["frontend_status"], view["sequence"]) == (item["frontend_status"], item["frontend_sequence"])
    # A Registry that keeps no state has been told, or has not, since Main's last change.
    changed_at = item.get("frontend_changed_at")
    if changed_at is None:
        return True
    if view["told_at"] is None:
        return False
    late = datetime.fromisoformat(changed_at) - datetime.fromisoformat(view["told_at"])
    return late.total_seconds() <= _CLOCKS_DIFFER_SECONDS


def drifts(
    items: Iterable[Mapping[str, Any]], views: Mapping[str, RegistryView | None], now: datetime, settle_seconds: int
) -> list[Drift]:
    """All disagreements about these events."""
    return [
        {"eid": item["eid"], "kind": kind, "main": _main_says(item), "registry": views.get(item["eid"])}
        for item in items
        for kind in disagreements(item, views, now, settle_seconds)
    ]


def _main_says(item: Mapping[str, Any]) -> MainSays:
    return {
        "frontend_status": item["frontend_status"],
        "sequence": item["frontend_sequence"],
        "changed_at": item.get("frontend_changed_at"),
        "registry_version": item["registry_version"],
    }


def above(drift: Drift) -> int:
    """The sequence after which Main's state has to be for the Registry to take it.

    The higher of both, always: a state told anew under its old sequence would meet the answer that the Registry keeps
    under that change's idempotency key.
    """
    known = drift["registry"]["sequence"] if drift["registry"] else None
    return max(drift["main"]["sequence"], known or 0)


def is_repaired(
    drift: Drift,
    item: Mapping[str, Any],
    views: Mapping[str, RegistryView | None],
    now: datetime,
    settle_seconds: int,
) -> bool:
    """Whether the disagreement is gone from what both hosts say now.

    That the Registry was told a moment ago is no excuse here: it was the repair. A change on Main since then is.
    """
    if drift["kind"] == "metadata":
        return drift["registry"] is not None and bool(item["registry_version"] >= drift["registry"]["version"])
    changed = item.get("frontend_changed_at") != drift["main"]["changed_at"]
    return drift["kind"] not in disagreements(item, views, now, settle_seconds if changed else 0)


def compared(tally: Tally, events: int, found: Sequence[Drift]) -> Tally:
    """The tally with a compared page."""
    return {
        **tally,
        "compared": tally["compared"] + events,
        "drifted": _added(tally["drifted"], [one["kind"] for one in found]),
    }


def repaired(tally: Tally, outcomes: Sequence[Outcome]) -> Tally:
    """The tally with a page's outcomes; examples of what could not be repaired come first."""
    examples = sorted([*tally["examples"], *outcomes], key=lambda one: one["repaired"])
    return {
        **tally,
        "repaired": _added(tally["repaired"], [one["kind"] for one in outcomes if one["repaired"]]),
        "examples": examples[:MOST_EXAMPLES],
    }


def _added(counts: Mapping[Kind, int], kinds: Sequence[Kind]) -> dict[Kind, int]:
    return {kind: counts.get(kind, 0) + kinds.count(kind) for kind in KINDS}


def report(
    tenant: str, execution: str, started_at: str, finished_at: str, tally: Tally, failure: Failure | None
) -> Report:
    """What is kept and shown of a run."""
    drifted, done = _added(tally["drifted"], ()), _added(tally["repaired"], ())
    return {
        "tenant": tenant,
        "execution": execution,
        "started_at": started_at,
        "finished_at": finished_at,
        "completed": failure is None,
        "failure": failure,
        "compared": tally["compared"],
        "drifted": drifted,
        "repaired": done,
        "unrepaired": {kind: drifted[kind] - done[kind] for kind in KINDS},
        "examples": tally["examples"],
    }


def counts(found: Report) -> dict[str, int]:
    """A run's metrics."""
    return {
        "EventsCompared": found["compared"],
        "HostDrift": sum(found["drifted"].values()),
        "HostDriftRepaired": sum(found["repaired"].values()),
        "HostDriftUnrepaired": sum(found["unrepaired"].values()),
    }
