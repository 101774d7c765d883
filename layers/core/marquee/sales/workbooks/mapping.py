"""Pure rules of a tenant's column mapping: which heading means which field, whatever a guess would say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from marquee.errors import Violation
from marquee.sales.workbooks import headings


class Placed(NamedTuple):
    """What a mapping says of a sheet's headings."""

    positions: dict[str, int]
    """The column of each field that the mapping places."""
    barred: frozenset[int]
    """Columns that a guess must leave alone."""
    rivals: dict[str, list[int]]
    """Of each placed field all columns that the mapping means alike."""


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """Headings by field, the preferred one first, and headings that are never taken for a field."""

    fields: Mapping[str, Sequence[str]] = field(default_factory=dict)
    ignored: Sequence[str] = ()

    def place(self, row: Sequence[str]) -> Placed:
        """Find the mapped headings in a header row.

        A heading is meant where its words are the same; a heading of a sheet may have more in parentheses. Of several
        columns for one field the one whose heading stands first in the mapping is taken.
        """
        found: list[tuple[int, int, int, str]] = []
        barred: set[int] = set()
        for position, heading in enumerate(row):
            meant = [
                (likeness, index, name)
                for name, index, mapped in self._all()
                if heading and (likeness := _likeness(mapped, heading)) is not None
            ]
            if meant:
                likeness, index, name = min(meant)
                barred.add(position)
                if name != _IGNORED:
                    found.append((likeness, index, position, name))
        best: dict[str, tuple[int, int]] = {}
        rivals: dict[str, list[int]] = {}
        for likeness, index, position, name in sorted(found):
            if best.setdefault(name, (likeness, index)) == (likeness, index):
                rivals.setdefault(name, []).append(position)
        return Placed({name: some[0] for name, some in rivals.items()}, frozenset(barred), rivals)

    def _all(self) -> list[tuple[str, int, str]]:
        mapped = [(name, index, one) for name, some in self.fields.items() for index, one in enumerate(some)]
        return mapped + [(_IGNORED, index, one) for index, one in enumerate(self.ignored)]


_IGNORED = ""
NO_MAPPING = ColumnMapping()


def _likeness(mapped: str, heading: str) -> int | None:
    wanted = headings.words(mapped)
    if wanted == headings.words(heading):
        return 0
    return 1 if wanted == headings.normalised(heading) else None


def violations(fields: Mapping[str, Sequence[str]], ignored: Sequence[str]) -> list[Violation]:
    """What is wrong with a mapping that is to be stored: empty headings, and headings that mean two things."""
    wrong: list[Violation] = []
    meant: dict[str, str] = {}
    places = [(f"columns.{name}", some) for name, some in fields.items()] + [("ignore", ignored)]
    for place, some in places:
        for index, heading in enumerate(some):
            where, wanted = f"{place}.{index}", headings.words(heading)
            if not wanted:
                wrong.append(Violation("mapping.no_heading", where, "A heading needs a letter or a digit."))
            elif wanted in meant:
                message = f"“{heading}” stands in {meant[wanted]} already; a heading means one thing."
                wrong.append(Violation("mapping.heading_taken", where, message))
            else:
                meant[wanted] = where
    return wrong
