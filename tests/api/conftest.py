"""What the tests of sales start from."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import boto3
import pytest

from tests.support.ingest import EID, REGION, TENANT, Ingests, register_event


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
