"""From what is asked for to what an event's `doc` holds. Pure: what the organisation decides by default is given."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from decimal import Decimal
from typing import Any, cast

from marquee.errors import Violation
from marquee.hub import rules, wall_time
from marquee.hub.events import discounts
from marquee.hub.events.models import (
    ConfigurationAsked,
    EventAsked,
    FeesAsked,
    ListingAsked,
    RefundAsked,
    SessionsAsked,
    TicketFlags,
)
from marquee.hub.events.parts import merged
from marquee.hub.events.settings_models import SettingsAsked
from marquee.hub.models import Content
from marquee.text import folded

DEFAULT_CURRENCY = "EUR"
# What an organisation can make the default of its events.
DEFAULTED = ("timezone", "currency", "enable_datetime_conversion", "settings", "refund", "fees")
_NOT_CONTENT = ("occurrence", "is_update_org_settings")
_TIMED = ("booking_starts_on", "booking_ends_on")
_DISCOUNT_TIMED = ("discount_starts_on", "discount_ends_on")


def created(uuid: str, asked: EventAsked, defaults: Mapping[str, Any], wrong: list[Violation]) -> Content:
    """The content of a new event; what it leaves out is as the organisation's defaults have it, else as ours do.

    Adds to `wrong` what is refused.
    """
    given = {name: defaults[name] for name in DEFAULTED if defaults.get(name) is not None}
    base = _opened(_laid_over(_blank(), given))
    back = base["refund"]["policy"]["amount"]
    if back["discount_type"] == "fixed" and "currency" in asked.model_fields_set and asked.currency != base["currency"]:
        # An amount of the defaults is one in their own currency.
        base["refund"] = RefundAsked().model_dump()
    after = merged(base, asked)
    if not after["timezone"]:
        message = "The event needs a time zone, such as Europe/Berlin: its organisation has none by default."
        wrong.append(Violation("timezone.missing", "event.timezone", message))
        after["timezone"] = "UTC"
    return _closed(uuid, after, wrong)


def changed(uuid: str, content: Content, asked: EventAsked, wrong: list[Violation]) -> Content:
    """The content after a change. Amounts keep their value where the currency changes. Adds to `wrong`."""
    return _closed(uuid, merged(_opened(content), asked), wrong)


def defaults_of(content: Content) -> dict[str, Any]:
    """What the organisation's next events are to have by default. Times of this event are not among it."""
    kept: dict[str, Any] = {name: deepcopy(content[name]) for name in DEFAULTED}  # type: ignore[literal-required]
    for name in _TIMED:
        if kept["settings"][name]["type"] == "specific_time":
            kept["settings"][name] = _blank()["settings"][name]
    return kept


