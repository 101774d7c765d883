"""Pure rules of ticket levels.

Quantities count tickets, and a ticket admits one. A price that includes several (a table of four) takes as many of its
level's quantity, and as many of the event's capacity: neither is ever multiplied.

A level takes its quantity of the event's capacity while it is on sale. One without a limit, or that is not on sale,
takes what it has sold.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, cast

from marquee.errors import Conflict, Violation
from marquee.hub.models import MOST_LEVELS, StoredLevel, StoredPrice
from marquee.hub.tickets import amounts, early_birds
from marquee.hub.tickets.models import NATURAL, UNLIMITED, GivenPrice, TicketAsked

_AMOUNTS = ("min_donation_amount", "max_donation_amount", "default_donation_amount")
# What is not stored as it is given.
_READ = {*_AMOUNTS, "settings", "custom_attributes", "early_bird_discount", "pricing_details"}


def sold(level: StoredLevel) -> int:
    """How many tickets the level has sold."""
    return sum(one["quantity_sold"] for one in level["pricing_details"])


def places(levels: Sequence[StoredLevel]) -> int:
    """How much of the event's capacity the levels take."""
    return sum(
        max(one["quantity"], sold(one)) if one["status"] and one["quantity"] != UNLIMITED else sold(one)
        for one in levels
    )


def over_capacity(levels: Sequence[StoredLevel], capacity: int, field: str) -> Violation | None:
    """What is wrong where the levels take more than the event holds; a capacity of 0 is none given."""
    if not capacity or (taken := places(levels)) <= capacity:
        return None
    message = f"The ticket levels take {taken} places; the event's capacity is {capacity}."
    return Violation("ticket.over_capacity", field, message)


def priced(levels: Sequence[StoredLevel]) -> bool:
    """Whether the levels hold any amount of money, which means another one in another currency."""
    return any(
        any(one[name] for name in _AMOUNTS)  # type: ignore[literal-required]
        or any(price["price"] for price in one["pricing_details"])
        or (one["early_bird_discount"].get("discount_type") == "fixed" and one["early_bird_discount"].get("discount"))
        for one in levels
    )


def repriced(levels: Sequence[StoredLevel], before: str, after: str, field: str) -> Violation | None:
    """What is wrong with a change of the event's currency: prices would silently become others."""
    if before == after or not priced(levels):
        return None
    message = f"The ticket levels have prices in {before}. Set them to 0 before you change the currency to {after}."
    return Violation("currency.priced", field, message)


def uncouponed(levels: Sequence[StoredLevel], coupons: Collection[str], field: str) -> Violation | None:
    """What is wrong where the event has only these coupons, by uuid, and a ticket level names another one."""
    for one in levels:
        for coupon in one["coupons"]:
            if coupon not in coupons:
                message = f"The ticket level '{one['name']}' takes the coupon '{coupon}', which would be gone."
                return Violation("coupon.in_use", field, message)
    return None


def ordered(levels: Sequence[StoredLevel]) -> list[StoredLevel]:
    """The levels as they are listed: those with a number by it, then the natural ones, each in order of creation."""

    def place(level: StoredLevel) -> tuple[bool, int, str]:
        natural = level["display_order"] == NATURAL
        return natural, 0 if natural else int(level["display_order"]), level["created_at"]

    return sorted(levels, key=place)


def blank(uuid: str, now: str) -> StoredLevel:
    """A ticket level of which nothing is said yet."""
    asked = TicketAsked().model_dump()
    amounts_of_nothing: dict[str, Any] = dict.fromkeys(_AMOUNTS, 0)
    return cast("StoredLevel", {**asked, **amounts_of_nothing, "uuid": uuid, "created_at": now})


