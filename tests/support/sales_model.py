"""Sales of one event twice: as the code under test keeps them, and as plain multisets of rows."""

from array import array
from collections import Counter, defaultdict
from hashlib import blake2b
from typing import Any, NamedTuple

from marquee.sales import repository, rules, sources, storage
from marquee.sales.clears import clearing, purging, snapshots, undoing
from marquee.sales.clears.clear_models import ClearTask
from marquee.sales.ingests import identity, staging, workfile
from marquee.sales.models import DayRow, Head, IngestTask, SourceKind
from tests.support.ingest import TENANT


class Row(NamedTuple):
    """A row of a report; equal rows do occur. `tickets` below zero is a refund."""

    day: str
    category: str
    currency: str
    tickets: int
    minor: int
    order: str


class Model:
    """What the event should have: rows by content, and the other sources by name."""

    def __init__(self) -> None:
        self.rows: Counter[Row] = Counter()
        self.others: dict[str, list[Row]] = {}
        self.cleared: dict[str, tuple[Counter[Row], dict[str, list[Row]]]] = {}
        self.known: set[str] = set()

    def drop(self, rows: list[Row]) -> None:
        """A file: of each content the larger number counts."""
        self.rows |= Counter(rows)

    def add(self, source: str, rows: list[Row]) -> None:
        """A source without rows of files counts once."""
        self.others.setdefault(source, rows)

    def clear(self, name: str) -> None:
        """All goes away, once."""
        if name not in self.known:
            self.known.add(name)
            self.cleared[name] = self.rows, self.others
            self.rows, self.others = Counter(), {}

    def undo(self, name: str) -> None:
        """It comes back beside what is there, once."""
        rows, others = self.cleared.pop(name, (Counter(), {}))
        self.rows |= rows
        self.others = {**others, **self.others}

    def days(self) -> dict[tuple[str, str, str], tuple[int, int]]:
        """Tickets and minor units by day, category and currency."""
        sums: defaultdict[tuple[str, str, str], list[int]] = defaultdict(lambda: [0, 0])
        for row, number in [*self.rows.items(), *((row, 1) for rows in self.others.values() for row in rows)]:
            pair = sums[row[:3]]
            pair[0] += number * row.tickets
            pair[1] += number * row.minor
        return {key: (tickets, minor) for key, (tickets, minor) in sums.items()}

    def kpi(self) -> dict[str, dict[str, Any]]:
        """Figures by currency."""
        found: dict[str, dict[str, Any]] = {}
        for (day, _, currency), (tickets, minor) in self.days().items():
            one = found.setdefault(
                currency, {"tickets": 0, "revenue": 0, "purchases": 0, "first_sale": day, "last_sale": day}
            )
            one["tickets"] += tickets
            one["revenue"] += minor
            one["first_sale"], one["last_sale"] = min(one["first_sale"], day), max(one["last_sale"], day)
        for row, number in self.rows.items():
            found[row.currency]["purchases"] += number * ((row.tickets > 0) - (row.tickets < 0))
        return found


class Store:
    """Objects in a dict instead of S3."""

    def __init__(self, monkeypatch: Any) -> None:
        self.objects: dict[str, bytes] = {}
        monkeypatch.setattr(storage, "put", lambda key, body, _type="": self.objects.update({key: bytes(body)}))
        monkeypatch.setattr(storage, "get", self.objects.get)
        monkeypatch.setattr(storage, "delete", lambda key: self.objects.pop(key, None))
        monkeypatch.setattr(storage, "forget", lambda key, _: self.objects.pop(key, None))
        monkeypatch.setattr(
            storage, "ours", lambda prefix, _: iter([key for key in self.objects if key.startswith(prefix)])
        )


