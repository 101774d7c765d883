"""A campaign in Meta's words, as pure rules.

By its public documentation a campaign carries the objective and the special ad categories, an ad set below it the
budget, the time, the audience and what is optimised for, an ad below that what is shown (Marketing API reference: Ad
Campaign Group, Ad Set, Ad, Special Ad Category, Currencies, Targeting Search, Insights).
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from marquee import money
from marquee.campaigns.platforms.errors import Refused
from marquee.campaigns.platforms.models import Account, CampaignSpec, Delivery, RemoteCampaign
from marquee.errors import Violation

Node = Mapping[str, Any]

# Without the field, or with an edge's default, archived ones are left out: a second campaign would stand beside them.
STATUSES = (
    "ACTIVE",
    "PAUSED",
    "PENDING_REVIEW",
    "DISAPPROVED",
    "PREAPPROVED",
    "PENDING_BILLING_INFO",
    "CAMPAIGN_PAUSED",
    "ADSET_PAUSED",
    "IN_PROCESS",
    "WITH_ISSUES",
    "ARCHIVED",
)
AD_FIELDS = "id,name,status,adset_id"
AD_SET_FIELDS = f"id,name,status,campaign_id,lifetime_budget,end_time,targeting,ads.limit(50){{{AD_FIELDS}}}"
FIELDS = f"id,name,status,objective,special_ad_categories,adsets.limit(50){{{AD_SET_FIELDS}}}"
"""What is read of a campaign, in one request with all below it."""
INSIGHTS = "spend,impressions,reach,inline_link_clicks,actions,action_values,account_currency"

_OBJECTIVES = {"SALES": "OUTCOME_SALES", "AWARENESS": "OUTCOME_AWARENESS", "TRAFFIC": "OUTCOME_TRAFFIC"}
_GOALS = {"SALES": "OFFSITE_CONVERSIONS", "AWARENESS": "REACH", "TRAFFIC": "LINK_CLICKS"}
_CATEGORIES = {
    name: name
    for name in (
        "HOUSING",
        "EMPLOYMENT",
        "FINANCIAL_PRODUCTS_SERVICES",
        "ISSUES_ELECTIONS_POLITICS",
        "ONLINE_GAMBLING_AND_GAMING",
    )
} | {"CREDIT": "FINANCIAL_PRODUCTS_SERVICES"}
_EVERY_ADULT = {"HOUSING", "EMPLOYMENT", "FINANCIAL_PRODUCTS_SERVICES"}
_WHOLE = frozenset(["CLP", "COP", "CRC", "HUF", "ISK", "IDR", "JPY", "KRW", "PYG", "TWD", "VND"])
"""Currencies that Meta counts in whole units (offset 1); all others in hundredths."""
# The same purchases are reported under several types; the first of these that is there has all of them.
_PURCHASES = ("omni_purchase", "purchase", "offsite_conversion.fb_pixel_purchase")
_LONGEST_NAME = 200


# --- what is asked for ------------------------------------------------------------------------------------------------


def name_of(spec: CampaignSpec) -> str:
    """The name of a campaign and of all below it: it ends with the external key."""
    return f"{spec.name[:_LONGEST_NAME]} [{spec.key}]"


def categories(asked: str | None) -> list[str]:
    """Meta's special ad categories for an event's; none for none. Raises Refused for one that Meta does not have."""
    if asked is None or asked.strip().upper() in {"", "NONE"}:
        return []
    wanted = re.sub(r"[\s-]+", "_", asked.strip().upper())
    if wanted not in _CATEGORIES:
        raise _refused("special_ad_category", f"Meta has no special ad category '{asked[:60]}'.")
    return [_CATEGORIES[wanted]]


def campaign_fields(account: Account, spec: CampaignSpec) -> dict[str, Any]:
    """The campaign to create, paused. Raises Refused."""
    special = categories(spec.special_ad_category)
    fields: dict[str, Any] = {
        "name": name_of(spec),
        "objective": _OBJECTIVES[spec.objective],
        "status": "PAUSED",
        "buying_type": "AUCTION",
        "special_ad_categories": special,
        "is_adset_budget_sharing_enabled": False,
    }
    if special:
        fields["special_ad_category_country"] = countries(account)
    return fields


def ad_set_fields(
    account: Account, spec: CampaignSpec, campaign_id: str, interests: Sequence[Mapping[str, str]]
) -> dict[str, Any]:
    """The ad set to create, paused: it is switched on by itself, so that a second one by mistake spends nothing.

    `interests` have Meta's `id` and `name`. Raises Refused where the account's settings lack what the objective needs.
    """
    fields: dict[str, Any] = {
        "name": name_of(spec),
        "campaign_id": campaign_id,
        "status": "PAUSED",
        "lifetime_budget": budget(spec),
        "start_time": spec.start.replace("Z", "+0000"),
        "end_time": spec.stop.replace("Z", "+0000"),
        "billing_event": "IMPRESSIONS",
        "optimization_goal": _GOALS[spec.objective],
        "bid_strategy": "LOWEST_COST_WITHOUT_CAP",
        "targeting": targeting(account, spec, interests),
    }
    page = account.settings.get("page_id")
    match spec.objective:
        case "SALES":
            pixel = account.settings.get("pixel_id")
            if not pixel:
                raise _refused("pixel_id", "Sales are optimised by a pixel, and the integration 'meta' has none.")
            fields["promoted_object"] = {"pixel_id": pixel, "custom_event_type": "PURCHASE"}
        case "AWARENESS" if page:
            fields["promoted_object"] = {"page_id": page}
        case "TRAFFIC":
            fields["destination_type"] = "WEBSITE"
    for ours, theirs in (("beneficiary", "dsa_beneficiary"), ("payor", "dsa_payor")):
        if account.settings.get(ours):
            fields[theirs] = account.settings[ours]
    return fields


def ad_fields(spec: CampaignSpec, ad_set_id: str, creative_id: str) -> dict[str, Any]:
    """The ad to create. It is on from the beginning: what is above it decides."""
    return {
        "name": name_of(spec),
        "adset_id": ad_set_id,
        "status": "ACTIVE",
        "creative": {"creative_id": creative_id},
    }


def targeting(account: Account, spec: CampaignSpec, interests: Sequence[Mapping[str, str]]) -> dict[str, Any]:
    """The audience: who lives in the account's countries and likes one of these.

    Meta is not to widen it on its own, as the rates are those of this audience. Housing, employment and finance are
    shown to every adult of either sex, as Meta demands; age and sex are restricted for no other either.
    """
    asked: dict[str, Any] = {
        "geo_locations": {"countries": countries(account)},
        "targeting_automation": {"advantage_audience": 0},
    }
    if interests:
        asked["flexible_spec"] = [{"interests": [dict(one) for one in interests]}]
    if _EVERY_ADULT.intersection(categories(spec.special_ad_category)):
        asked |= {"age_min": 18, "age_max": 65}
    return asked


def countries(account: Account) -> list[str]:
    """The countries of the account's settings (ISO 3166). Raises Refused where there are none."""
    found = [one for one in account.settings.get("countries", "").split(",") if one]
    if not found:
        raise _refused("countries", "The integration 'meta' has no countries.")
    return found