def settled(
    before: StoredLevel, given: TicketAsked, currency: str, timezone: str, new_uuid: Callable[[int], str]
) -> tuple[StoredLevel, list[Violation]]:
    """The level with what was given, and what is wrong with it by itself.

    `new_uuid` gives the id of a new price by its place. Raises Conflict for a price that has sold and is left out.
    """
    wrong: list[Violation] = []
    named = given.model_fields_set
    after: dict[str, Any] = dict(before)
    for name in named - _READ:
        after[name] = getattr(given, name)
    for name in named & {"settings", "custom_attributes"}:
        after[name] = [one.model_dump() for one in getattr(given, name)]
    for name in named & set(_AMOUNTS):
        after[name] = amounts.read(getattr(given, name), currency, f"ticket.{name}", wrong)
    if "early_bird_discount" in named:
        bird = before["early_bird_discount"]
        after["early_bird_discount"] = early_birds.settled(bird, given.early_bird_discount, currency, timezone, wrong)
    if "pricing_details" in named:
        after["pricing_details"] = _prices(before["pricing_details"], given.pricing_details, currency, new_uuid, wrong)
    if not after["pricing_details"] and after["category"] != "paid":
        # Sales are counted at prices, those of nothing too.
        after["pricing_details"] = _prices([], [GivenPrice()], currency, new_uuid, wrong)
    level = cast("StoredLevel", after)
    return level, [*wrong, *_faults(level)]


def _prices(
    before: Sequence[StoredPrice],
    given: Sequence[GivenPrice],
    currency: str,
    new_uuid: Callable[[int], str],
    wrong: list[Violation],
) -> list[StoredPrice]:
    known = {one["uuid"]: one for one in before}
    after: dict[str, StoredPrice] = {}
    for place, one in enumerate(given):
        field = f"ticket.pricing_details.{place}"
        if one.uuid is not None and one.uuid not in known:
            message = f"The ticket level has no price '{one.uuid}'. Leave the uuid out for a new one."
            wrong.append(Violation("price.not_found", f"{field}.uuid", message))
        uuid = one.uuid or new_uuid(place)
        if uuid in after:
            wrong.append(Violation("price.repeated", f"{field}.uuid", f"The price '{uuid}' is there more than once."))
        after[uuid] = {
            "uuid": uuid,
            "variation": one.variation,
            "price": amounts.read(one.price, currency, f"{field}.price", wrong),
            "quantity_included": one.quantity_included,
            "quantity_sold": known[uuid]["quantity_sold"]
            if one.quantity_sold is None and uuid in known
            else one.quantity_sold or 0,
        }
    for uuid, gone in known.items():
        if uuid not in after and gone["quantity_sold"]:
            raise Conflict("price.sold", f"Tickets were sold at the price '{uuid}': it cannot be left out.")
    return list(after.values())


def _faults(level: StoredLevel) -> list[Violation]:
    """What is wrong with a level, whatever else the event has."""
    found: list[Violation] = []
    if not level["name"]:
        found.append(Violation("ticket.name_missing", "ticket.name", "A ticket level needs a name."))
    if level["max_quantity_per_customer"] == 0:
        message = "Give at least 1, or -1 for no limit."
        found.append(Violation("ticket.none_per_customer", "ticket.max_quantity_per_customer", message))
    if level["quantity"] != UNLIMITED and level["quantity"] < sold(level):
        message = f"{sold(level)} tickets were sold already: the quantity cannot be {level['quantity']}."
        found.append(Violation("ticket.below_sold", "ticket.quantity", message))
    if level["category"] == "paid" and not level["pricing_details"]:
        found.append(Violation("ticket.price_missing", "ticket.pricing_details", "A paid ticket level needs a price."))
    return [*found, *_price_faults(level), *_donation_faults(level)]


