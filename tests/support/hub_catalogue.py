"""Many made-up events of many organisations, and what lists must say of them by brute force."""

import random
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from marquee.hub import heads, wall_time
from marquee.hub.listing import cards, placing, windows
from marquee.hub.models import Item
from marquee.text import folded
from tests.support.hub_listing import content, head, online, rule, venue
from tests.support.hub_shelf import Shelf

NOW = datetime(2035, 6, 13, 17, 30, tzinfo=UTC)  # a Wednesday
TENANTS = ["aurora", "borealis", "ceres"]
ZONES = ["Europe/Berlin", "Pacific/Kiritimati", "America/Los_Angeles", "UTC"]
NAMES = ["Élan Vital", "elan night", "Straße der Lieder", "Aida", "aida", "Fair 7", "Zauberflöte", "\U0001f3b8 Loud"]
CATEGORIES = ["Music", "Opera", "Fair"]
PEOPLE = ["sub-anna", "sub-bert"]
Query = Mapping[str, Sequence[str]]


def uuid(choose: random.Random) -> str:
    """A random UUID, repeatable."""
    return str(UUID(int=choose.getrandbits(128), version=4))


def made_up(choose: random.Random, tenant: str) -> Item:
    """An event with a bit of everything that lists can be asked for, near `NOW` as a rule."""
    start = NOW.replace(tzinfo=None, minute=0) + timedelta(
        days=choose.choice([0, 0, 1, 2, 3, 5, 9, 20, 40, -1, -3, 200, 400]), hours=choose.randint(-6, 6)
    )
    zone, written = choose.choice(ZONES), f"{start:%Y-%m-%d %H:%M}"
    repeats = choose.choice(
        [
            rule(written),
            rule(written, type="daily", ends=("after", 4), duration=choose.choice([60, 60 * 30])),
            rule(written, type="weekly", ends=("after", 6), interval=2),
            rule(
                f"{written[:11]}10:00", type="timeslots", ends=("after", 3), timeslots=["10:00", "21:00"], duration=90
            ),
            rule(written, type="monthly", ends=("after", 3)),
        ]
    )
    country = choose.choice(["Germany", "ÖSTERREICH", "Österreich", ""])
    described = content(
        name=choose.choice(NAMES),
        description=choose.choice(["", "A night of Glühwein"]),
        timezone=zone,
        currency=choose.choice(["EUR", "EUR", "CHF"]),
        configuration=choose.choice([venue("Oper", choose.choice(["Bonn", "Zürich"]), country), online()]),
        listing={
            "enabled": choose.random() < 0.8,
            "featured": choose.random() < 0.3,
            "categories": choose.sample(CATEGORIES, choose.randint(0, 2)),
            "tags": choose.sample(["family", "late"], choose.randint(0, 1)),
        },
        interactions={
            "attendees": [{"sub": one} for one in PEOPLE if choose.random() < 0.3],
            "speaker": [{"sub": one} for one in PEOPLE if choose.random() < 0.3],
        },
        contact_email=choose.choice([None, "Box@office.example", "desk@office.example"]),
        invitations=[{"code": one} for one in ("VIP", "press") if choose.random() < 0.3],
    )
    state = choose.choice(["draft", "ready", "published", "published", "published", "unpublished", "cancelled"])
    created = datetime(2035, 1, 1, tzinfo=UTC) + timedelta(hours=choose.randrange(30))
    return head(tenant, uuid(choose), described, repeats, state=state, created_at=f"{created:%Y-%m-%dT%H:%M:%SZ}")


def listed(events: Iterable[Item], query: Query, tenant: str, sub: str) -> list[str]:
    """The ids of the events in the list that this caller asks for, in order."""
    asked = {name: values[0] for name, values in query.items()}
    found = [one for one in events if _visible(one, asked, tenant) and _answers(one, query, asked, sub)]
    by, _, direction = asked.get("order_by", "created_descending").partition("_")
    found.sort(key=lambda one: (_ordered_by(one, by), one["uuid"]), reverse=direction == "descending")
    return [one["uuid"] for one in found]


