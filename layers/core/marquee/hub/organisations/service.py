"""Use cases of organisations: their profiles, and the defaults of their events."""

from collections.abc import Callable, Mapping
from copy import deepcopy
from functools import cache
from typing import Any, cast

import orjson

from marquee import clock
from marquee.errors import Conflict
from marquee.hub import rewriting, rules, wall_time
from marquee.hub.events import discounts
from marquee.hub.images import service as images
from marquee.hub.models import Item, OrganisationSnapshot
from marquee.hub.organisations import repository
from marquee.hub.organisations.models import Defaults, OrganisationAsked, OrganisationDocument, Profile
from marquee.ids import derived_id
from marquee.preconditions import Precondition


def profile(tenant: str) -> Profile:
    """What the organisation's events show of it and get from it, in one read."""
    return _profile(tenant, repository.get(tenant))


def snapshot(tenant: str) -> OrganisationSnapshot:
    """What the organisation's events show of it."""
    return profile(tenant).snapshot


def set_defaults(tenant: str, values: Mapping[str, Any]) -> None:
    """Make these the defaults of the organisation's events; those of other names stay.

    Amounts of money are as events store them, in minor units of the `currency` that is among the values. Repeated, it
    changes nothing. Raises Conflict where others never stop writing.
    """

    def changes(item: Item) -> Item:
        before = _defaults(item)
        after = {**before, **values}
        return {} if after == before else {"defaults": orjson.dumps(after).decode()}

    _write(tenant, changes)


def read(tenant: str) -> OrganisationDocument:
    """The organisation; it is there before anybody wrote its profile."""
    return _document(tenant, repository.get(tenant))


def update(
    tenant: str, sub: str, asked: OrganisationAsked, precondition: Precondition, key: str | None
) -> OrganisationDocument:
    """Write the organisation's profile anew; its events show it from when they are written next.

    A profile that is the same writes nothing. An update that is repeated under its key of the caller `sub` finds its
    mark, and is answered without being made again. Raises Stale, Unprocessable for an image that cannot be used, and
    Conflict where others never stop writing.
    """
    mark = derived_id("req", tenant, sub, key, asked.model_dump_json()) if key else None

    @cache
    def checked(stored: str | None) -> str:
        return images.checked(tenant, asked.image or "", "image", (stored,) if stored else ())

    def changes(item: Item) -> Item:
        if mark and item.get("mark") == mark:
            return {}
        precondition.require(item["version"])
        image = checked(item.get("image")) if asked.image else None
        after = {"name": asked.name, "info": asked.info, "image": image}
        same = all(item.get(name) == value for name, value in after.items())
        return {} if same else {**after, "mark": mark}

    return _document(tenant, _write(tenant, changes))


def _write(tenant: str, changes: Callable[[Item], Item]) -> Item:
    """Apply what `changes` makes of the stored organisation, anew until nobody wrote meanwhile; {} is nothing."""
    for _ in rewriting.attempts():
        item = repository.get(tenant)
        wanted = changes(item)
        if not wanted:
            return item
        try:
            return repository.save(item, {**wanted, "updated_at": clock.timestamp()})
        except repository.VersionMoved:
            continue
    raise Conflict("organisation.contended", "The organisation is being changed by others. Try again.")


def _document(tenant: str, item: Item) -> OrganisationDocument:
    snapshot, defaults, version = _profile(tenant, item)
    return {
        "uuid": tenant,
        **snapshot,
        "metrics": [],
        "interactions": {"preferences": [], "follows": None, "followed_by": None, "mutes": None},
        "defaults": _shown(defaults),
        "version": version,
    }


def _shown(defaults: dict[str, Any]) -> Defaults:
    """The defaults as events send such parts: amounts in the currency's own unit. They hold no times."""
    shown = deepcopy(defaults)
    if "refund" in shown:
        amount = shown["refund"]["policy"]["amount"]
        amount["discount_unit"] = discounts.number(amount["discount_unit"], amount["discount_type"], shown["currency"])
    if "fees" in shown:
        shown["fees"]["currency"] = shown["currency"]
    if "settings" in shown:
        for name in ("booking_starts_on", "booking_ends_on"):
            shown["settings"][name] |= wall_time.NEVER
    return cast("Defaults", shown)


def _profile(tenant: str, item: Item) -> Profile:
    name = item.get("name") or tenant
    shown: OrganisationSnapshot = {
        "name": name,
        "slug": rules.slug(name) or rules.slug(tenant) or tenant,
        "info": item.get("info"),
        "image": item.get("image"),
    }
    return Profile(shown, _defaults(item), item["version"])


def _defaults(item: Item) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(item.get("defaults") or "{}")
    return found
