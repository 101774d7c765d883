"""Series: what is asked for, what is read, what a write makes of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from marquee.events.models import EventPaging, Item
from marquee.plans import DryRun


class SeriesChange(DryRun):
    """Query of a write to an event's series."""

    event_series: Annotated[
        list[Annotated[str, Field(max_length=64)]],
        Field(min_length=1, description="Event ids, repeated: `event_series=evt_x&event_series=evt_y`; at most 48"),
    ]


class AvailableQuery(EventPaging):
    """Query of the events that may join a series."""

    q: Annotated[
        str | None, Field(max_length=200, description="Words in title, venue or city; any case, any accents")
    ] = None


@dataclass(frozen=True, slots=True)
class View:
    """What was read of some events and of the series they are in: each item as it was at a moment of its own."""

    events: Mapping[str, Item]
    series: Mapping[str, Item]


@dataclass(frozen=True, slots=True)
class Membership:
    """What a write makes of a series. Members are in order of joining; without any there is no series."""

    before: tuple[str, ...]
    after: tuple[str, ...]

    @property
    def joining(self) -> tuple[str, ...]:
        """The events that come into the series."""
        return _without(self.after, self.before)

    @property
    def leaving(self) -> tuple[str, ...]:
        """The events that are in no series afterwards."""
        return _without(self.before, self.after)


def _without(some: Sequence[str], others: Sequence[str]) -> tuple[str, ...]:
    excluded = set(others)
    return tuple(eid for eid in some if eid not in excluded)