def _ordered_by(event: Item, by: str) -> str:
    match by:
        case "name":
            return folded(heads.content(event)["name"])
        case "starting":
            return wall_time.written(next(heads.spans(event))[1])
        case _:
            return str(event["created_at"])


def _visible(event: Item, asked: Mapping[str, str], tenant: str) -> bool:
    """Whether an event is among those that the list is about."""
    own, status = event["tenant"] == tenant, asked.get("status")
    private = any(name in asked for name in ("contact_email", "invitation_code", "invitation_id"))
    if (private or asked.get("my") == "organised_events" or status in {"draft", "ready"}) and not own:
        return False
    if status in {"draft", "ready"}:
        return bool(event["state"] == status)
    if status is None and asked.get("my") == "organised_events":
        return True
    return event["state"] == "published" and bool(own or heads.content(event)["listing"]["enabled"])


def _answers(event: Item, query: Query, asked: Mapping[str, str], sub: str) -> bool:
    said: Any = heads.content(event)
    listing, place = said["listing"], said["configuration"]
    address = (place["attributes"][0]["value"].get("address") or {}) if place["type"] == "venue_event" else {}
    spans = [(start, end) for _, start, end in heads.spans(event)]
    zone = said["timezone"]
    texts = [said["name"], said["description"], f"Organisation {event['tenant']}", *listing["tags"]]
    texts += [one["name"] for one in listing["categories"]]
    if place["type"] == "venue_event":
        texts += [place["attributes"][0]["value"]["name"], address["city"], address["country"]]

    def overlaps(name: Any) -> bool:
        first, last = windows.window(name, NOW, zone)
        return any(start < last and end > first for start, end in spans)

    def among(name: str) -> bool:
        return any(one["sub"] == sub for one in said["interactions"][name])

    ids = {one for text in query.get("filter_by_ids", []) for one in text.split(",")}
    organisations = {one for text in query.get("organisation", []) for one in text.split(",")}
    tests: dict[str, Any] = {
        "status": lambda value: value != "live" or any(start <= NOW < end for start, end in spans),
        "event_type": lambda value: ("online" if value == "online" else "venue") == place["type"].split("_")[0],
        "category": lambda value: value in [one["uuid"] for one in listing["categories"]],
        "country": lambda value: folded(address.get("country", "")) == folded(value),
        "invitation_code": lambda value: value in [one["code"] for one in said["invitations"]],
        "invitation_id": lambda value: value in [one["uuid"] for one in said["invitations"]],
        "contact_email": lambda value: (said["contact_email"] or "").lower() == value.lower(),
        "time_filter": lambda value: overlaps(value.split(",")[0]),
        "filter_by_ids": lambda _: event["uuid"] in ids,
        "search_q": lambda value: all(any(word in folded(text) for text in texts) for word in folded(value).split()),
        "organisation": lambda _: event["tenant"] in organisations,
        "currency": lambda value: said["currency"] == value,
        "my": lambda value: {"attending": among("attendees"), "speaking": among("speaker")}.get(value, True),
        "featured": lambda value: value == "0" or listing["featured"],
        "event_start_on": lambda value: value in [wall_time.written(wall_time.local(s, zone)) for s, _ in spans],
    }
    return all(tests[name](value) for name, value in asked.items() if name in tests)


def tallies(events: Iterable[Item]) -> dict[tuple[str, str], int]:
    """What must be counted: each organisation's events by state, and the public lists by facet and value."""
    found: dict[tuple[str, str], int] = {}

    def one_more(key: tuple[str, str]) -> None:
        found[key] = found.get(key, 0) + 1

    for event in events:
        said = heads.content(event)
        one_more((event["tenant"], event["state"]))
        if event["state"] != "published":
            continue
        if not said["listing"]["enabled"]:
            one_more((event["tenant"], "unlisted"))
            continue
        one_more(("all", ""))
        one_more(("organisation", event["tenant"]))
        for category in said["listing"]["categories"]:
            one_more(("category", category["uuid"]))
        place = said["configuration"]["attributes"][0]["value"]
        if said["configuration"]["type"] == "venue_event" and place["address"]["country"]:
            one_more(("country", folded(place["address"]["country"])))
    return found


