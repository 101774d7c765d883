"""Lists of events as DynamoDB gives them: lists in order, merged, and how long they are."""

import heapq
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from operator import itemgetter
from typing import Any

from marquee import ddb, keys
from marquee.hub.listing import cards
from marquee.hub.listing.cards import Order
from marquee.hub.listing.placing import Tally
from marquee.hub.models import Item
from marquee.settings import settings

Wanted = Callable[[Mapping[str, Any]], bool]
# Whole events can be large: so many are fetched at a time.
_AT_ONCE = 25
_START = cards.ORDERS["starting"]


@dataclass(frozen=True, slots=True)
class Part:
    """A list that is read: its partition, which of its events are wanted (None: all), and how many these are.

    `looks_at` are the attributes that tell which are wanted. Where the number is None, the list is read to its end.
    """

    partition: str
    wanted: Wanted | None
    looks_at: tuple[str, ...]
    count: int | None


@dataclass(frozen=True, slots=True)
class Span:
    """What of a list is asked for: the order, from where on (after a sort key, or without the first so many)."""

    order: Order
    after: str | None
    skip: int
    rows: int


class Found:
    """The events of some lists in one order, and their number."""

    def __init__(self, streams: Sequence[Iterable[Item]], span: Span, count: int) -> None:
        merged = heapq.merge(*streams, key=itemgetter(span.order.key), reverse=span.order.descending)
        self.count = count
        self._rows = span.rows
        self._left = islice(merged, span.skip, None)

    def page(self) -> Iterator[tuple[Item, Item | None]]:
        """The entries of the page, each with its whole event; None where that is gone by now."""
        missing = self._rows
        while chunk := list(islice(self._left, min(missing, _AT_ONCE))):
            missing -= len(chunk)
            yield from zip(chunk, _whole(chunk), strict=True)

    def has_more(self) -> bool:
        """Whether there is an entry after those of the page, all of which have been taken."""
        return next(self._left, None) is not None


def lists(parts: Sequence[Part], span: Span, latest_start: str | None) -> Found:
    """The events of several lists. `latest_start` bounds what has to be read of lists that are read to their end."""
    count = 0
    streams: list[Iterable[Item]] = []
    for part in parts:
        if part.count is None:
            number, first = _read_through(part, span, latest_start)
            count += number
            streams.append(first)
        elif part.count:
            count += part.count
            streams.append(_stream(part, span))
    return Found(streams, span, count)


def given(items: Collection[Item], span: Span) -> Found:
    """These events, in order."""
    left = sorted(filter(_behind(span), items), key=itemgetter(span.order.key), reverse=span.order.descending)
    return Found([left], span, len(items))


def by_ids(tenant: str, ids: Sequence[str], *, own_only: bool) -> Iterator[Item]:
    """The events with these ids: those of the tenant in any state, of others the listed ones."""
    table = settings().hub_table
    own = {item["uuid"]: item for item in _fetched([(keys.event(tenant, uuid), "EVENT") for uuid in ids])}
    yield from own.values()
    if own_only:
        return
    pointers = ddb.batch_get(table, [cards.pointer_key(uuid) for uuid in ids if uuid not in own])
    card = cards.card_key("all", "")
    yield from _fetched([(keys.event(one["tenant"], cards.pointed_at(one["pk"])), card) for one in pointers])


def counted(tallies: Collection[Tally]) -> dict[Tally, int]:
    """The numbers that these counters hold, in one request."""
    table = settings().hub_table
    wanted = list(dict.fromkeys((one.pk, one.sk) for one in tallies))
    if len(wanted) == 1:
        item = ddb.get(table, *wanted[0], consistent=False)
        found = [item] if item else []
    else:
        found = ddb.batch_get(table, wanted)
    by_key = {(item["pk"], item["sk"]): item for item in found}
    return {one: int(by_key.get((one.pk, one.sk), {}).get(one.attribute, 0)) for one in tallies}


