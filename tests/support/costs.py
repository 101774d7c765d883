"""What a request costs in DynamoDB: requests, items evaluated, and read capacity as the price list counts it."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from marquee import ddb

_UNIT = 4096


@dataclass
class Cost:
    """The reads of one request to the platform."""

    requests: list[str] = field(default_factory=list)
    listed: int = 0
    counters: int = 0
    units: float = 0.0

    def read(self, operation: str, answer: dict[str, Any], size_of: Callable[[dict[str, Any]], int]) -> None:
        """Add one call's answer. Eventually consistent reads cost half a unit per 4 KB, begun ones in full."""
        self.requests.append(operation)
        if operation == "Query":
            self.listed += answer["ScannedCount"]
            size = sum(size_of(ddb.from_item(item)) for item in answer["Items"])
            self.units += max(1, math.ceil(size / _UNIT)) / 2
            return
        found = [answer["Item"]] if "Item" in answer else []
        found += [item for items in answer.get("Responses", {}).values() for item in items]
        self.counters += max(1, len(found))
        self.units += sum(math.ceil(size_of(ddb.from_item(item)) / _UNIT) for item in found) / 2 or 0.5


@contextmanager
def counted(size_of: Callable[[dict[str, Any]], int]) -> Iterator[Cost]:
    """Count the reads of what happens inside; `size_of` gives the billed bytes of the stored item that was read."""
    cost = Cost()

    def note(parsed: dict[str, Any], model: Any, **_: Any) -> None:
        cost.read(model.name, parsed, size_of)

    events = ddb.aws_client("dynamodb").meta.events
    events.register("after-call.dynamodb", note)
    try:
        yield cost
    finally:
        events.unregister("after-call.dynamodb", note)
