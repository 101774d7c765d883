"""Main: an event's figures, its booking curve, what is predicted of it, and which audience it suits."""

from typing import Annotated

from marquee import media_types
from marquee.audience import service as audience
from marquee.audience.documents import RankedClusters, SuggestedClusters
from marquee.audience.models import SuggestionQuery
from marquee.auth import Caller
from marquee.campaigns import settings_service
from marquee.demand import graph_service
from marquee.demand import refresh_service as demand_refresh
from marquee.demand import service as demand
from marquee.demand.graph_models import PICTURE_HEADERS, SVG, SalesGraph
from marquee.demand.seeing import ForecastDocument
from marquee.executions.models import Execution
from marquee.http import Api, Reply
from marquee.plans import DryRun, Plan
from marquee.requests import JSON, Request
from marquee.sales import service, totals_service
from marquee.sales.models import EventStatistics
from marquee.sales.totals_service import TenantStatistics

handler = Api("main")


@handler.get("/events/statistics", scope="main.read")
def read_tenant_statistics(caller: Caller) -> TenantStatistics:
    """Read the key figures of all events: how many there are by each status, and what they sold per currency."""
    return totals_service.statistics(caller.tenant)


@handler.get("/events/<eid>/statistics", scope="main.read")
def read_statistics(caller: Caller, eid: str) -> EventStatistics:
    """Read an event's key figures."""
    return service.statistics(caller.tenant, eid)


@handler.get("/events/<eid>/sales-graph", scope="main.read")
def read_sales_graph(caller: Caller, eid: str, request: Request) -> Reply[SalesGraph] | Reply[Annotated[bytes, SVG]]:
    """Read an event's booking curve day by day: what is sold, what comparable events had sold, what is predicted.

    With `Accept: image/svg+xml` it is drawn, to be embedded as an image, light or dark as the viewer's system is.
    """
    if media_types.preferred(request.headers.get("accept"), (JSON, SVG)) == SVG:
        return Reply(graph_service.draw(caller.tenant, eid), headers=PICTURE_HEADERS, media_type=SVG)
    return Reply(graph_service.read(caller.tenant, eid), headers={"Vary": "Accept"})


@handler.get("/events/<eid>/benchmark", scope="main.read")
def read_benchmark(caller: Caller, eid: str) -> ForecastDocument:
    """Read what share of its capacity an event will sell, with an 80 % interval, and how comparable ones stood by now.

    Learnt from the tenant's own past events. `prediction` is null, with the `reason`, where they are too few.
    """
    return demand.forecast(caller.tenant, eid)


@handler.post("/demand/refresh", scope="main.write", status=202)
def refresh_demand(caller: Caller, query: DryRun, request: Request) -> Reply[Execution] | Plan:
    """Learn from all sales so far at once, and renew what coming events show.

    That happens every night anyway, and soon after sales have changed.
    """
    if query.dry_run:
        return demand_refresh.plan(caller.tenant)
    started = demand_refresh.start(caller.tenant, caller.sub, request.idempotency_key)
    return Reply(started, 202, headers={"Location": f"/executions/{started.id}"})


@handler.get("/events/<eid>/clusters", scope="main.read")
def rank_clusters(caller: Caller, eid: str) -> RankedClusters:
    """Read how well an event suits each of the tenant's clusters, best first.

    `metric_pred` comes from the cluster's interests and the event's category and tags, and from what campaigns for
    events like it brought. 0.5 is a cluster's usual response.
    """
    return audience.ranked(caller.tenant, eid)


@handler.get("/events/<eid>/suggested_tcs", scope="main.read")
def suggest_clusters(caller: Caller, eid: str, query: SuggestionQuery) -> SuggestedClusters:
    """Read how a budget is best spread over clusters and platforms for a goal; the parts sum to it exactly.

    UTILIZATION and tickets go for tickets, ROAS and revenue for revenue, VISIBILITY and reach for people reached,
    LINK_CLICKS for clicks. Returns diminish as people are reached again, and minimum spends are kept to.
    """
    usual = settings_service.stored(caller.tenant)["default_platform"]
    return audience.suggested(caller.tenant, eid, query, usual)
