"""Uses generated clients as a customer's program would. Run by itself, where nothing of the project is installed.

Reads what it needs as JSON from stdin; the clients are packages called `main`, `cr` and `hub`.
"""

import importlib
import json
import pkgutil
import sys
import time
from datetime import UTC, datetime
from typing import Any

asked = json.load(sys.stdin)


def api(name: str, **kwargs: Any) -> Any:
    """Call an operation, named ``host.tag.operation``; gives its status and its typed answer."""
    host, tag, operation = name.split(".")
    base = importlib.import_module(f"{host}.client")
    client = base.AuthenticatedClient(base_url=f"{asked['url']}/{host}", token=asked["token"])
    answer = importlib.import_module(f"{host}.api.{tag}.{operation}").sync_detailed(client=client, **kwargs)
    return int(answer.status_code), answer.parsed


def check_everything_imports() -> None:
    """Also what is not called below."""
    operations = dict.fromkeys(("main", "cr", "hub"), 0)
    for host in operations:
        package = importlib.import_module(host)
        for module in pkgutil.walk_packages(package.__path__, f"{host}."):
            imported = importlib.import_module(module.name)
            operations[host] += hasattr(imported, "sync_detailed")
    assert operations == asked["operations"], operations


def check_events() -> None:
    """From the Registry to Main's lists."""
    from cr.models import EventType, NewEvent, RegistryEvent
    from main.models import EventDocument, EventPage, FrontendStatus, FrontendStatusChange, Problem

    new = NewEvent(
        title="Typed Night",
        start_date_time=datetime(2031, 6, 12, 20, 30, tzinfo=UTC),
        city="München",
        venue_name="Olympiahalle",
        capacity=1000,
        category="concert",
        currency="EUR",
    )
    status, registered = api("cr.registry.register_event", body=new, event_type=EventType.FDLIVE)
    assert status == 201, registered
    assert isinstance(registered, RegistryEvent)
    for _ in range(200):
        status, event = api("main.events.read_event", eid=registered.id)
        if status == 200:
            break
        assert isinstance(event, Problem)
        assert (status, event.status, event.error_code) == (404, 404, "event.not_found")
        time.sleep(0.1)
    assert isinstance(event, EventDocument)
    assert (event.id, event.title, event.capacity) == (registered.id, "Typed Night", 1000)
    flagged = FrontendStatusChange(frontend_status=FrontendStatus.FLAGGED)
    assert api("main.statuses.set_frontend_status", eid=event.id, body=flagged)[0] == 204
    # A list parameter travels as repeated keys, a boolean as true or false
    pages = [
        api("main.events.list_events", city=["München", "Nowhere"], flagged_to_top=True, limit=10)[1],
        api("main.events.list_flagged_events")[1],
    ]
    assert all(isinstance(page, EventPage) and event.id in {one.id for one in page.items} for page in pages), pages
    status, problem = api("main.events.list_events", limit=0)
    assert isinstance(problem, Problem)
    assert (status, problem.error_code, problem.validation_errors[0].field) == (400, "query.invalid", "limit")


def check_executions() -> None:
    """An ingest's execution: read, tried out, refused."""
    from main.models import Execution, ExecutionStatus, IngestPage, Problem

    status, ingests = api("main.sales.list_ingests", eid=asked["eid"])
    assert status == 200
    assert isinstance(ingests, IngestPage)
    execution_id = ingests.items[0].execution.rpartition("/")[2]
    _, execution = api("main.executions.read_execution", execution_id=execution_id)
    assert isinstance(execution, Execution)
    assert execution.status is ExecutionStatus.SUCCEEDED
    assert execution.steps[0].attempts == 1
    assert execution.steps[0].seconds is not None
    for operation, code in (("cancel", "execution.not_running"), ("redrive", "execution.not_failed")):
        status, problem = api(f"main.executions.{operation}_execution", execution_id=execution_id, dry_run=True)
        assert isinstance(problem, Problem)
        assert (status, problem.error_code) == (409, code)
    status, rejected = api("main.sales.download_rejected_rows", ingest_id=ingests.items[0].id)
    assert status == 200
    assert rejected.payload.read()[:2] == b"PK"


def check_organising() -> None:
    """An organiser's event on the Hub: created, sold, changed, listed, published."""
    models = importlib.import_module("hub.models")
    venue = {"name": "Olympiahalle", "address": {"city": "München", "country": "Germany"}}
    new = models.NewEventAsked.from_dict(
        {
            "name": "Typed Weeks",
            "timezone": "Europe/Berlin",
            "occurrence": {
                "type": "weekly",
                "attributes": {
                    "starts_on": "2031-06-12 20:30",
                    "event_duration": "2.5",
                    "occurrence_ends": {"type": "after", "value": "3"},
                },
            },
            "configuration": {"type": "venue_event", "attributes": [{"name": "venue", "value": venue}]},
        }
    )
    tenant = asked["tenant"]
    status, created = api("hub.hub_events.create_event", org_uuid=tenant, body=models.NewEvent(event=new))
    assert (status, created.status_code) == (201, 201), created
    event = created.result.event
    assert isinstance(event, models.EventDocument)
    assert event.event_occurrence[0].start_on.local == "2031-06-12 20:30"
    level = models.NewTicket(
        ticket=models.NewTicketAsked(name="Stalls", quantity=40, pricing_details=[models.GivenPrice(price=12.5)])
    )
    status, sold = api("hub.hub_events.create_ticket", event_uuid=event.uuid, body=level)
    assert (status, sold.result.ticket.pricing_details[0].price) == (201, 12.5)
    talk = models.NewSession(name="Talk", session_starts_on="2031-06-12 21:00", duration=30)
    status, held = api(
        "hub.hub_sessions.create_session", event_uuid=event.uuid, body=models.CreateSession(sessions=talk)
    )
    assert (status, held.result.session.session.tickets[0].uuid) == (201, sold.result.ticket.uuid)
    change = models.EventChange(event=models.EventAsked(name="Typed Months"))
    status, changed = api("hub.hub_events.update_event", org_uuid=tenant, event_uuid=event.uuid, body=change)
    assert (status, changed.result.event.name) == (200, "Typed Months")
    status, published = api("hub.hub_events.publish_event", event_uuid=event.uuid)
    assert (status, published.status_code) == (201, 201), published
    status, page = api("hub.hub_events.list_events", my=models.ListEventsMy.ORGANISED_EVENTS, rows=10)
    assert event.uuid in [one.uuid for one in page.result.events]
    status, publication = api("hub.hub_events.read_publication", event_uuid=event.uuid)
    assert len(publication.result.occurrences) == 3
    status, problem = api("hub.hub_events.read_event", event_uuid=tenant)
    assert isinstance(problem, models.Problem)
    assert (status, problem.status_code, problem.error_code) == (404, 404, "event.not_found")


check_everything_imports()
check_events()
check_executions()
check_organising()
print("used")
