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


check_everything_imports()
check_events()
check_executions()
print("used")
