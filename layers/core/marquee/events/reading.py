"""Event lists as DynamoDB gives them: ranges of the indexes, merged in order, and the counters."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

from marquee import ddb
from marquee.events import listing, rules, tallies
from marquee.events.listing import INDEXES, SORT_KEY, Position, Range, Run
from marquee.events.models import Item
from marquee.settings import settings

if TYPE_CHECKING:  # read by every function that knows events; the queries are the lists' own
    from marquee.events.queries import EventListQuery

_SHOWN = {f"#a{index}": name for index, name in enumerate((*rules.SHOWN, SORT_KEY))}


def page(
    tenant: str,
    query: EventListQuery,
    runs: list[tuple[int, list[Run]]],
    after: Position | None,
    skip: int,
) -> list[Item]:
    """A page of a list in order of start, and one event further where there is one.

    Where a section is one run, this evaluates no more items than it gives and skips; where runs are merged, each of
    them may evaluate as many.
    """
    descending, between = query.sort.startswith("-"), listing.start_range(query)
    wanted = skip + query.limit + 1
    found: list[Item] = []
    for number, all_runs in runs:
        left, position = listing.resumed(all_runs, number, after)
        missing = wanted - len(found)
        streams = [
            _stream(
                tenant,
                run,
                listing.run_bounds(run, between, position, descending=descending),
                limit=missing,
                descending=descending,
            )
            for run in left
        ]
        merged = streams[0] if len(streams) == 1 else heapq.merge(*streams, key=_start_and_id, reverse=descending)
        found += islice(merged, missing)
        if len(found) == wanted:
            break
    return found[skip:]


def everything(tenant: str, runs: list[tuple[int, list[Run]]], between: Range) -> Iterator[Item]:
    """All events of the runs, in no order to rely on."""
    for _, all_runs in runs:
        for run in all_runs:
            yield from _stream(tenant, run, listing.run_bounds(run, between, None, descending=False))


def in_index_order(tenant: str, after: str | None, limit: int) -> tuple[list[Item], str | None]:
    """The tenant's events of every rank, whole, from the one after the sort key `after`, and where to go on."""
    low, high = listing.run_bounds(Run("all", "", tallies.RANKS), Range(None, None), None, descending=False)
    request = _range(tenant, Run("all", "", tallies.RANKS), (after + listing.BEFORE if after else low, high))
    items = list(map(ddb.from_item, _pages(request, limit)))
    return items, str(items[-1][SORT_KEY]) if len(items) == limit else None


def starting_from(tenant: str, start: str, after: str | None, limit: int) -> tuple[list[Item], str | None]:
    """The tenant's events of every rank that start at `start` or later, whole, and where to go on.

    `after` is the sort key of the last one before. They come rank by rank, in the order of their starts.
    """
    items: list[Item] = []
    for one in tallies.RANKS:
        if after is not None and one < after[0]:
            continue
        low, high = listing.run_bounds(Run("all", "", (one,)), Range(start, None), None, descending=False)
        if after is not None and one == after[0]:
            low = after + listing.BEFORE
        request = _range(tenant, Run("all", "", (one,)), (low, high))
        items += map(ddb.from_item, _pages(request, limit - len(items)))
        if len(items) == limit:
            return items, str(items[-1][SORT_KEY])
    return items, None


def nearest(tenant: str, run: Run, start: str, limit: int, *, descending: bool) -> list[Item]:
    """The run's first `limit` events that start at `start` or later; with `descending` the last ones before."""
    between = Range(None, start) if descending else Range(start, None)
    bounds = listing.run_bounds(run, between, None, descending=descending)
    return list(_stream(tenant, run, bounds, limit=limit, descending=descending))


def counted(keys: list[tuple[str, str]]) -> dict[tuple[str, str], Item]:
    """The counter items of these keys, in one request, by key."""
    table = settings().events_table
    if len(keys) == 1:
        item = ddb.get(table, *keys[0], consistent=False)
        return {keys[0]: item} if item else {}
    return {(item["pk"], item["sk"]): item for item in ddb.batch_get(table, keys)}