def _whole(entries: Sequence[Item]) -> list[Item | None]:
    """The whole events of these entries; those of which only a part was read are fetched."""
    short = [(one["pk"], one["sk"]) for one in entries if not _is_whole(one)]
    fetched = {(item["pk"], item["sk"]): item for item in _fetched(short)}
    return [one if _is_whole(one) else fetched.get((one["pk"], one["sk"])) for one in entries]


def _is_whole(entry: Item) -> bool:
    return "version" in entry


def _fetched(wanted: Sequence[tuple[str, str]]) -> Iterator[Item]:
    for first in range(0, len(wanted), _AT_ONCE):
        yield from ddb.batch_get(settings().hub_table, wanted[first : first + _AT_ONCE])


def _read_through(part: Part, span: Span, latest_start: str | None) -> tuple[int, list[Item]]:
    """How many events of a list are wanted, and the first ones of them from where the page begins."""
    order = span.order
    # Where only early events can be wanted, the order of start lets the others be.
    bound = ("<=", f"{latest_start}#~") if latest_start else None
    request = _query(part, _START if bound else order, bound, {*part.looks_at, order.key})
    number = 0

    def wanted() -> Iterator[Item]:
        nonlocal number
        for item in _pages(request, None):
            if part.wanted is None or part.wanted(item):
                number += 1
                yield {"pk": item["pk"], "sk": item["sk"], order.key: item[order.key]}

    pick = heapq.nlargest if order.descending else heapq.nsmallest
    first = pick(span.skip + span.rows + 1, filter(_behind(span), wanted()), key=itemgetter(order.key))
    return number, first


def _behind(span: Span) -> Callable[[Item], bool]:
    """Whether an event comes after the sort key at which the page begins."""
    order, after = span.order, span.after
    if after is None:
        return lambda _: True
    return lambda item: bool(item[order.key] < after if order.descending else item[order.key] > after)


def _stream(part: Part, span: Span) -> Iterator[Item]:
    """The wanted events of a list from where the page begins, read as they are asked for."""
    order = span.order
    bound = None if span.after is None else ("<" if order.descending else ">", span.after)
    whole = part.wanted is None and not span.skip
    request = _query(part, order, bound, None if whole else {*part.looks_at, order.key})
    for item in _pages(request, span.skip + span.rows, growing=part.wanted is not None):
        if part.wanted is None or part.wanted(item):
            yield item


def _query(part: Part, order: Order, bound: tuple[str, str] | None, attributes: set[str] | None) -> dict[str, Any]:
    """The query of a list in an order, of the sort keys within the bound; with `attributes` only these travel."""
    names = {"#sort": order.key} if bound else {}
    request: dict[str, Any] = {
        "TableName": settings().hub_table,
        "IndexName": order.index,
        "KeyConditionExpression": "list_pk = :list" + (f" AND #sort {bound[0]} :bound" if bound else ""),
        "ExpressionAttributeValues": ddb.to_item({":list": part.partition} | ({":bound": bound[1]} if bound else {})),
        "ScanIndexForward": not order.descending,
    }
    if attributes is not None:
        shown = {f"#a{number}": name for number, name in enumerate(sorted({"pk", "sk", *attributes}))}
        request["ProjectionExpression"] = ", ".join(shown)
        names |= shown
    return request | ({"ExpressionAttributeNames": names} if names else {})


def _pages(request: dict[str, Any], limit: int | None, *, growing: bool = False) -> Iterator[Item]:
    """The items of a query. With `limit` the first requests evaluate no more than these.

    What is asked for beyond is read one by one, or, where not all items are wanted, in growing portions.
    """
    missing = limit
    while True:
        answer = ddb.query(request if missing is None else request | {"Limit": missing})
        yield from map(ddb.from_item, answer["Items"])
        if "LastEvaluatedKey" not in answer:
            return
        request = request | {"ExclusiveStartKey": answer["LastEvaluatedKey"]}
        if limit is not None and missing is not None:
            left = missing - int(answer["ScannedCount"])
            missing = left if left > 0 else min(2 * limit, 1000) if growing else 1
            limit = max(limit, missing)
