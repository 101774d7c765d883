"""The sales graph: what is sent, and what its picture is drawn from. Shares of capacity are fractions."""

from dataclasses import dataclass
from datetime import date

from typing_extensions import TypedDict

from marquee.demand.seeing import Reason

SVG = "image/svg+xml"
PICTURE_HEADERS = {"Vary": "Accept", "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"}
"""What a picture is sent with: opened by itself it loads and runs nothing."""


class SalesGraphPoint(TypedDict):
    """One day of the booking curve.

    `mapped_date` counts days from the event (-30 is thirty days before); `norm_` values are tickets sold until the end
    of that day as a fraction of capacity: of this event (None for days to come), of comparable events by the same
    number of days before theirs, and as predicted, with the bounds of the 80 % interval (None for days gone by). Today
    has what is sold and the prediction, and there they are equal. `tickets` are the day's own, net of refunds.
    """

    mapped_date: int
    norm_tickets_sold_current: float | None
    norm_tickets_sold_avg: float | None
    norm_prediction: float | None
    norm_prediction_low: float | None
    norm_prediction_high: float | None
    date: str
    tickets: int | None
    tickets_total: int | None


class SalesGraph(TypedDict):
    """An event's booking curve, one point a day in the order of days, up to the event or its last sale.

    Begins with the first sale, or earlier where comparable events had sold by then; empty where nothing is sold and
    nothing can be predicted. `interval` is the probability that the final is within the prediction's bounds. `reason`
    says why there is neither benchmark nor prediction; it is None where they are there.
    """

    event_id: str
    today: str
    capacity: int
    interval: float
    sales: list[SalesGraphPoint]
    reason: Reason | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an event is predicted to end: fractions of capacity, with the 80 % interval, and its comparables' end."""

    value: float
    low: float
    high: float
    benchmark: float | None


@dataclass(frozen=True, slots=True)
class Chart:
    """All that the picture of a sales graph shows, beside its points.

    `basis` says in words what the benchmark was made from, None where there is none.
    """

    title: str
    venue: str
    city: str
    capacity: int
    event_day: date
    today: date
    points: list[SalesGraphPoint]
    outcome: Outcome | None
    basis: str | None
    reason: str | None
    cancelled: bool = False
