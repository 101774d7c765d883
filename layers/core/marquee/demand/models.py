"""What demand prediction reads, learns and says. Shares of capacity are fractions, leads are days before the event."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

State = Literal["above", "below", "on_par"]
Reason = Literal["no_history", "too_little_history", "no_capacity"]


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of an event besides its sales.

    `price` is the mean price of a ticket in major units of the event's currency, of what is sold so far; None before
    the first sale.
    """

    eid: str
    category: str
    city: str
    venue_name: str
    capacity: int
    day: date
    price: float | None = None


@dataclass(frozen=True, slots=True)
class Curve:
    """An event's sales by lead: net tickets of each day, the greatest lead first.

    Days after the event have negative leads and count as lead 0. A day's net can be negative (refunds).
    """

    facts: Facts
    sales: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Accuracy:
    """How good the method was at one lead, replayed over the tenant's own past.

    `wape` is the sum of absolute errors divided by the sum of finals, `coverage` the share of finals inside the 80 %
    interval, `events` how many finals it is measured on.
    """

    lead: int
    wape: float
    coverage: float
    events: int


@dataclass(frozen=True, slots=True)
class Step:
    """What was learnt for one lead of the grid; every number is a fraction of capacity unless it is a weight.

    `additive`, `advanced` and `reached` are mean pick-ups and mean sales at this lead, one for each memory of
    `rules.MEMORIES`; `weekdays` holds two corrections of the pick-up for each weekday; `ridges` the intercept and the
    coefficients of each regression; `weights` those of the members; `low` and `high` the interval's ends in units of
    `rules.scale`.
    """

    lead: int
    additive: tuple[float, ...]
    advanced: tuple[float, ...]
    reached: tuple[float, ...]
    weekdays: tuple[tuple[float, ...], ...]
    ridges: tuple[tuple[float, ...], ...]
    weights: tuple[float, ...]
    low: float
    high: float
    spread: float


@dataclass(frozen=True, slots=True)
class Model:
    """What `training.train` learnt of a tenant's history; `rules.pack` and `rules.unpack` store it.

    `trained_as_of` is the last day whose sales it knows, `events` the finished events that it learnt from,
    `backtest` its own accuracy at each lead of its grid. `benchmark` is the mean curve by lead, `finals` the mean
    finals by memory, `traits` the events, shrunken effect on the final and weight of each trait's values,
    `neighbours` the sums around each coming day (by days after `trained_as_of`), `running` the checksums of the events
    that are in those sums. `room` is 1 where capacities are limits, else the greatest final foreseen.
    """

    trained_as_of: date
    events: int
    backtest: tuple[Accuracy, ...] = ()
    steps: tuple[Step, ...] = ()
    benchmark: tuple[float, ...] = ()
    finals: tuple[float, ...] = ()
    traits: Mapping[str, Mapping[str, tuple[int, float, float]]] = field(default_factory=dict)
    neighbours: tuple[tuple[float, ...], ...] = ()
    running: tuple[int, ...] = ()
    room: float = 1.0


@dataclass(frozen=True, slots=True)
class Comparable:
    """One trait that an event shares with `events` past ones, and the weight (0..1) it has in the benchmark."""

    trait: str
    value: str
    events: int
    weight: float


@dataclass(frozen=True, slots=True)
class Forecast:
    """An event's final sell-through as a fraction of capacity, with its 80 % interval; None with a `reason`.

    `now` is the fraction sold, `benchmark` what comparables had reached by the same lead, `benchmark_final` what they
    reached in the end, `state` compares `now` with `benchmark` within `tolerance`, `horizon` is the lead in days, and
    `error` the method's WAPE at that lead in its own back-test (None where too few events could be replayed).
    """

    horizon: int
    value: float | None = None
    low: float | None = None
    high: float | None = None
    now: float | None = None
    benchmark: float | None = None
    benchmark_final: float | None = None
    tolerance: float | None = None
    state: State | None = None
    comparables: tuple[Comparable, ...] = ()
    error: float | None = None
    events: int = 0
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class PathPoint:
    """One day of an event's path to its final: cumulative fractions of capacity at the end of `date`.

    `value`, `low` and `high` are None before the day of the forecast, equal to what is sold on it, and the prediction
    after it; the last point is the forecast's.
    """

    lead: int
    date: date
    benchmark: float
    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Pickup:
    """Tickets expected between two days, with the 80 % interval."""

    expected: float
    low: float
    high: float
