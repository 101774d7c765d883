"""Pure words of the sales graph's picture: what its curves are and what they say, in whole sentences for everybody."""

from collections.abc import Sequence
from datetime import date

from marquee.demand.graph_models import Chart
from marquee.demand.graph_text import clean, count, full_day, percent
from marquee.demand.models import Comparable
from marquee.demand.traits import in_words

# Keeps the pieces of a line in their order where one of them is written from right to left.
_LTR = "\u200e"
_MOST_TRAITS = 3
_LEAST_WEIGHT = 0.01
"""Of the benchmark, below which a trait has made no difference that anybody should read of."""


def place(chart: Chart) -> str:
    """Where and when the event is."""
    known = [clean(part) for part in (chart.venue, chart.city) if clean(part)]
    parts = [*known, full_day(chart.event_day), *(["cancelled"] if chart.cancelled else [])]
    return f"{_LTR}\u00a0· {_LTR}".join(parts)


def entries(chart: Chart) -> list[tuple[str, str]]:
    """The legend: the style of each curve that is drawn, with what it says; a note has no style."""
    over = chart.today > chart.event_day
    return [("actual", _sold(chart)), *_benchmark(chart, over=over), *_prediction(chart, over=over)]


def axis(chart: Chart, *, cut: bool) -> str:
    """What the numbers below the dates count; where early days are left out, also when sales began."""
    words = "days before the event"
    first = next((date.fromisoformat(point["date"]) for point in chart.points if point["tickets"]), None)
    return f"{words} (first sales on {full_day(first)})" if cut and first else words


def source(chart: Chart) -> str:
    """What the benchmark was made from, and the day of the picture."""
    basis = f"{chart.basis} " if chart.basis and chart.outcome else ""
    return f"{basis}As of {full_day(chart.today)}."


def basis(events: int, comparables: Sequence[Comparable]) -> str | None:
    """What the benchmark was made from, in one sentence; None where it was made from nothing."""
    if not events:
        return None
    telling = [one for one in comparables if one.weight >= _LEAST_WEIGHT]
    alike = sorted(telling, key=lambda one: (-one.weight, one.trait, one.value))[:_MOST_TRAITS]
    words = [(one.trait.replace("_", " "), clean(in_words(one.trait, one.value)), one.events) for one in alike]
    told = ", ".join(f"{trait} {value} ({count(number)})" for trait, value, number in words)
    return f"Learnt from {count(events)} past events{f', most of all {told}' if told else ''}."


def _sold(chart: Chart) -> str:
    total = next((point["tickets_total"] for point in reversed(chart.points) if point["tickets_total"] is not None), 0)
    if chart.capacity <= 0:
        return f"Sold: {count(total or 0)} tickets, the capacity is not known"
    return f"Sold: {percent((total or 0) / chart.capacity)} ({count(total or 0)} of {count(chart.capacity)} tickets)"


def _benchmark(chart: Chart, *, over: bool) -> list[tuple[str, str]]:
    drawn = [point for point in chart.points if point["norm_tickets_sold_avg"] is not None]
    if chart.outcome is None or not drawn:
        return [("", chart.reason)] if chart.reason else []
    final = chart.outcome.benchmark
    end = f"{percent(final)} in the end" if final is not None else ""
    today = chart.today.isoformat()
    now = next((point["norm_tickets_sold_avg"] for point in drawn if point["date"] == today), None)
    if over or now is None:
        return [("benchmark", f"Comparable events: {end}")]
    return [("benchmark", f"Comparable events: {percent(now)} by now, {end}")]


def _prediction(chart: Chart, *, over: bool) -> list[tuple[str, str]]:
    if chart.outcome is None or over:
        return []
    low, high = percent(chart.outcome.low), percent(chart.outcome.high)
    return [("prediction", f"Predicted: {percent(chart.outcome.value)} (80% interval: {low} to {high})")]
