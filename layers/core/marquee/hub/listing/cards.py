"""Copies of published events, as public lists keep them, and the keys by which lists are in order.

A copy holds what lists show, packed, and beside it the facts that filters look at. What is the organiser's own business
(contact address, invitations, coupons, who attends) is not in it.
"""

import hashlib
import unicodedata
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import orjson

from marquee import keys
from marquee.hub import heads, wall_time
from marquee.hub.listing import facts
from marquee.hub.listing.facts import Facts
from marquee.hub.models import Item
from marquee.text import folded

UNLISTED = "unlisted"
_PLAIN = (
    "tenant",
    "uuid",
    "version",
    "state",
    "sequence",
    "session_count",
    "created_at",
    "updated_at",
    "state_at",
    "published_at",
)
_PACKED = ("rule", "runs", "levels", "org")
_KEPT_INTERACTIONS = {"speaker", "reviews"}
# A key of an index holds 1,024 bytes, the id and what is between included.
_LONGEST_NAME = 900
_LONGEST_VALUE = 100
# Sorts before everything that is in a name.
_BETWEEN = "\x1f"
_POINTER = "PUBLISHED#ID#"


@dataclass(frozen=True, slots=True)
class Order:
    """An index, its sort key, and the way it is read."""

    index: str
    key: str
    descending: bool


ORDERS: dict[str, Order] = {
    "created_ascending": Order("by_created", "created_sk", descending=False),
    "created_descending": Order("by_created", "created_sk", descending=True),
    "starting": Order("by_start", "start_sk", descending=False),
    "name_ascending": Order("by_name", "name_sk", descending=False),
    "name_descending": Order("by_name", "name_sk", descending=True),
}


def own_list(tenant: str) -> str:
    """Partition of all events of an organisation."""
    return f"T#{tenant}#EVENTS"


def unlisted_list(tenant: str) -> str:
    """Partition of an organisation's published events that are not listed."""
    return f"T#{tenant}#UNLISTED"


def public_list(facet: str, value: str) -> str:
    """Partition of the published events of all organisations that have this value."""
    return f"PUBLISHED#{facet}#{short(value)}"


def short(value: str) -> str:
    """A value as keys hold it: of bounded length."""
    if len(value.encode()) <= _LONGEST_VALUE:
        return value
    return f"sha256-{hashlib.sha256(value.encode()).hexdigest()}"


def sort_keys(head: Mapping[str, Any]) -> dict[str, str]:
    """What an event is in order by, in every list. Each is unique, as it ends with the event's id."""
    content = heads.content(head)
    first = next(iter(heads.occurrences(head)), None)
    start = "9999" if first is None else wall_time.written(wall_time.moment(first.start, content["timezone"]))
    return {
        "created_sk": f"{head['created_at']}#{head['uuid']}",
        "start_sk": f"{start}#{head['uuid']}",
        "name_sk": f"{sorted_name(content['name'])}{_BETWEEN}{head['uuid']}",
    }


def sorted_name(name: str) -> str:
    """A name as lists sort it: without case, accents and control characters, and not too long for a key."""
    plain = "".join(one for one in folded(name) if unicodedata.category(one) != "Cc").strip()
    return plain.encode()[:_LONGEST_NAME].decode(errors="ignore")


def facets(found: Facts) -> list[tuple[str, str]]:
    """The public lists that a listed event is in, by facet and value."""
    country = [("country", found["country"])] if found["country"] else []
    categories = [("category", one) for one in found["categories"]]
    return [("all", ""), ("organisation", found["tenant"]), *country, *categories]


def card_key(facet: str, value: str) -> str:
    """Sort key of an event's copy in a list, below the event."""
    return f"CARD#{facet}#{short(value)}"


def pointer_key(uuid: str) -> tuple[str, str]:
    """Key of the entry that leads from a listed event's id to its organisation."""
    return f"{_POINTER}{uuid}", "EVENT"


def pointed_at(pk: str) -> str:
    """The id that such an entry is of."""
    return pk.removeprefix(_POINTER)


def packed(head: Mapping[str, Any], found: Facts) -> Item:
    """An event's copy, without the list it is in."""
    content: Any = dict(heads.content(head))
    # The description is packed apart: searches read it of many events.
    content |= {"contact_email": None, "invitations": [], "coupons": [], "description": ""}
    content["interactions"] = {
        name: value if name in _KEPT_INTERACTIONS else [] for name, value in content["interactions"].items()
    }
    parts = [content, *(orjson.loads(head[name]) for name in _PACKED)]
    publication = head.get("publication")
    return {
        **{name: head[name] for name in _PLAIN},
        "publication": {"phase": publication["phase"]} if publication else None,
        **sort_keys(head),
        "facts": heads.packed(facts.published(found)),
        "description": zlib.compress(heads.content(head)["description"].encode()),
        "card": zlib.compress(orjson.dumps(parts)),
    }


def unpacked(item: Mapping[str, Any]) -> Item:
    """The event of a copy, as far as lists show it, in the form of a stored event."""
    content, *others = orjson.loads(zlib.decompress(item["card"]))
    content["description"] = description(item)
    parts = {name: heads.packed(value) for name, value in zip(_PACKED, others, strict=True)}
    plain = {name: item[name] for name in (*_PLAIN, "publication")}
    return {"pk": item["pk"], "sk": "EVENT", **plain, "doc": heads.packed(content), **parts}


def is_card(item: Mapping[str, Any]) -> bool:
    """Whether this is a copy, not the event itself."""
    return str(item["sk"]).startswith("CARD#")


def facts_of(item: Mapping[str, Any]) -> Facts:
    """The facts of an entry of a list, be it a copy or the event itself."""
    if is_card(item):
        return cast("Facts", orjson.loads(item["facts"]))
    return facts.of(item)


def description(item: Mapping[str, Any]) -> str:
    """The description of an entry of a list."""
    return zlib.decompress(item["description"]).decode() if is_card(item) else heads.content(item)["description"]


def entry(head: Mapping[str, Any], copy: Item, facet: str, value: str, list_pk: str) -> Item:
    """The copy as one list has it."""
    return {"pk": keys.event(head["tenant"], head["uuid"]), "sk": card_key(facet, value), **copy, "list_pk": list_pk}
