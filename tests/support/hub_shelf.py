"""The reads of the Hub's lists from memory: what the in-process AWS answers, at any size and in no time.

Only what lists ask for is here; `tests/api/test_hub_list_shelf.py` compares the answers with those of the whole AWS.
Items evaluated and requests are counted.
"""

import math
import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from marquee import ddb
from marquee.hub.models import Item
from tests.support.catalogue import billed_bytes

SORTS = {"by_created": "created_sk", "by_start": "start_sk", "by_name": "name_sk"}
Key = tuple[str, str]
_PAGE_BYTES = 1_048_576
_CONDITION = re.compile(r"list_pk = :list(?: AND #sort (<|<=|>) :bound)?")


class Shelf:
    """Items by key, and in the order of each index. An item may be a function that gives it."""

    def __init__(self, items: Iterable[Item] = ()) -> None:
        self._items: dict[Key, Item | Callable[[], Item]] = {}
        self._indexes: dict[tuple[str, str], list[tuple[str, Key]]] = {}
        self._sorted: set[tuple[str, str]] = set()
        self.evaluated = 0
        self.units = 0.0
        self.sent_whole = 0
        self.requests: list[str] = []
        for item in items:
            self.put(item["pk"], item["sk"], item, item)

    def put(self, pk: str, sk: str, sorts: Mapping[str, Any], item: Item | Callable[[], Item]) -> None:
        """Place an item; `sorts` are its attributes in indexes, none where it is in no list."""
        self._items[pk, sk] = item
        for index, name in SORTS.items():
            if "list_pk" in sorts:
                self._indexes.setdefault((index, sorts["list_pk"]), []).append((sorts[name], (pk, sk)))
        self._sorted.clear()

    @contextmanager
    def in_place(self) -> Iterator["Shelf"]:
        """The store that everything reads from, its counts at zero."""
        self.evaluated, self.units, self.sent_whole, self.requests = 0, 0.0, 0, []
        with patch.object(ddb, "aws_client", lambda _service, **_: self):
            yield self

    def get_item(self, *, Key: Mapping[str, Any], **_: Any) -> dict[str, Any]:  # noqa: N803 - the service's names
        """One item."""
        found = self._read((Key["pk"]["S"], Key["sk"]["S"]))
        self._note("GetItem", 1, [item_bytes(found or {})])
        return {"Item": ddb.to_item(found)} if found else {}

    def batch_get_item(self, *, RequestItems: Mapping[str, Any]) -> dict[str, Any]:  # noqa: N803
        """Several items."""
        ((table, asked),) = RequestItems.items()
        wanted = [(key["pk"]["S"], key["sk"]["S"]) for key in asked["Keys"]]
        assert len(wanted) == len(set(wanted)) <= 100
        found = [item for key in wanted if (item := self._read(key))]
        self._note("BatchGetItem", len(wanted), map(item_bytes, found))
        return {"Responses": {table: [ddb.to_item(item) for item in found]}, "UnprocessedKeys": {}}

    def query(self, **request: Any) -> dict[str, Any]:
        """A range of an index, up to the limit or 1 MB."""
        sort, entries = self._range(request)
        limit, size = request.get("Limit", len(entries) + 1), 0
        items: list[Item] = []
        for _, key in entries:
            item = self._read(key)
            assert item is not None
            items.append(item)
            size += item_bytes(item)
            if len(items) == limit or size > _PAGE_BYTES:
                break
        self._note("Query", len(items), [size])
        self.sent_whole += 0 if "ProjectionExpression" in request else len(items)
        answer: dict[str, Any] = {"Items": [_projected(request, item) for item in items], "ScannedCount": len(items)}
        if len(items) == limit or len(items) < len(entries):
            names = ("pk", "sk", "list_pk", sort)
            answer["LastEvaluatedKey"] = ddb.to_item({name: items[-1][name] for name in names})
        return answer

    def _range(self, request: Mapping[str, Any]) -> tuple[str, list[tuple[str, Key]]]:
        """The entries that a query may evaluate, in its order."""
        values = request["ExpressionAttributeValues"]
        matched = _CONDITION.fullmatch(request["KeyConditionExpression"])
        assert matched
        place = (request["IndexName"], values[":list"]["S"])
        entries, sort = self._indexes.get(place, []), SORTS[place[0]]
        if place not in self._sorted:
            entries.sort()
            self._sorted.add(place)
        low, high = 0, len(entries)
        if matched[1]:
            assert request["ExpressionAttributeNames"]["#sort"] == sort
            bound = values[":bound"]["S"]
            low = bisect_right(entries, (bound, ("~", "")), low) if matched[1] == ">" else low
            high = bisect_left(entries, (bound, ("", "")), low) if matched[1] == "<" else high
            high = bisect_right(entries, (bound, ("~", "")), low) if matched[1] == "<=" else high
        start = request.get("ExclusiveStartKey")
        at = (start[sort]["S"], (start["pk"]["S"], start["sk"]["S"])) if start else None
        if request["ScanIndexForward"]:
            return sort, entries[bisect_right(entries, at, low, high) if at else low : high]
        return sort, entries[low : bisect_left(entries, at, low, high) if at else high][::-1]

    def _read(self, key: Key) -> Item | None:
        item = self._items.get(key)
        return item() if callable(item) else item

    def _note(self, operation: str, evaluated: int, sizes: Iterable[int]) -> None:
        self.requests.append(operation)
        self.evaluated += evaluated
        # Half a unit for each begun 4 KB: of a query's items together, of single items each.
        self.units += sum(max(1, math.ceil(size / 4096)) / 2 for size in sizes)


def item_bytes(item: Item) -> int:
    """An item's size as DynamoDB bills it."""
    packed = {name: value for name, value in item.items() if isinstance(value, bytes)}
    others = {name: value for name, value in item.items() if name not in packed}
    return billed_bytes(others) + sum(len(name) + len(value) for name, value in packed.items())


def _projected(request: Mapping[str, Any], item: Item) -> dict[str, Any]:
    if "ProjectionExpression" not in request:
        return ddb.to_item(item)
    names = [request["ExpressionAttributeNames"][one] for one in request["ProjectionExpression"].split(", ")]
    return ddb.to_item({name: item[name] for name in names if name in item})