def stored(events: Iterable[Item]) -> list[Item]:
    """Every item that writing these events one by one would have left."""
    found: list[Item] = []
    counters: dict[tuple[str, str], Item] = {}
    for event in events:
        placed = placing.placed(event)
        found += [placed, *placing.copies(placed)]
        for tally, number in placing.tallies(placed).items():
            item = counters.setdefault((tally.pk, tally.sk), {"pk": tally.pk, "sk": tally.sk})
            item[tally.attribute] = item.get(tally.attribute, 0) + number
    return [*found, *counters.values()]


def category(name: str) -> str:
    """The id of a category that is given by name."""
    return str(content(listing={"categories": [name]})["listing"]["categories"][0]["uuid"])


CATEGORY_NAMES = [f"Category {number}" for number in range(8)]
COUNTRIES = [f"Country {number:02d}" for number in range(20)]


def crowd(organisations: int, published: int) -> Shelf:
    """A store with so many published events of so many organisations, `org0` and on, and a draft beside every tenth.

    Each takes its turn in eight categories and twenty countries. `org1` has three more that are not listed. Items are
    made when they are read.
    """
    shelf, counters = Shelf(), dict[tuple[str, str], Item]()
    variants = [
        content(configuration=venue("Arena", "Bonn", country), listing={"categories": [name]})
        for country in COUNTRIES
        for name in CATEGORY_NAMES
    ]
    unlisted = content(listing={"enabled": False})

    def stored_head(number: int, kind: str) -> Item:
        choose = random.Random(f"{number} {kind}")
        said = unlisted if kind == "unlisted" else variants[choose.randrange(len(variants))]
        start = NOW + timedelta(minutes=15 * choose.randrange(70_000))
        created = datetime(2034, 1, 1, tzinfo=UTC) + timedelta(seconds=choose.randrange(10**7))
        tenant = "org1" if kind == "unlisted" else f"org{number % organisations}"
        state = "draft" if kind == "draft" else "published"
        described = {**said, "name": f"{choose.choice(NAMES)} {number}"}
        at = f"{created:%Y-%m-%dT%H:%M:%SZ}"
        return head(tenant, uuid(choose), described, rule(f"{start:%Y-%m-%d %H:%M}"), state=state, created_at=at)

    kinds = [(number, "published") for number in range(published)]
    kinds += [(number, "draft") for number in range(0, published, 10)] + [(number, "unlisted") for number in range(3)]
    for number, kind in kinds:
        event = stored_head(number, kind)
        sorts = cards.sort_keys(event)
        own = {"list_pk": cards.own_list(event["tenant"]), **sorts}
        shelf.put(event["pk"], "EVENT", own, lambda n=number, k=kind: placing.placed(stored_head(n, k)))  # type: ignore[misc]
        for facet, value, partition in placing.places(event):
            sk = cards.card_key(facet, value)
            shelf.put(
                event["pk"],
                sk,
                {"list_pk": partition, **sorts},
                lambda n=number, k=kind, one=sk: _copy(stored_head(n, k), one),  # type: ignore[misc]
            )
        for tally, one in placing.tallies(event).items():
            item = counters.setdefault((tally.pk, tally.sk), {"pk": tally.pk, "sk": tally.sk})
            item[tally.attribute] = item.get(tally.attribute, 0) + one
    for (pk, sk), item in counters.items():
        shelf.put(pk, sk, {}, item)
    return shelf


def _copy(event: Item, sk: str) -> Item:
    return next(one for one in placing.copies(event) if one["sk"] == sk)