def halls(tenant: str, city: str | None) -> Iterator[Item]:
    """The tenant's halls with their numbers of events."""
    request: dict[str, Any] = {
        "TableName": settings().events_table,
        "KeyConditionExpression": "pk = :pk" + (" AND begins_with(sk, :city)" if city else ""),
        "ExpressionAttributeValues": ddb.to_item(
            {":pk": tallies.halls_partition(tenant)} | ({":city": tallies.city_prefix(city)} if city else {})
        ),
    }
    return map(ddb.from_item, _pages(request))


def tenants(after: str | None, limit: int) -> list[str]:
    """The tenants that have, or had, events, in order, from the one after `after`."""
    request = {
        "TableName": settings().events_table,
        "IndexName": "tenants",
        "KeyConditionExpression": "tenants_pk = :pk" + (" AND tenant > :after" if after else ""),
        "ExpressionAttributeValues": ddb.to_item({":pk": "TENANTS"} | ({":after": after} if after else {})),
        "Limit": limit,
    }
    return [str(ddb.from_item(item)["tenant"]) for item in ddb.query(request)["Items"]]


def closable(tenant: str, now: str, after: str | None, limit: int) -> tuple[list[str], str | None]:
    """The first `limit` events that wait to be closed and are over by `now`, after `after`, and where to go on."""
    partition, place = listing.CLOSING
    request = {
        "TableName": settings().events_table,
        "IndexName": "closing",
        "KeyConditionExpression": "#pk = :pk AND #sk BETWEEN :low AND :high",
        "ExpressionAttributeNames": {"#pk": partition, "#sk": place},
        "ExpressionAttributeValues": ddb.to_item(
            {
                ":pk": listing.closing_partition(tenant),
                ":low": after + listing.BEFORE if after else listing.BEFORE,
                ":high": f"{now}#{listing.AFTER}",
            }
        ),
    }
    keys = [str(ddb.from_item(item)[place]) for item in _pages(request, limit)]
    return [key.rpartition("#")[2] for key in keys], keys[-1] if len(keys) == limit else None


def _stream(
    tenant: str, run: Run, bounds: tuple[str, str], *, limit: int | None = None, descending: bool = False
) -> Iterator[Item]:
    """The events of a run between two sort keys; with `limit` the first so many."""
    if bounds[0] > bounds[1]:
        return
    request = _range(tenant, run, bounds) | {"ScanIndexForward": not descending}
    # Only what documents and checks need travels: reading the rest costs more than the page.
    request |= {
        "ProjectionExpression": ", ".join(_SHOWN),
        "ExpressionAttributeNames": request["ExpressionAttributeNames"] | _SHOWN,
    }
    yield from map(ddb.from_item, _pages(request, limit))


def _range(tenant: str, run: Run, bounds: tuple[str, str]) -> dict[str, Any]:
    """The query of a run between two sort keys."""
    index, partition = INDEXES[run.facet]
    low, high = bounds
    return {
        "TableName": settings().events_table,
        "IndexName": index,
        "KeyConditionExpression": "#pk = :pk AND #sk BETWEEN :low AND :high",
        "ExpressionAttributeNames": {"#pk": partition, "#sk": SORT_KEY},
        "ExpressionAttributeValues": ddb.to_item(
            {":pk": listing.index_partition(tenant, run.facet, run.value), ":low": low, ":high": high}
        ),
    }


def _pages(request: dict[str, Any], limit: int | None = None) -> Iterator[Mapping[str, Any]]:
    """The items of a query, page by page; with `limit` no more are evaluated."""
    given = 0
    while limit is None or given < limit:
        answer = ddb.query(request if limit is None else request | {"Limit": limit - given})
        given += len(answer["Items"])
        yield from answer["Items"]
        if "LastEvaluatedKey" not in answer:
            return
        request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def _start_and_id(item: Item) -> str:
    return str(item[SORT_KEY]).partition("#")[2]