def _price_faults(level: StoredLevel) -> list[Violation]:
    found: list[Violation] = []
    for place, one in enumerate(level["pricing_details"]):
        field = f"ticket.pricing_details.{place}"
        if 0 < level["quantity"] < one["quantity_included"]:
            message = f"One purchase gives {one['quantity_included']} tickets; there are {level['quantity']}."
            found.append(Violation("price.includes_too_many", f"{field}.quantity_included", message))
        if level["category"] != "paid" and one["price"]:
            message = f"The price of a {level['category']} ticket level is 0."
            found.append(Violation("price.not_zero", f"{field}.price", message))
    return found


def _donation_faults(level: StoredLevel) -> list[Violation]:
    least, default, most = (
        level[name] for name in ("min_donation_amount", "default_donation_amount", "max_donation_amount")
    )
    if level["category"] != "donation":
        message = f"A {level['category']} ticket level takes no donations: the amount is 0."
        return [
            Violation("donation.not_taken", f"ticket.{name}", message)
            for name in _AMOUNTS
            if level[name]  # type: ignore[literal-required]
        ]
    if not most:
        message = "Say how much can be donated at most."
        return [Violation("donation.maximum_missing", "ticket.max_donation_amount", message)]
    found = []
    if least > most:
        message = "The least donation is above the largest."
        found.append(Violation("donation.minimum_too_large", "ticket.min_donation_amount", message))
    elif not least <= default <= most:
        message = "The default donation is not between the least and the largest."
        found.append(Violation("donation.default_out_of_range", "ticket.default_donation_amount", message))
    return found


def misfits(
    levels: Sequence[StoredLevel],
    level: StoredLevel,
    *,
    capacity: int,
    session_known: bool,
    coupons: Collection[str],
) -> list[Violation]:
    """What is wrong with a level among all `levels` that the event has then.

    `session_known` is whether the event has the session that the level names, `coupons` are the event's, by uuid.
    """
    found: list[Violation] = []
    if len(levels) > MOST_LEVELS:
        message = f"An event has at most {MOST_LEVELS} ticket levels."
        found.append(Violation("ticket.too_many", "ticket", message))
    if not session_known:
        message = f"The event has no session '{level['session_id']}'."
        found.append(Violation("session.not_found", "ticket.session_id", message))
    found += [
        Violation("coupon.not_found", f"ticket.coupons.{place}", f"The event has no coupon '{one}'.")
        for place, one in enumerate(level["coupons"])
        if one not in coupons
    ]
    if (parent := _parent_fault({one["uuid"]: one for one in levels}, level)) is not None:
        found.append(parent)
    if (over := over_capacity(levels, capacity, "ticket.quantity")) is not None:
        found.append(over)
    return found


def _parent_fault(levels: Mapping[str, StoredLevel], level: StoredLevel) -> Violation | None:
    seen = {level["uuid"]}
    above = level["parent_id"]
    while above is not None:
        if above not in levels:
            return Violation("ticket.not_found", "ticket.parent_id", f"The event has no ticket level '{above}'.")
        if above in seen:
            return Violation("ticket.cycle", "ticket.parent_id", "A ticket level cannot be below itself.")
        seen.add(above)
        above = levels[above]["parent_id"]
    return None


def require_removable(
    levels: Sequence[StoredLevel], level: StoredLevel, sessions: Mapping[str, Mapping[str, Any]]
) -> None:
    """Raise Conflict where the level cannot go: it has sold, or a level or one of the `sessions` (by uuid) names it."""
    uuid = level["uuid"]
    if sold(level):
        message = "Tickets of this level were sold. Set its status to false to end its sale."
        raise Conflict("ticket.sold", message)
    for one in levels:
        if one["parent_id"] == uuid:
            raise Conflict("ticket.is_parent", f"The ticket level '{one['uuid']}' is below this one.")
    for session_uuid, session in sessions.items():
        if uuid in (session["ticket_uuids"] or ()):
            raise Conflict("ticket.in_session", f"The session '{session_uuid}' is for this ticket level.")
        if any(session["sold"].get(uuid, {}).values()):
            raise Conflict("ticket.sold", f"Tickets of this level were sold for the session '{session_uuid}'.")
