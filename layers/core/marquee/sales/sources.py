"""Sources of an event's figures: files, manual totals, corrections, undone clears.

What a source adds is staged under its id as month items that nobody sees, and becomes visible when the event's head
moves, in one transaction with the tenant's totals. The plan of what was staged is written first, so what stands in the
table can always be found.
"""

from array import array
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, cast

from marquee import clock
from marquee.errors import NotFound
from marquee.sales import months, repository, rules, storage
from marquee.sales.ingests import workfile
from marquee.sales.models import DayRow, Delta, Head, SourceKind, SourcePlan

Arrays = Mapping[str, "array[int]"]


class Commit(NamedTuple):
    """How a commit went: the stage that counts, or None where others committed first and it is to be staged again."""

    stage: str | None


def plan_of(
    head: Head,
    kind: SourceKind,
    rows: Iterable[DayRow],
    delta: Delta,
    *,
    source: str,
    stage: str,
) -> tuple[SourcePlan, list[months.MonthPart]]:
    """What a source will stage on top of a head: the plan of it, and the month items."""
    parts = months.pack(rows)
    plan: SourcePlan = {
        "kind": kind,
        "generation": rules.generation(head),
        "delta": delta,
        "items": [rules.month_key(part.month, source, stage, part.part) for part in parts],
        "seen": None,
        "seen_before": head["seen"],
        "work": None,
    }
    return plan, parts


def stage(
    tenant: str,
    eid: str,
    source: str,
    name: str,
    plan: SourcePlan,
    parts: Iterable[months.MonthPart],
    arrays: Arrays | None = None,
) -> None:
    """Write a plan and its month items, invisible until the commit of the stage called `name`; repeatable."""
    put_plan(tenant, source, name, plan, arrays)
    repository.stage(tenant, eid, source, name, parts)


def commit(tenant: str, eid: str, source: str, name: str) -> Commit:
    """Make the stage called `name` visible, all of it in one transaction.

    Where an earlier attempt of the source was committed, that one counts. A plan without items commits without a write.
    """
    head = repository.head(tenant, eid)
    if head["version"] == rules.base_of(name) and source not in head["visible"]:
        plan, _ = read_plan(tenant, source, name)
        if not plan["items"]:
            return Commit(name)
        entry = rules.visible_entry(name, plan["kind"], clock.timestamp())
        after = rules.committed(head, source, entry, plan["delta"], plan["seen"])
        if repository.commit(tenant, eid, head, after):
            return Commit(name)
        head = repository.head(tenant, eid)
    return Commit(visible_stage(head, source))


def visible_stage(head: Head, source: str) -> str | None:
    """The stage of a source that readers see; None where they see none."""
    entry = head["visible"].get(source)
    return entry["stage"] if entry else None


def put_plan(tenant: str, source: str, name: str, plan: SourcePlan, arrays: Arrays | None = None) -> None:
    """Keep a plan, with arrays that belong to it."""
    storage.put(plan_key(tenant, source, name), workfile.pack(cast("Mapping[str, Any]", plan), arrays or {}))


def read_plan(tenant: str, source: str, name: str) -> tuple[SourcePlan, dict[str, "array[int]"]]:
    """A plan that was kept, and its arrays. Raises NotFound."""
    document, arrays, _ = unpacked(plan_key(tenant, source, name))
    return cast("SourcePlan", document), arrays


def find_plan(tenant: str, source: str, name: str) -> SourcePlan | None:
    """A plan that was kept; None where it is not there any more."""
    stored = storage.get(plan_key(tenant, source, name))
    return None if stored is None else cast("SourcePlan", workfile.unpack(stored)[0])


def plan_key(tenant: str, source: str, name: str) -> str:
    """Where the plan of a stage is kept."""
    return storage.ingest_key(tenant, source, f"stage/{name}")


def unpacked(key: str) -> tuple[dict[str, Any], dict[str, "array[int]"], dict[str, bytes]]:
    """A working file of ours. Raises NotFound."""
    stored = storage.get(key)
    if stored is None:
        raise NotFound("ingest.work_missing", f"The ingest's working file is missing: {key}")
    return workfile.unpack(stored)