class Sales:
    """The event as the code under test keeps it; between stage and commit of a step, `meanwhile` may do something."""

    def __init__(self, eid: str) -> None:
        self.eid = eid
        self.meanwhile: Any = lambda: None

    def head(self) -> Head:
        """The event's head."""
        return repository.head(TENANT, self.eid)

    def drop(self, rows: list[Row]) -> None:
        """Take a file with these rows."""
        work, name = _work(rows)
        ingest_id = f"ing_{self.eid}_{name}"
        key = storage.ingest_key(TENANT, ingest_id, f"rows/{name}")
        storage.put(key, work)
        task: IngestTask = {
            "tenant": TENANT, "eid": self.eid, "ingest_id": ingest_id, "bucket": "", "key": "", "etag": "", "size": 0,
            "currency": "EUR", "today": "2026-03-31", "mode": "partial", "work": key,
        }  # fmt: skip
        while True:
            found = staging.stage(task)
            if found["outcome"] == "STAGED":
                self._interrupted()
                found = staging.commit(task, found["stage"])
            if found["outcome"] == "COMMITTED":
                return

    def add(self, kind: SourceKind, source: str, rows: list[Row]) -> None:
        """Take manual totals or corrections."""
        days: list[DayRow] = [
            {"day": row.day, "category": row.category, "currency": row.currency, "tickets": row.tickets,
             "revenue": row.minor}
            for row in rows
        ]  # fmt: skip
        done = None
        while done is None:
            head = self.head()
            name = rules.stage_name(head["version"], source)
            plan, parts = sources.plan_of(head, kind, days, rules.delta_of(days, {}), source=source, stage=name)
            sources.stage(TENANT, self.eid, source, name, plan, parts)
            self._interrupted()
            done = sources.commit(TENANT, self.eid, source, name).stage

    def task(self, name: str, execution: str) -> ClearTask:
        """What the steps of a clear, or of its undo, are told."""
        return {"tenant": TENANT, "eid": self.eid, "clear_id": f"clr_{self.eid}_{name}", "execution": execution}

    def clear(self, name: str) -> None:
        """Clear the event."""
        clearing.clear(self.task(name, f"clear-{name}"))

    def undo(self, name: str) -> bool:
        """Undo a clear; False where that is refused."""
        task, abandoned = self.task(name, f"undo-{name}"), []
        while True:
            found = undoing.stage(task)
            stage = found.get("stage", "")
            if found["outcome"] == "STAGED":
                self._interrupted()
                found = undoing.commit(task, stage)
                abandoned += [stage] if found["outcome"] == "MOVED" else []
            if found["outcome"] == "UNDONE":
                undoing.settle(task, found["stage"], abandoned)
                return True
            if found["outcome"] == "REFUSED":
                return False

    def purge(self) -> None:
        """Purge all clears of the event, whatever their age."""
        for clear_id, _ in list(snapshots.of_event(TENANT, self.eid)):
            place = {"tenant": TENANT, "eid": self.eid, "clear_id": clear_id}
            assert purging.purge(place, 0)["outcome"] == "PURGED"  # type: ignore[arg-type]

    def _interrupted(self) -> None:
        something, self.meanwhile = self.meanwhile, lambda: None
        something()

    def days(self) -> dict[tuple[str, str, str], tuple[int, int]]:
        """Tickets and minor units by day, category and currency, from the items that readers see."""
        sums: defaultdict[tuple[str, str, str], list[int]] = defaultdict(lambda: [0, 0])
        for _, row in repository.day_rows(TENANT, self.eid, self.head()):
            pair = sums[row["day"], row["category"], row["currency"]]
            pair[0] += row["tickets"]
            pair[1] += row["revenue"]
        return {key: (tickets, minor) for key, (tickets, minor) in sums.items()}


def _work(rows: list[Row]) -> tuple[bytes, str]:
    """The working file of a report with these rows, and a name for its content."""
    groups = list(dict.fromkeys(row[:3] for row in rows))
    counts = Counter(rows)
    contents = list(counts)
    arrays: dict[str, array[int]] = {
        "groups": array("I", [groups.index(row[:3]) for row in contents]),
        "tickets": array("q", [row.tickets for row in contents]),
        "minor": array("q", [row.minor for row in contents]),
        "sales": array("I", range(len(contents))),
        "counts": array("I", counts.values()),
        "order": array("I", [contents.index(row) for row in rows]),
    }
    head = {"rows": len(rows), "rejected": 0, "groups": groups, "runs": [], "sheets": ["Sales"]}
    packed = workfile.pack(head, arrays, {"identities": b"".join(map(key_of, contents))})
    return packed, blake2b(packed, digest_size=8).hexdigest()


def key_of(row: Row) -> bytes:
    """The identity of a row's content."""
    core = identity.core_text(row.day, row.category, row.tickets, row.minor, row.currency)
    return identity.row_identities([core], [row.order])[0]
