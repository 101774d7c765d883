"""The early-bird discount of a ticket level, from what is asked for to what is stored."""

from typing import Any

from marquee.errors import Violation
from marquee.hub import wall_time
from marquee.hub.events import discounts
from marquee.hub.events.discounts import EarlyBirdAsked
from marquee.hub.events.parts import merged


def settled(
    before: dict[str, Any], asked: EarlyBirdAsked, currency: str, timezone: str, wrong: list[Violation]
) -> dict[str, Any]:
    """The discount as it is stored, with what is asked for. Adds to `wrong` what it cannot be."""
    opened = dict(before)
    if before["discount"] is not None:
        opened["discount"] = discounts.amount(before["discount"], before["discount_type"], currency)
    after = merged(opened, asked)
    if after["discount"] is not None:
        field = "ticket.early_bird_discount.discount"
        after["discount"] = discounts.minor(after["discount"], after["discount_type"], currency, field, wrong)
    for name in ("discount_starts_on", "discount_ends_on"):
        # A time that follows from the occurrences is worked out when the level is read; sent back, it is not kept.
        local = after[name].get("local") if after["type"] == "specific_time" else None
        after[name] = {**after[name], "local": wall_time.written(wall_time.parse(local, timezone)) if local else None}
    return after