def budget(spec: CampaignSpec) -> int:
    """The budget in Meta's unit of the currency, rounded down. Raises Refused where nothing is left of it."""
    offset = 1 if spec.currency in _WHOLE else 100
    found = int(spec.budget * offset // Decimal(10) ** money.exponent(spec.currency))
    if found < 1:
        raise _refused("budget", "The budget is less than the smallest amount that Meta knows.")
    return found


# --- what is there ----------------------------------------------------------------------------------------------------


def ours(nodes: Iterable[Node], spec: CampaignSpec) -> list[Node]:
    """Those that carry the external key, the one that counts first.

    Several are there where a creation's answer was lost and looking for it came too early. One that is switched on
    counts before one that is not (then it is the one that spends), one with something below it before an empty one,
    the older one (lower id) before the younger.
    """
    end = f"[{spec.key}]"
    named = [one for one in nodes if str(one.get("name", "")).endswith(end) and one.get("status") != "DELETED"]
    return sorted(
        named,
        key=lambda node: (
            node.get("status") != "ACTIVE",
            node.get("status") == "ARCHIVED",
            not (below(node, "adsets") or below(node, "ads")),
            len(str(node["id"])),
            str(node["id"]),
        ),
    )


def below(node: Node, edge: str) -> list[Node]:
    """The nodes on an edge that was read with the node, deleted ones left out."""
    found: list[Node] = node.get(edge, {}).get("data", [])
    return [one for one in found if one.get("status") not in {"DELETED", "ARCHIVED"}]


def single(campaign: Node, spec: CampaignSpec) -> bool:
    """Whether there is no more than one of everything below the campaign."""
    sets = ours(below(campaign, "adsets"), spec)
    return len(sets) <= 1 and all(len(ours(below(one, "ads"), spec)) <= 1 for one in sets)


def as_remote(account: Account, spec: CampaignSpec, campaign: Node) -> RemoteCampaign:
    """The campaign as Meta has it."""
    parts = {"campaign": str(campaign["id"])}
    sets = ours(below(campaign, "adsets"), spec)
    ads = ours(below(sets[0], "ads"), spec) if sets else []
    if sets:
        parts["ad_set"] = str(sets[0]["id"])
    if ads:
        parts["ad"] = str(ads[0]["id"])
    archived = campaign.get("status") == "ARCHIVED"
    return RemoteCampaign(
        id=str(campaign["id"]),
        key=spec.key,
        running=campaign.get("status") == "ACTIVE",
        complete=bool(sets) and bool(ads or not account.settings.get("creative_id")) and not archived,
        parts=parts,
        differences=tuple(_differences(account, spec, campaign, sets[0] if sets else None)),
    )


def _differences(account: Account, spec: CampaignSpec, campaign: Node, ad_set: Node | None) -> Iterable[str]:
    """What somebody has changed by hand; interests are left out, as Meta renames them, and so is the start."""
    if campaign.get("status") == "ARCHIVED":
        yield "status"
    if campaign.get("objective") != _OBJECTIVES[spec.objective]:
        yield "objective"
    if {*(campaign.get("special_ad_categories") or ())} - {"NONE"} != {*categories(spec.special_ad_category)}:
        yield "special_ad_category"
    if ad_set is None:
        return
    if str(ad_set.get("lifetime_budget")) != str(budget(spec)):
        yield "budget"
    ends = ad_set.get("end_time")
    if not ends or datetime.fromisoformat(str(ends)) != datetime.fromisoformat(spec.stop):
        yield "stop"
    places = ad_set.get("targeting", {}).get("geo_locations", {}).get("countries", ())
    if {*places} != {*countries(account)}:
        yield "countries"
    if campaign.get("status") == "ACTIVE" and ad_set.get("status") != "ACTIVE":
        yield "ad_set_status"


def delivery(spec: CampaignSpec, rows: Sequence[Node], until: str) -> Delivery:
    """Meta's insights as figures; no rows where nothing was shown yet. Raises Refused for another currency."""
    row = rows[0] if rows else {}
    if row.get("account_currency", spec.currency) != spec.currency:
        raise currency_refused(str(row["account_currency"]), spec)
    purchases, revenue = (
        next((found[name] for name in _PURCHASES if name in found), Decimal(0))
        for found in (_by_type(row.get("actions")), _by_type(row.get("action_values")))
    )
    return Delivery(
        until=until,
        spent=_minor(Decimal(str(row.get("spend", "0"))), spec.currency),
        reach=int(row.get("reach", 0)),
        impressions=int(row.get("impressions", 0)),
        clicks=int(row.get("inline_link_clicks", 0)),
        purchases=int(purchases),
        revenue=_minor(revenue, spec.currency),
    )


def currency_refused(theirs: str, spec: CampaignSpec) -> Refused:
    """The refusal of an account that has another currency than the campaign."""
    return _refused("currency", f"The ad account is in {theirs[:3]}, and the campaign in {spec.currency}.")


def unknown_interests(names: Sequence[str]) -> Refused:
    """The refusal of interests that Meta does not know, each of them named."""
    found = [Violation("platform.unknown_interest", "interests", f"Meta knows no interest '{one}'.") for one in names]
    named = ", ".join(f"'{one}'" for one in names)
    return Refused("platform.unknown_interest", f"Meta knows no interest called {named}.", violations=found)


def _by_type(actions: Sequence[Node] | None) -> dict[str, Decimal]:
    return {str(one["action_type"]): Decimal(str(one["value"])) for one in actions or ()}


def _minor(amount: Decimal, currency: str) -> int:
    return int(amount.scaleb(money.exponent(currency)).to_integral_value())


def _refused(field: str, message: str) -> Refused:
    return Refused("platform.invalid", message, violations=[Violation("platform.invalid", field, message)])
