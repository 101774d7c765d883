"""Pure union of what a clear took away and what was loaded since.

Each row content counts as often as it did in one of the two, whichever is more. Sources whose rows were not loaded
again come back as they were; of the others only the rows that lack come back, together as one source of their own.
"""

from array import array
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from marquee.sales import rules
from marquee.sales.clears.clear_models import Fate
from marquee.sales.models import Delta, Head, VisibleSource


class Rows(NamedTuple):
    """The rows of a source that has rows: its parsed rows by content, and how many of each the event had before."""

    groups: Sequence[Sequence[str]]
    arrays: Mapping[str, "array[int]"]
    identities: Sequence[bytes]
    had: "array[int]"

    def added(self) -> Iterator[tuple[bytes, int, int]]:
        """Identity, number and sale of each content that the source added rows of."""
        arrays = self.arrays
        for key, count, before, sale in zip(self.identities, arrays["counts"], self.had, arrays["sales"], strict=True):
            if count > before:
                yield key, count - before, sale


class _Lacking:
    """The rows that lack, in the form parsed rows have."""

    def __init__(self) -> None:
        self._groups: dict[tuple[str, ...], int] = {}
        self._sales: dict[tuple[int, int, int], int] = {}
        self._contents: dict[bytes, int] = {}
        self._arrays: dict[str, array[int]] = {
            "groups": array("I"),
            "tickets": array("q"),
            "minor": array("q"),
            "sales": array("I"),
            "counts": array("I"),
            "order": array("I"),
        }

    def add(self, key: bytes, number: int, group: Sequence[str], tickets: int, minor: int) -> None:
        arrays = self._arrays
        place = self._contents.setdefault(key, len(self._contents))
        if place < len(arrays["counts"]):
            arrays["counts"][place] += number
            return
        group_place = self._groups.setdefault(tuple(group), len(self._groups))
        sale = group_place, tickets, minor
        sale_place = self._sales.setdefault(sale, len(self._sales))
        if sale_place == len(arrays["groups"]):
            for name, value in zip(("groups", "tickets", "minor"), sale, strict=True):
                arrays[name].append(value)
        arrays["sales"].append(sale_place)
        arrays["counts"].append(number)

    def work(self) -> "Work | None":
        if not self._contents:
            return None
        rows = sum(self._arrays["counts"])
        head = {"rows": rows, "rejected": 0, "groups": [list(one) for one in self._groups], "runs": [], "sheets": []}
        return Work(head, self._arrays, b"".join(self._contents))


class Work(NamedTuple):
    """Rows as the working file of an ingest has them: document, arrays, identities one after the other."""

    head: dict[str, Any]
    arrays: dict[str, "array[int]"]
    identities: bytes


class Union:
    """Takes the cleared sources one after the other; `seen` is the multiset of the rows that the event has now."""

    def __init__(self, current: Head, cleared: Head, seen: Mapping[bytes, int]) -> None:
        self._current, self._cleared = current, cleared
        self._seen = seen
        # How many of the rows the event has now do not stand for cleared ones yet.
        self._free: dict[bytes, int] = {}
        self._lacking = _Lacking()
        self._delta: Delta = {"kpi": {}, "categories": {}}
        self._more: dict[bytes, int] = {}
        self.fates: dict[str, Fate] = {}

    def take(self, source: str, delta: Delta, rows: Rows | None) -> None:
        """A cleared source: what it added to the figures, and its rows where it has any."""
        if rows is None:
            self.fates[source] = "present" if source in self._current["visible"] else "whole"
        elif source in self._current["visible"] or any(key in self._seen for key, _, _ in rows.added()):
            self.fates[source] = self._part(rows)
        else:
            self.fates[source] = "whole"
            for key, number, _ in rows.added():
                self._more[key] = self._more.get(key, 0) + number
        if self.fates[source] == "whole":
            rules.add_to(self._delta, delta)

    def take_all(self) -> None:
        """All cleared sources at once, where none of their rows can have been loaded since."""
        self.fates = dict.fromkeys(self._cleared["visible"], "whole")
        rules.add_to(self._delta, self._cleared)

    def _part(self, rows: Rows) -> Fate:
        groups, tickets, minor = rows.arrays["groups"], rows.arrays["tickets"], rows.arrays["minor"]
        lacking = 0
        for key, number, sale in rows.added():
            there = self._free[key] if key in self._free else self._seen.get(key, 0)
            covered = min(number, there)
            self._free[key] = there - covered
            if number > covered:
                lacking += number - covered
                self._lacking.add(key, number - covered, rows.groups[groups[sale]], tickets[sale], minor[sale])
                self._more[key] = self._more.get(key, 0) + number - covered
        return "in part" if lacking else "present"

    def multiset(self) -> dict[bytes, int]:
        """The multiset of the rows that the event has with everything back."""
        return {**self._seen, **{key: self._seen.get(key, 0) + number for key, number in self._more.items()}}

    def lacking(self) -> Work | None:
        """The rows that come back without their sources; None where there are none."""
        return self._lacking.work()

    def head(self, lacking: "tuple[str, VisibleSource, Delta] | None", seen: str | None, now: str) -> Head:
        """The event's head with everything back; `lacking` is the source of the rows that come back without theirs."""
        current, cleared = self._current, self._cleared
        whole = {name: one for name, one in cleared["visible"].items() if self.fates[name] == "whole"}
        delta = self._delta
        visible = {**whole, **current["visible"]}
        if lacking is not None:
            source, entry, more = lacking
            visible[source] = entry
            rules.add_to(delta, more)
        return {
            "version": current["version"] + 1,
            "generations": united(cleared["generations"], current["generations"]),
            "visible": visible,
            **rules.added(current, delta),
            "seen": seen,
            "updated_at": now,
        }


def united(cleared: Sequence[str], current: Sequence[str]) -> list[str]:
    """Generations of both, the newest last. Of too many the oldest are forgotten.

    Files of a forgotten generation are taken again when they are dropped again, and add nothing: their rows are known.
    """
    return [*(one for one in cleared if one not in current), *current][-rules.MAX_GENERATIONS :]


def is_apart(current: Head, cleared: Head) -> bool:
    """Whether it is certain from the heads alone that nothing of what was cleared was loaded again."""
    same = current["visible"].keys() & cleared["visible"].keys()
    return not same and (current["seen"] is None or cleared["seen"] is None)
