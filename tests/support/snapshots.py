"""moto's transactions without its copies of whole tables.

Before a transaction moto copies each written table once per write, with every item, which makes a test's time grow
with the square of its data. Here a table's copy shares the items that the transaction does not touch, so that taking
the copy back has the same effect.
"""

import copy
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.table import Table


@contextmanager
def light_snapshots() -> Iterator[None]:
    """Transactions of in-process tables copy what they touch, and nothing else."""
    whole = DynamoDBBackend.transact_write_items

    def transact(backend: DynamoDBBackend, transact_items: list[dict[str, Any]]) -> None:
        touched: set[tuple[str, str, str]] = set()
        kept: dict[str, Table] = {}  # all are taken before the first write
        for write in transact_items:
            (operation,) = write.values()
            key = operation.get("Key") or operation.get("Item")
            touched.add((operation["TableName"], key["pk"]["S"], key["sk"]["S"]))

        def snapshot(table: Table, _memo: dict[int, Any]) -> Table:
            if table.name in kept:
                return kept[table.name]
            taken = kept[table.name] = copy.copy(table)
            taken.items = defaultdict(dict, {pk: dict(items) for pk, items in table.items.items()})
            for name, pk, sk in touched:
                if name == table.name:
                    _copy_one(taken, pk, sk)
            return taken

        with patch.object(Table, "__deepcopy__", snapshot, create=True):
            whole(backend, transact_items)

    with patch.object(DynamoDBBackend, "transact_write_items", transact):
        yield


def _copy_one(table: Table, pk: str, sk: str) -> None:
    for hash_key, items in table.items.items():
        if hash_key.value == pk:
            for range_key, item in items.items():
                if range_key.value == sk:
                    items[range_key] = copy.deepcopy(item)
                    return
