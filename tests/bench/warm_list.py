"""A warm page of 50 events against the plain ways, from the same bytes on the wire."""

import json
from collections.abc import Callable
from typing import Any

import boto3
import orjson
from aws_lambda_powertools.event_handler import APIGatewayRestResolver
from botocore.awsrequest import AWSResponse
from fastapi import FastAPI, Response
from mangum import Mangum
from pydantic import BaseModel

from local.openapi import load_app
from marquee import ddb
from marquee.events import listing, rules
from marquee.events.models import EventDocument, EventMeta
from tests.bench.measuring import median_ratio, per_call
from tests.support.api import sample, varied

ROUNDS, CALLS = 15, 20
ITEMS = 50


class PlainPage(BaseModel):
    """What the plain way returns."""

    total: int
    items: list[EventDocument]


class _Raw:
    """The body of a response that botocore has 'received'."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, *_: Any, **__: Any) -> list[bytes]:
        return [self._body]


def _items() -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Fifty stored events: as ours, and as the plain way stores them, an attribute a field."""
    meta: EventMeta = {
        "title": "Concert at Olympiahalle",
        "start_date_time": "2026-06-12T18:30:00Z",
        "city": "München",
        "venue_name": "Olympiahalle",
        "hall_name": "Main Hall",
        "capacity": 12000,
        "category": "concert",
        "currency": "EUR",
        "special_ad_category": None,
        "campaign_stop_time": "2026-06-12T18:30:00Z",
        "event_type": "fdlive",
        "simulated": False,
        "hub_event_id": None,
    }
    ours = [rules.new_item("aurora", f"evt_{n:020d}", meta, 1, "2026-01-01T00:00:00Z") for n in range(ITEMS)]
    shown = {*rules.SHOWN, listing.SORT_KEY}  # what the query projects
    listed = [item | listing.index_keys("aurora", item) for item in ours]
    stored = [{name: value for name, value in item.items() if name in shown} for item in listed]
    return [ddb.to_item(item) for item in stored], [ddb.to_item(rules.document(item)) for item in ours]


def _canned(client: Any, bodies: Callable[[str], bytes]) -> None:
    """Let a client's requests be answered from memory, after it built and signed them, before it parses the answer."""

    def answer(request: Any, **_: Any) -> AWSResponse:
        operation = request.headers["X-Amz-Target"].decode().rpartition(".")[2]
        headers = {"content-type": "application/x-amz-json-1.0"}
        return AWSResponse(request.url, 200, headers, _Raw(bodies(operation)))

    client.meta.events.register("before-send.dynamodb", answer)


def _pages(items: list[dict[str, Any]]) -> dict[str, bytes]:
    """DynamoDB's answers: a page, and the counter that holds the total."""
    return {
        "Query": json.dumps({"Items": items, "Count": ITEMS, "ScannedCount": ITEMS}).encode(),
        "GetItem": json.dumps({"Item": {"all=#1": {"N": str(ITEMS)}}}).encode(),
    }


def _ours(items: list[dict[str, Any]]) -> Callable[[], Any]:
    handler = load_app("events").handler
    _canned(ddb.aws_client("dynamodb"), _pages(items).__getitem__)
    event = varied(sample("events", "list"), query={})
    return lambda: handler(event, None)


def _plain_table(items: list[dict[str, Any]]) -> Any:
    table = boto3.resource("dynamodb").Table("events")
    _canned(table.meta.client, _pages(items).__getitem__)
    return table


def _plain(items: list[dict[str, Any]]) -> Callable[[], Any]:
    """Powertools with validation and a return model over boto3's table resource."""
    table = _plain_table(items)
    app = APIGatewayRestResolver(enable_validation=True)

    @app.get("/events")
    def list_events() -> PlainPage:
        found = table.query(KeyConditionExpression="pk = :pk", ExpressionAttributeValues={":pk": "aurora"})["Items"]
        total = table.get_item(Key={"pk": "T#aurora#C", "sk": "ALL"})["Item"]["all=#1"]
        return PlainPage(total=int(total), items=[EventDocument.model_validate(item) for item in found])

    event = varied(sample("events", "list"), query={})
    return lambda: app.resolve(event, None)  # type: ignore[arg-type]


def _fastapi(items: list[dict[str, Any]]) -> Callable[[], Any]:
    """FastAPI behind Mangum, answering with raw orjson: routing and serialising only, over documents in memory."""
    documents = [rules.document(ddb.from_item(item)) for item in items]
    app = FastAPI()

    @app.get("/events")
    def list_events() -> Response:
        return Response(orjson.dumps({"total": ITEMS, "items": documents}), media_type="application/json")

    handler = Mangum(app, lifespan="off")
    event = varied(sample("events", "list"), query={})
    return lambda: handler(event, None)  # type: ignore[arg-type]


def _routing(items: list[dict[str, Any]]) -> Callable[[], Any]:
    """Our edge over the same documents in memory, for the comparison with FastAPI."""
    app = load_app("events")
    documents = [rules.document(ddb.from_item(item)) for item in items]
    app.list_service = type(  # type: ignore[attr-defined]
        "Service", (), {"list_events": staticmethod(lambda *_: {"total": ITEMS, "items": documents})}
    )
    event = varied(sample("events", "list"), query={})
    return lambda: app.handler(event, None)


def section() -> str:
    """Measure and report as Markdown."""
    stored, plain_items = _items()
    contenders = {
        "ours": _ours(stored),
        "plain": _plain(plain_items),
        "edge": _routing(stored),
        "fastapi": _fastapi(stored),
    }
    for call in contenders.values():
        answer = call()
        assert answer["statusCode"] == 200, answer
        assert len(json.loads(answer["body"])["items"]) == ITEMS
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(ROUNDS):
        for name, call in contenders.items():
            seconds[name].append(per_call(call, CALLS))
    plain = median_ratio(seconds["ours"], seconds["plain"])
    fastapi = median_ratio(seconds["edge"], seconds["fastapi"])
    return (
        "## Warm list of 50 events\n\n"
        f"The handler called with the same event, DynamoDB's answers from memory; {ROUNDS} rounds of {CALLS} calls, "
        "interleaved.\n\n"
        "| comparison | ratio | goal |\n|---|---|---|\n"
        f"| whole request / Powertools with validation and boto3's table resource | {plain:.2f} | <= 0.25 |\n"
        f"| routing and serialising / FastAPI and Mangum with raw orjson | {fastapi:.2f} | <= 0.40 |\n"
    )