def _laid_over(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """`base` with what `over` has, deeply: defaults from before a setting came to be do not lack it."""
    return {
        name: _laid_over(value, over[name])
        if isinstance(value, dict) and isinstance(over.get(name), dict)
        else over.get(name, value)
        for name, value in base.items()
    }


def _blank() -> dict[str, Any]:
    """An event of which nothing is said, as stored."""
    content: Content = {
        "name": "",
        "display_name": None,
        "description": "",
        "timezone": "",
        "enable_datetime_conversion": False,
        "currency": DEFAULT_CURRENCY,
        "premium": False,
        "banner": [],
        "thumbnail": None,
        "resources": [],
        "links": [],
        "tax": [],
        "configuration": ConfigurationAsked().model_dump(),
        "survey_configuration": [],
        "coupons": [],
        "early_bird_discount": discounts.blank(),
        "tickets": TicketFlags().model_dump(),
        "listing": ListingAsked().model_dump(),
        "settings": SettingsAsked().model_dump(),
        "sessions": SessionsAsked().model_dump(),
        "refund": RefundAsked().model_dump(),
        "ticket_instruction": None,
        "metrics": [{"name": "SHARED_COUNT", "value": 0}],
        "fees": FeesAsked().model_dump(),
        "interactions": {
            name: [] for name in ("saves", "shares", "attendees", "speaker", "reviews", "waiting_list", "join_url")
        },
        "merchandise": {"products": []},
        "event_settings_reviewed": False,
        "custom_attributes": [],
        "event_code": None,
        "activities": [],
        "contact_email": None,
        "invitations": [],
    }
    content["refund"]["policy"]["amount"]["discount_unit"] = 0
    return cast("dict[str, Any]", content)


def _opened(content: Mapping[str, Any]) -> dict[str, Any]:
    """Stored content with its amounts as Decimals, as requests have them."""
    after = deepcopy(dict(content))
    for part, name, kind in _amounts(after):
        if part[name] is not None:
            part[name] = discounts.amount(part[name], kind, content["currency"])
    return after


def _closed(uuid: str, after: dict[str, Any], wrong: list[Violation]) -> Content:
    """The inverse of `_opened`, with uuids and times in the form in which they are stored."""
    for name in _NOT_CONTENT:
        after.pop(name, None)
    currency, timezone = after["currency"], after["timezone"]
    for part, name, kind in _amounts(after):
        if part[name] is not None:
            field = f"event.{_path(after, part)}.{name}"
            part[name] = discounts.minor(Decimal(part[name]), kind, currency, field, wrong)
    for part, has_own in _timed(after):
        # A time that follows from the occurrences is worked out when the event is read; sent back, it is not kept.
        local = part.get("local") if has_own else None
        part["local"] = wall_time.written(wall_time.parse(local, timezone)) if local else None
    for coupon in after["coupons"]:
        for name in ("starts_on", "ends_on"):
            coupon[name] = coupon[name] if (coupon[name] or {}).get("local") else None
    after["listing"]["categories"] = [_category(one) for one in after["listing"]["categories"]]
    for kind in ("coupons", "invitations"):
        after[kind] = [identified(uuid, kind, one) for one in after[kind]]
        for name in ("code", "uuid"):
            wrong += _repeated(kind, name, [one[name] for one in after[kind]])
    return cast("Content", after)


def _amounts(content: dict[str, Any]) -> list[tuple[dict[str, Any], str, str | None]]:
    """Where amounts stand: the part, the field's name, and whether it is a percentage."""
    bird, back = content["early_bird_discount"], content["refund"]["policy"]["amount"]
    return [
        (bird, "discount", bird["discount_type"]),
        (back, "discount_unit", back["discount_type"]),
        *((one, "discount_amount", one["discount_type"]) for one in content["coupons"]),
    ]


def _path(content: dict[str, Any], part: dict[str, Any]) -> str:
    if part is content["early_bird_discount"]:
        return "early_bird_discount"
    if part is content["refund"]["policy"]["amount"]:
        return "refund.policy.amount"
    return f"coupons.{next(place for place, one in enumerate(content['coupons']) if one is part)}"


def _timed(content: dict[str, Any]) -> list[tuple[dict[str, Any], bool]]:
    """The parts with a time, and whether it is the part's own."""
    settings, bird = content["settings"], content["early_bird_discount"]
    return [
        *((settings[name], settings[name]["type"] == "specific_time") for name in _TIMED),
        *((bird[name], bird["type"] == "specific_time") for name in _DISCOUNT_TIMED),
        *((one[name], True) for one in content["coupons"] for name in ("starts_on", "ends_on") if one[name]),
    ]


def _category(given: dict[str, Any]) -> dict[str, Any]:
    return {**given, "uuid": (given["uuid"] or rules.derived_uuid("category", folded(given["name"]))).lower()}


def identified(uuid: str, kind: str, given: dict[str, Any]) -> dict[str, Any]:
    """With the uuid that the code always has in this event, unless one was given."""
    own = given["uuid"] or rules.derived_uuid(uuid, kind, given["code"])
    return {**given, "uuid": own.lower()}


def _repeated(kind: str, name: str, values: Sequence[str]) -> list[Violation]:
    return [
        Violation(f"{kind}.repeated", f"event.{kind}.{place}.{name}", f"'{value}' is there more than once.")
        for place, value in enumerate(values)
        if value in values[:place]
    ]
