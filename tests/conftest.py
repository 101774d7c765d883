"""What every kind of test starts from: the template, and its resources in an in-process AWS."""

import functools
import zoneinfo
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import boto3
import botocore.loaders
import botocore.session
import pytest
from moto import mock_aws

from local.openapi import load_app
from tests.support.quick_moto import quicken
from tests.support.snapshots import light_snapshots
from tests.support.storage import Storage
from tests.support.template import Template, load_template

# Every session reads the services' descriptions anew, which takes longer than most tests. They do not change.
botocore.session.create_loader = functools.cache(botocore.loaders.create_loader)
quicken()

# As in the functions (PYTHONTZPATH): the rules of time zones are those of the pinned tzdata, not of this system.
zoneinfo.reset_tzpath([])

pytest_plugins = ["tests.support.running"]
ROOT = Path(__file__).parents[1]
REGION = "eu-central-1"


@pytest.fixture(scope="session")
def template() -> Template:
    """The stack's template with its intrinsic functions readable."""
    return load_template(ROOT / "template.yaml")


@pytest.fixture(scope="session")
def storage(template: Template) -> Storage:
    """The template's tables and buckets, ready to be laid out."""
    return Storage(template, REGION)


@pytest.fixture
def aws(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """The template's tables and bucket in moto, and the environment variables that name them.

    Gives the logical id -> physical name map.
    """
    for name, value in {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
        "POWERTOOLS_SERVICE_NAME": "test",
        "POWERTOOLS_TRACE_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws(), light_snapshots():
        names = storage.lay_out()
        for variable, logical in {
            "EVENTS_TABLE": "EventsTable",
            "REGISTRY_TABLE": "RegistryTable",
            "SALES_TABLE": "SalesTable",
            "LEDGER_TABLE": "LedgerTable",
            "HUB_TABLE": "HubTable",
            "DEMAND_TABLE": "DemandTable",
            "CAMPAIGNS_TABLE": "CampaignsTable",
            "IDEMPOTENCY_TABLE": "IdempotencyTable",
            "BUCKET": "Bucket",
        }.items():
            monkeypatch.setenv(variable, names[logical])
        _forget_clients()
        yield names
    _forget_clients()


def _forget_clients() -> None:
    """Settings and clients are cached per process; every test starts a process's life anew."""
    from marquee.ddb import aws_client
    from marquee.settings import settings

    settings.cache_clear()
    aws_client.cache_clear()


@pytest.fixture
def app() -> Callable[[str], ModuleType]:
    """Load a function's `app` module by its group, as Lambda would."""
    return load_app


@pytest.fixture
def table(aws: dict[str, str]) -> Callable[[str], Any]:
    """A stored item by logical table id: `table("EventsTable")(pk, sk)`."""
    resource = boto3.Session(region_name=REGION).resource("dynamodb")

    def reader(logical: str) -> Callable[[str, str], dict[str, Any] | None]:
        def read(pk: str, sk: str) -> dict[str, Any] | None:
            item: dict[str, Any] | None = resource.Table(aws[logical]).get_item(Key={"pk": pk, "sk": sk}).get("Item")
            return item

        return read

    return reader
