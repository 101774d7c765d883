"""Where an event stands in lists, and how it is counted: what every write of an event writes with it.

The event itself is in its organisation's list. While it is published there are copies of it below its key, one for each
public list that it is in: all, its organisation's, its country's, one for each of its categories; or, where it is not
listed, one in a list for its own organisation. The number of events in each list is kept in the same transaction, that
of a list which many organisations write to in four places: they would wait for each other otherwise.
"""

import zlib
from collections import Counter
from typing import Any, NamedTuple

from marquee import ddb
from marquee.errors import Unprocessable, Violation
from marquee.hub import room
from marquee.hub.listing import cards, facts
from marquee.hub.models import Item
from marquee.settings import settings

MOST_CATEGORIES = 10
SHARDS = 4
# Copies are written in one transaction, which holds 4 MB; the event itself and a session are in it too.
_MOST_BYTES = 3_000_000
_MOST_BYTES_EACH = 380_000
_MANY_WRITERS = ("all", "country", "category")


class Tally(NamedTuple):
    """One number: its item's key, and its attribute."""

    pk: str
    sk: str
    attribute: str


def placed(item: Item) -> Item:
    """The event with the attributes that put it into its organisation's lists.

    Raises Unprocessable where it is to be listed and is in too many categories, or too large to be copied.
    """
    copies = _copies(item)
    own_facts = facts.of(item)
    if own_facts["listed"] and len(own_facts["categories"]) > MOST_CATEGORIES and item["state"] == "published":
        code, told = "event.categories", f"A listed event is in at most {MOST_CATEGORIES} categories."
        raise Unprocessable(code, told, violations=[Violation(code, "event.listing.categories", told)])
    sizes = [len(one["card"]) + len(one["description"]) + len(one["facts"].encode()) for one in copies]
    if sum(sizes) > _MOST_BYTES or any(one > _MOST_BYTES_EACH for one in sizes):
        raise room.too_large("The event is too large for that many lists: shorten it, or name fewer categories.")
    return {**item, "list_pk": cards.own_list(item["tenant"]), **cards.sort_keys(item)}


def writes(before: Item | None, after: Item | None) -> list[dict[str, Any]]:
    """The writes of the transaction that takes an event from `before` to `after` (None: there is none)."""
    table = settings().hub_table
    left = _keys(before)
    entries = copies(after)
    # What leads from an id to its organisation never changes; a copy always does, as it holds the event's version.
    fresh = [one for one in entries if "card" in one or (one["pk"], one["sk"]) not in left]
    gone = [key for key in left if key not in {(one["pk"], one["sk"]) for one in entries}]
    return [
        *({"Put": {"TableName": table, "Item": ddb.to_item(one)}} for one in fresh),
        *({"Delete": {"TableName": table, "Key": ddb.to_item({"pk": pk, "sk": sk})}} for pk, sk in gone),
        *_counted(table, before, after),
    ]


def own_tally(tenant: str, attribute: str) -> Tally:
    """The number of an organisation's events in a state, or of its published ones that are not listed."""
    return Tally(f"T#{tenant}#COUNTS", "EVENTS", attribute)


def public_tallies(facet: str, value: str) -> list[Tally]:
    """The numbers that add up to the length of a public list."""
    shards = SHARDS if facet in _MANY_WRITERS else 1
    return [Tally(f"PUBLISHED#COUNTS#{facet}#{cards.short(value)}", str(shard), "events") for shard in range(shards)]


def tallies(head: Item | None) -> Counter[Tally]:
    """Everything that an event counts in."""
    found: Counter[Tally] = Counter()
    if head is None:
        return found
    found[own_tally(head["tenant"], head["state"])] += 1
    if head["state"] != "published":
        return found
    known = facts.of(head)
    if not known["listed"]:
        found[own_tally(head["tenant"], cards.UNLISTED)] += 1
        return found
    for facet, value in cards.facets(known):
        shards = public_tallies(facet, value)
        found[shards[zlib.crc32(head["uuid"].encode()) % len(shards)]] += 1
    return found


def _counted(table: str, before: Item | None, after: Item | None) -> list[dict[str, Any]]:
    changes = tallies(after)
    changes.subtract(tallies(before))
    by_item: dict[tuple[str, str], dict[str, int]] = {}
    for tally, change in changes.items():
        if change:
            by_item.setdefault((tally.pk, tally.sk), {})[tally.attribute] = change
    found = []
    for (pk, sk), deltas in by_item.items():
        clause, names, attributes = ddb.add_expression(deltas)
        update = {
            "TableName": table,
            "Key": ddb.to_item({"pk": pk, "sk": sk}),
            "UpdateExpression": clause,
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": attributes,
        }
        found.append({"Update": update})
    return found


def places(head: Item | None) -> list[tuple[str, str, str]]:
    """The lists that have a copy of the event: facet, value, partition."""
    if head is None or head["state"] != "published":
        return []
    known = facts.of(head)
    if not known["listed"]:
        return [(cards.UNLISTED, "", cards.unlisted_list(head["tenant"]))]
    return [(facet, value, cards.public_list(facet, value)) for facet, value in cards.facets(known)]


def copies(head: Item | None) -> list[Item]:
    """The copies of an event and the entry by its id: all that lists have of it beside itself."""
    return [*_copies(head), *_pointers(head)]


def _copies(head: Item | None) -> list[Item]:
    lists = places(head)
    if head is None or not lists:
        return []
    copy = cards.packed(head, facts.of(head))
    return [cards.entry(head, copy, *one) for one in lists]


def _pointers(head: Item | None) -> list[Item]:
    """The entry that leads from the event's id to its organisation, for those who know the id only."""
    if head is None or not any(facet == "all" for facet, _, _ in places(head)):
        return []
    pk, sk = cards.pointer_key(head["uuid"])
    return [{"pk": pk, "sk": sk, "tenant": head["tenant"]}]


def _keys(head: Item | None) -> dict[tuple[str, str], None]:
    """The keys of everything that lists have of the event, beside the event itself."""
    copies = [(head["pk"], cards.card_key(facet, value)) for facet, value, _ in places(head)] if head else []
    return dict.fromkeys([*copies, *((one["pk"], one["sk"]) for one in _pointers(head))])
