"""Copies in lists and counters after any sequence of changes: those that brute force finds, and nothing else."""

import base64
import random
from typing import Any

import boto3
import pytest

from marquee import ddb
from marquee.errors import Unprocessable
from marquee.hub import heads, repository
from marquee.hub.listing import cards, placing
from marquee.hub.models import Item
from tests.support.hub_catalogue import NAMES, TENANTS, made_up, stored, tallies
from tests.support.hub_listing import content, head, numbered, place, rule, venue

Events = dict[str, Item]


def everything(table: str) -> list[Item]:
    pages = boto3.client("dynamodb", region_name="eu-central-1").get_paginator("scan").paginate(TableName=table)
    return [ddb.from_item(item) for page in pages for item in page["Items"]]


def by_key(items: list[Item]) -> dict[tuple[str, str], Item]:
    return {(item["pk"], item["sk"]): item for item in items}


def counters(items: list[Item]) -> dict[tuple[str, str, str], int]:
    """Every number that is not zero."""
    return {
        (item["pk"], item["sk"], name): number
        for item in items
        for name, number in item.items()
        if "COUNTS" in item["pk"] and name not in {"pk", "sk"} and number
    }


def changed(choose: random.Random, event: Item) -> Item:
    """Something that a route may do with an event."""
    said: Any = heads.content(event)
    match choose.choice(["state", "state", "state", "name", "start", "country", "categories", "listing"]):
        case "state":
            return {"state": choose.choice(["ready", "published", "published", "unpublished", "cancelled"])}
        case "name":
            return {"doc": heads.packed({**said, "name": choose.choice(NAMES)})}
        case "start":
            moved = head(
                event["tenant"], event["uuid"], said, rule("2035-09-01 20:00", type="daily", ends=("after", 3))
            )
            return {name: moved[name] for name in ("rule", "runs")}
        case "country":
            return {
                "doc": heads.packed({**said, "configuration": venue("Halle", "Bern", choose.choice(["CH", "", "AT"]))})
            }
        case "categories":
            names = choose.sample(["Music", "Opera", "Fair", "Jazz"], choose.randint(0, 3))
            categories = content(listing={"categories": names})["listing"]["categories"]
            return {"doc": heads.packed({**said, "listing": {**said["listing"], "categories": categories}})}
        case _:
            listing = {**said["listing"], "enabled": not said["listing"]["enabled"]}
            return {"doc": heads.packed({**said, "listing": listing})}


@pytest.mark.parametrize("seed", range(3))
def test_lists_and_counters_are_those_of_brute_force_after_any_changes(aws: dict[str, str], seed: int) -> None:
    # Given a few events
    choose = random.Random(seed)
    events: Events = {}
    for _ in range(8):
        event = made_up(choose, choose.choice(TENANTS))
        assert repository.create(event)
        events[event["uuid"]] = placing.placed(event)
    # When they are changed, deleted and written by those who read them too early
    for _ in range(70):
        uuid = choose.choice(list(events))
        event = events[uuid]
        if choose.random() < 0.05:
            repository.remove(events.pop(uuid))
        elif choose.random() < 0.1:
            with pytest.raises(repository.VersionMoved):
                repository.save({**event, "version": event["version"] + 5}, changed(choose, event))
        else:
            events[uuid] = repository.save(event, changed(choose, event))
    # Then there is exactly what writing the last state of each at once would leave
    there, expected = everything(aws["HubTable"]), stored(events.values())
    assert counters(there) == counters(expected)
    assert by_key([one for one in there if "COUNTS" not in one["pk"]]) == by_key(
        [one for one in expected if "COUNTS" not in one["pk"]]
    )
    # And the numbers are those of brute force
    assert summed(counters(there)) == tallies(events.values())


def summed(numbers: dict[tuple[str, str, str], int]) -> dict[tuple[str, str], int]:
    found: dict[tuple[str, str], int] = {}
    for (pk, _, attribute), number in numbers.items():
        public = pk.startswith("PUBLISHED#COUNTS#")
        facet, _, value = pk.removeprefix("PUBLISHED#COUNTS#").partition("#")
        key = (facet, value) if public else (pk.removeprefix("T#").removesuffix("#COUNTS"), attribute)
        found[key] = found.get(key, 0) + number
    return found


