"""What the tests of sales, of somebody else's Registry, and of ad platforms start from."""

from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import boto3
import pytest

from marquee.registry.remote import RemoteRegistry
from marquee.secret_values import SecretValue
from tests.support import platforms
from tests.support.ingest import EID, REGION, TENANT, Ingests, register_event
from tests.support.meta_server import MetaServer
from tests.support.registry_host import RegistryHost
from tests.support.remote import EID as REMOTE_EID
from tests.support.remote import TIMES, Connect


@pytest.fixture
def ingests(aws: dict[str, str], app: Callable[[str], ModuleType]) -> Ingests:
    """An event without sales, and the machine that takes files for it."""
    register_event()
    return Ingests(app("sales_ingest_tasks"), aws["Bucket"])


@pytest.fixture
def items(aws: dict[str, str]) -> Callable[[], dict[str, dict[str, Any]]]:
    """All items of the event's sales by sort key."""
    table = boto3.Session(region_name=REGION).resource("dynamodb").Table(aws["SalesTable"])

    def read() -> dict[str, dict[str, Any]]:
        pk = {"AttributeValueList": [f"T#{TENANT}#E#{EID}"], "ComparisonOperator": "EQ"}
        found = table.query(KeyConditions={"pk": pk})["Items"]
        return {item["sk"]: item for item in found}

    return read


@pytest.fixture
def there() -> Iterator[RegistryHost]:
    host = RegistryHost()
    host.has("aurora", REMOTE_EID)
    yield host
    host.close()


@pytest.fixture
def connect() -> Iterator[Connect]:
    made: list[RemoteRegistry] = []

    def one(url: str, token: str | None = None, **options: Any) -> RemoteRegistry:
        made.append(RemoteRegistry(url, SecretValue(token) if token else None, **TIMES | options))
        return made[-1]

    yield one
    for remote in made:
        remote.close()


@pytest.fixture
def remote(there: RegistryHost, connect: Connect) -> RemoteRegistry:
    return connect(there.url)


@pytest.fixture
def meta_server(aws: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[MetaServer]:
    """An ad account at Meta, and Aurora's token for it where tokens are kept."""
    from marquee.campaigns.platforms.meta import credentials, graph

    monkeypatch.setenv("PLATFORM_SECRETS", platforms.SECRETS)
    monkeypatch.setattr(graph, "random", platforms.impatient)
    credentials._value.cache_clear()
    boto3.client("secretsmanager").create_secret(Name=f"{platforms.SECRETS}/aurora/meta", SecretString=platforms.TOKEN)
    server = MetaServer()
    yield server
    server.close()


@pytest.fixture
def connect_meta(meta_server: MetaServer) -> Iterator[platforms.Connect]:
    """A new process's adapter for it, with time-outs that fit a test."""
    made: list[Any] = []

    def one(**options: Any) -> Any:
        from marquee.campaigns.platforms.meta.adapter import Meta
        from marquee.campaigns.platforms.meta.graph import Graph

        budget = options.pop("budget", 2.0)
        made.append(Graph(meta_server.url, **{"connect": 0.3, "read": 0.3, **options}))
        return Meta(made[-1], budget=budget)

    yield one
    for graph in made:
        graph.close()
