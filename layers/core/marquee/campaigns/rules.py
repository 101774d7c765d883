"""Pure rules of campaigns: documents from what is stored, and what becomes of set-ups."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from marquee import money
from marquee.campaigns.models import (
    Campaign,
    CampaignDocument,
    CampaignsDocument,
    CampaignSettingsDocument,
    CampaignTotals,
    Figures,
    NewSettings,
    Settings,
    Setup,
)
from marquee.errors import Unprocessable, Violation

_THOUSAND = 1000


def minor_units(amount: Decimal, currency: str, field: str) -> int:
    """An amount of the currency in minor units. Raises Unprocessable where it has more decimals than the currency."""
    minor = money.to_minor(amount, currency)
    if minor is None:
        told = f"{field} has more than the {money.exponent(currency)} decimals that {currency} has."
        raise Unprocessable("money.too_precise", told, violations=[Violation("money.too_precise", field, told)])
    return minor


# --- settings ---------------------------------------------------------------------------------------------------------


def settings_asked(asked: NewSettings, base: Settings, at: str) -> Settings:
    """The settings to store in place of `base`. Raises Unprocessable naming what is no currency, or too precise."""
    spend: dict[str, int] = {}
    for currency, amount in sorted(asked.minimum_spend.items()):
        field = f"minimum_spend.{currency}"
        if not money.is_currency(currency):
            told = f"'{currency}' is no ISO 4217 currency."
            raise Unprocessable("currency.unknown", told, violations=[Violation("currency.unknown", field, told)])
        spend[currency] = minor_units(amount, currency, field)
    floor = None if asked.return_floor is None else int(asked.return_floor * _THOUSAND)
    return {
        "version": base["version"] + 1,
        "return_floor": floor,
        "minimum_spend": spend,
        "default_platform": asked.default_platform,
        "updated_at": at,
    }


def settings_document(stored: Settings) -> CampaignSettingsDocument:
    """The settings as they are sent."""
    floor = stored["return_floor"]
    return {
        "return_floor": None if floor is None else float(Decimal(floor).scaleb(-3)),
        "minimum_spend": {code: money.to_number(minor, code) for code, minor in stored["minimum_spend"].items()},
        "default_platform": stored["default_platform"],
        "version": stored["version"],
        "updated_at": stored["updated_at"],
    }


# --- documents --------------------------------------------------------------------------------------------------------


def figures(setup: Setup | None, campaigns: Sequence[Campaign], currency: str) -> Figures:
    """What an event's campaigns are and have brought: all that were paid for count, those that were reset too.

    Counted as campaigns are those of the present set-up, none where it came to nothing. Sums mix no currencies.
    """
    launch_id = setup["launch_id"] if setup and setup["phase"] not in {"FAILED", "WITHDRAWING"} else None
    paid = [one for one in campaigns if one["currency"] == currency]
    return {
        "campaigns": sum(one["launch_id"] == launch_id for one in campaigns),
        "currency": currency,
        "spent": sum(one.get("spent", 0) for one in paid),
        "revenue": sum(one.get("revenue", 0) for one in paid),
        "purchases": sum(one.get("purchases", 0) for one in paid),
    }


def campaigns_document(eid: str, setup: Setup | None, campaigns: Sequence[Campaign]) -> CampaignsDocument:
    """An event's campaigns as they are sent."""
    shown: Mapping[str, object] = setup or {}
    return {
        "event_id": eid,
        "launch_id": setup["launch_id"] if setup else None,
        "state": setup["phase"] if setup else None,
        "goal": setup["goal"] if setup else None,
        "start": setup["start"] if setup else None,
        "stop": setup["stop"] if setup else None,
        "reasons": setup["reasons"] if setup else [],
        "currency": str(shown["currency"]) if shown else None,
        "totals": _totals(setup["currency"] if setup else None, campaigns),
        "items": [_campaign(one) for one in campaigns],
    }


def _campaign(one: Campaign) -> CampaignDocument:
    currency = one["currency"]
    return {
        "event_id": one["eid"],
        "tc": one["tc"],
        "tc_run_id": one["tc_run_id"],
        "platform": one["platform"],
        "label": one["label"],
        "status": one["status"],
        "reason": one["off"] or one["reason"],
        "external_id": one["external_id"],
        "budget": money.to_number(one["budget"], currency),
        "spent": money.to_number(one.get("spent", 0), currency),
        "reach": one.get("reach", 0),
        "impressions": one.get("impressions", 0),
        "clicks": one.get("clicks", 0),
        "purchases": one.get("purchases", 0),
        "revenue": money.to_number(one.get("revenue", 0), currency),
        "currency": currency,
        "delivered_until": one.get("delivered_until"),
    }


def _totals(currency: str | None, campaigns: Sequence[Campaign]) -> CampaignTotals:
    def sent(minor: int) -> float:
        return money.to_number(minor, currency) if currency else 0

    return {
        "budget": sent(sum(one["budget"] for one in campaigns)),
        "spent": sent(sum(one.get("spent", 0) for one in campaigns)),
        "impressions": sum(one.get("impressions", 0) for one in campaigns),
        "clicks": sum(one.get("clicks", 0) for one in campaigns),
        "purchases": sum(one.get("purchases", 0) for one in campaigns),
        "revenue": sent(sum(one.get("revenue", 0) for one in campaigns)),
    }