def test_a_write_that_moves_an_event_rewrites_what_changed(aws: dict[str, str]) -> None:
    # Given a published event in a category and a country
    event = place("aurora", numbered(1), listing={"categories": ["Music"]})
    # When its country changes
    said: Any = heads.content(event)
    after = placing.placed({**event, "doc": heads.packed({**said, "configuration": venue("Oper", "Wien", "Austria")})})
    writes = placing.writes(event, after)
    # Then the entry by country moves with its numbers, the other copies are renewed, and no other number is touched
    puts = {one["Put"]["Item"]["sk"]["S"].split("#")[1] for one in writes if "Put" in one}
    gone = [one["Delete"]["Key"]["sk"]["S"] for one in writes if "Delete" in one]
    numbers = sorted(one["Update"]["Key"]["pk"]["S"] for one in writes if "Update" in one)
    assert puts == {"all", "organisation", "category", "country"}
    assert gone == ["CARD#country#germany"]
    assert numbers == ["PUBLISHED#COUNTS#country#austria", "PUBLISHED#COUNTS#country#germany"]
    # And a draft has nothing but its own number
    draft = placing.placed({**event, "state": "draft"})
    assert len(placing.writes(None, draft)) == 1


def test_the_largest_move_fits_a_transaction_with_a_session(aws: dict[str, str]) -> None:
    def event(first: int, country: str) -> Item:
        names = [f"Category {number}" for number in range(first, first + placing.MOST_CATEGORIES)]
        said = content(listing={"categories": names}, configuration=venue("Oper", "Bonn", country))
        return placing.placed(head("aurora", numbered(1), said, rule(), state="published"))

    writes = placing.writes(event(0, "Germany"), event(100, "Austria"))
    # The head, the mark of a publication, and a session are in it too.
    assert len(writes) + 1 + 2 + 1 <= 100
    assert len({_target(one) for one in writes}) == len(writes)


def _target(write: dict[str, Any]) -> tuple[str, str]:
    ((_, one),) = write.items()
    key = one.get("Key") or one["Item"]
    return key["pk"]["S"], key["sk"]["S"]


@pytest.mark.parametrize("too_much", ["categories", "bytes"])
def test_an_event_in_too_many_lists_is_not_published(aws: dict[str, str], too_much: str) -> None:
    names = [f"Category {number}" for number in range(11 if too_much == "categories" else 10)]
    notes = base64.b64encode(random.Random(1).randbytes(245_000)).decode() if too_much == "bytes" else ""
    said = content(listing={"categories": names}, custom_attributes=[{"name": "notes", "value": notes}])
    draft = head("aurora", numbered(1), said, rule(), state="ready")
    assert repository.create(draft)
    with pytest.raises(Unprocessable) as refused:
        repository.save(draft, {"state": "published"})
    assert refused.value.code == {"categories": "event.categories", "bytes": "event.too_large"}[too_much]


def test_the_number_of_all_events_is_kept_in_four_places(aws: dict[str, str]) -> None:
    places = {
        tally
        for number in range(40)
        for tally in placing.tallies(head("aurora", numbered(number), content(), rule(), state="published"))
        if "#all#" in tally.pk
    }
    assert places == set(placing.public_tallies("all", ""))
    assert len(places) == 4
    assert len({tally.pk for tally in places}) == 1


def test_names_of_any_length_make_keys_that_are_short_enough() -> None:
    for name in ("\ufdfa" * 75, "Ø" * 75, "\x00\x1f bell", "\U0001f3b8" * 75):
        keys = cards.sort_keys(head("aurora", numbered(1), content() | {"name": name}, rule()))
        assert len(keys["name_sk"].encode()) <= 1024
        assert keys["name_sk"].endswith(f"\x1f{numbered(1)}")
        assert keys["name_sk"].count("\x1f") == 1
