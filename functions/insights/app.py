"""Main: an event's figures and its booking curve."""

from marquee.auth import Caller
from marquee.http import Api
from marquee.sales import service
from marquee.sales.models import EventStatistics, SalesGraph

handler = Api("main")


@handler.get("/events/<eid>/statistics", scope="main.read")
def read_statistics(caller: Caller, eid: str) -> EventStatistics:
    """Read an event's key figures."""
    return service.statistics(caller.tenant, eid)


@handler.get("/events/<eid>/sales-graph", scope="main.read")
def read_sales_graph(caller: Caller, eid: str) -> SalesGraph:
    """Read an event's booking curve, one point a day from the first sale on."""
    return service.sales_graph(caller.tenant, eid)
