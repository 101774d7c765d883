"""Pure rules of optimisation: which campaigns are switched off, and why. None is ever switched on.

Above 95 % sold, more advertising sells little that would not sell anyway. Below the tenant's return floor (the revenue
that the platforms report per unit of money spent) it costs more than the tenant wants to pay; that is judged only
after a minimum spend, before which the return is chance.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from typing import Literal

SOLD_OUT = Decimal("0.95")
"""The share of the capacity above which campaigns are switched off."""

# Of the budget: what is spent before the return counts, where the tenant has not said so.
_USUAL_PART = 10

_HUNDREDTHS, _THOUSANDTHS = Decimal("0.01"), Decimal("0.001")

Code = Literal["sold_out", "return_floor"]


@dataclass(frozen=True, slots=True)
class Policy:
    """What the tenant asked for: which optimisations are ON, and the return below which it does not want to advertise.

    `return_floor` is revenue per unit spent (None: no floor), `minimum_spend` in minor units (None: a tenth of the
    budget).
    """

    event: bool
    ad: bool
    return_floor: Decimal | None
    minimum_spend: int | None


@dataclass(frozen=True, slots=True)
class Figures:
    """A campaign's delivery since it began, and its budget, in minor units."""

    key: str
    spent: int
    revenue: int
    budget: int


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a campaign is switched off: a code, and a sentence for people."""

    code: Code
    message: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What is switched off: all of the event's campaigns, or single ones by key."""

    event: Reason | None
    campaigns: dict[str, Reason]


NOTHING = Decision(None, {})


def decide(policy: Policy, sold: int, capacity: int, running: Sequence[Figures], all_of: Sequence[Figures]) -> Decision:
    """What to switch off of an event's `running` campaigns; `all_of` are all of its launch, the paused ones too.

    Event-level optimisation judges them together and switches off all, ad-level each by itself. Where both are ON and
    the event's says so, all go off and single ones are not asked.
    """
    if not running:
        return NOTHING
    share = Decimal(sold) / capacity if capacity > 0 else Decimal(0)
    full = _sold_out(share) if share > SOLD_OUT else None
    if policy.event:
        reason = full or _below(policy, all_of)
        if reason is not None:
            return Decision(reason, {})
    if policy.ad:
        found = {one.key: full or _below(policy, [one]) for one in running}
        return Decision(None, {key: reason for key, reason in found.items() if reason is not None})
    return NOTHING


def _sold_out(share: Decimal) -> Reason:
    return Reason(
        "sold_out", f"{share * 100:.1f} % of the tickets are sold, which is more than {SOLD_OUT * 100:.0f} %."
    )


def _below(policy: Policy, judged: Sequence[Figures]) -> Reason | None:
    spent, revenue = sum(one.spent for one in judged), sum(one.revenue for one in judged)
    minimum = policy.minimum_spend
    if minimum is None:
        minimum = sum(one.budget for one in judged) // _USUAL_PART
    floor = policy.return_floor
    if floor is None or spent <= 0 or spent < minimum or revenue >= floor * spent:
        return None
    places = _HUNDREDTHS if floor == floor.quantize(_HUNDREDTHS) else _THOUSANDTHS
    returned = (Decimal(revenue) / spent).quantize(places, ROUND_DOWN)
    return Reason("return_floor", f"It returned {returned} per unit spent, below {floor.quantize(places)}.")
