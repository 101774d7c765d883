"""An event's sales graph, as data or as a picture: what is sold, what comparable events had sold, what is predicted."""

import orjson

from marquee import clock
from marquee.demand import following, graph, graph_drawing, graph_legend, seeing, service
from marquee.demand.graph_models import Chart, Outcome, SalesGraph
from marquee.events import service as events


def read(tenant: str, eid: str) -> SalesGraph:
    """The event's sales graph, from four items. Raises NotFound."""
    return _charted(tenant, eid)[0]


def draw(tenant: str, eid: str) -> bytes:
    """The event's sales graph as an SVG document. Raises NotFound."""
    return graph_drawing.draw(_charted(tenant, eid)[1]).encode()


def _charted(tenant: str, eid: str) -> tuple[SalesGraph, Chart]:
    item = events.stored(tenant, eid)
    meta, today = orjson.loads(item["doc"]), clock.now().date()
    of = following.read(tenant, item)
    seen = service.outlook_of(tenant, item, of)
    said, show, reason = seen.forecast, seeing.event_day(meta), seeing.reason(item, seen.forecast)
    sold = {one.day: one.tickets for one in of.days}
    points = graph.points(sold, seen.path, capacity=meta["capacity"], show=show, today=today)
    outcome = None
    if reason is None and said.value is not None and said.low is not None and said.high is not None:
        outcome = Outcome(said.value, said.low, said.high, said.benchmark_final)
    document: SalesGraph = {
        "event_id": eid,
        "today": today.isoformat(),
        "capacity": meta["capacity"],
        "interval": seeing.INTERVAL,
        "sales": points,
        "reason": reason,
    }
    chart = Chart(
        title=meta["title"],
        venue=meta["venue_name"],
        city=meta["city"],
        capacity=meta["capacity"],
        event_day=show,
        today=today,
        points=points,
        outcome=outcome,
        basis=graph_legend.basis(said.events, said.comparables),
        reason=reason["message"] if reason else None,
        cancelled=item["status"] == "cancelled",
    )
    return document, chart
