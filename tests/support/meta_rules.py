"""What Meta demands of a campaign, an ad set and an ad, as its documentation has it; and its list of fields."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

_CAMPAIGN = {
    "name",
    "objective",
    "status",
    "buying_type",
    "special_ad_categories",
    "special_ad_category_country",
    "is_adset_budget_sharing_enabled",
}
_AD_SET = {
    "name",
    "campaign_id",
    "status",
    "lifetime_budget",
    "start_time",
    "end_time",
    "billing_event",
    "optimization_goal",
    "bid_strategy",
    "targeting",
    "promoted_object",
    "destination_type",
    "dsa_beneficiary",
    "dsa_payor",
}
_GOALS = {
    "OUTCOME_SALES": {"OFFSITE_CONVERSIONS", "VALUE"},
    "OUTCOME_AWARENESS": {"REACH", "IMPRESSIONS"},
    "OUTCOME_TRAFFIC": {"LINK_CLICKS", "LANDING_PAGE_VIEWS"},
}
_EVERY_ADULT = {"HOUSING", "EMPLOYMENT", "FINANCIAL_PRODUCTS_SERVICES"}
_CATEGORIES = {"NONE", "ISSUES_ELECTIONS_POLITICS", "ONLINE_GAMBLING_AND_GAMING", *_EVERY_ADULT}
_EU = {"AT", "BE", "DE", "ES", "FR", "IT", "NL", "PL"}
_LEAST_BUDGET = 100


class GraphError(Exception):
    """An error as Graph API tells it."""

    def __init__(self, code: int, message: str, **also: Any) -> None:
        super().__init__(message)
        self.code, self.message, self.also = code, message, also


def invalid(field: str, message: str = "Invalid parameter", **also: Any) -> GraphError:
    """The error for a parameter's value, naming it as Meta does."""
    return GraphError(100, message, error_data=json.dumps({"blame_field_specs": [[field]]}), **also)


def tree(fields: str) -> dict[str, Any]:
    """A list of fields such as ``id,adsets.limit(50){id,ads{id}}`` as a tree of names."""
    found: dict[str, Any] = {}
    stack, name = [found], ""
    for letter in f"{fields},":
        if letter in ",{}":
            plain = name.partition(".")[0]
            if plain:
                stack[-1][plain] = {}
            if letter == "{":
                stack.append(stack[-1][plain])
            elif letter == "}":
                stack.pop()
            name = ""
        else:
            name += letter
    return found


def checked_campaign(sent: dict[str, str]) -> dict[str, Any]:
    """The fields of a campaign that Meta would take."""
    _require_known(sent, _CAMPAIGN)
    if not sent.get("name"):
        raise invalid("name")
    if sent.get("objective") not in _GOALS:
        raise invalid("objective")
    if sent.get("status") not in {"ACTIVE", "PAUSED"}:
        raise invalid("status")
    if sent.get("is_adset_budget_sharing_enabled") not in {"true", "false"}:
        raise invalid("is_adset_budget_sharing_enabled", error_subcode=4834011)
    categories = _json(sent, "special_ad_categories")
    if not isinstance(categories, list) or not _CATEGORIES.issuperset(categories):
        raise invalid("special_ad_categories")
    if {*categories} - {"NONE"} and not _json(sent, "special_ad_category_country", "[]"):
        raise invalid("special_ad_category_country")
    return {**sent, "special_ad_categories": categories}


def checked_ad_set(sent: dict[str, str], campaign: dict[str, Any], account: Any) -> dict[str, Any]:
    """The fields of an ad set that Meta would take."""
    _require_known(sent, _AD_SET)
    budget = sent.get("lifetime_budget", "")
    if not budget.isdecimal() or int(budget) < _LEAST_BUDGET:
        raise invalid("lifetime_budget", error_user_msg="Your budget is too low.")
    if sent.get("status") not in {"ACTIVE", "PAUSED"} or sent.get("billing_event") != "IMPRESSIONS":
        raise invalid("billing_event")
    if sent.get("optimization_goal") not in _GOALS[campaign["objective"]]:
        raise invalid("optimization_goal")
    promoted = _json(sent, "promoted_object", "{}")
    if sent["optimization_goal"] == "OFFSITE_CONVERSIONS" and {"pixel_id", "custom_event_type"} - {*promoted}:
        raise invalid("promoted_object")
    begin, end = (datetime.strptime(sent[name], "%Y-%m-%dT%H:%M:%S%z") for name in ("start_time", "end_time"))
    if end <= begin:
        raise invalid("end_time")
    _require_audience(sent, {*campaign["special_ad_categories"]}, account)
    there = end.astimezone(timezone(timedelta(hours=2))) if end.tzinfo else end.replace(tzinfo=UTC)
    return {
        **sent,
        "targeting": _json(sent, "targeting"),
        "end_time": there.strftime("%Y-%m-%dT%H:%M:%S%z"),
    }


def checked_ad(sent: dict[str, str], _ad_set: dict[str, Any], account: Any) -> dict[str, Any]:
    """The fields of an ad that Meta would take."""
    _require_known(sent, {"name", "adset_id", "status", "creative"})
    creative = _json(sent, "creative")
    if creative.get("creative_id") not in account.creatives:
        raise invalid("creative", "Param creative must be a valid creative")
    return {**sent, "creative": creative}


def _require_audience(sent: dict[str, str], categories: set[str], account: Any) -> None:
    targeting = _json(sent, "targeting")
    countries = targeting.get("geo_locations", {}).get("countries")
    if not countries:
        raise invalid("targeting[geo_locations]")
    if targeting.get("targeting_automation", {}).get("advantage_audience") not in {0, 1}:
        raise invalid("targeting", "Advantage Audience Flag Required", error_subcode=1870227)
    interests = [one for spec in targeting.get("flexible_spec", ()) for one in spec.get("interests", ())]
    if not {*account.interests.values()}.issuperset(str(one["id"]) for one in interests):
        raise invalid("targeting[interests]")
    if categories & _EVERY_ADULT and (
        (targeting.get("age_min", 18), targeting.get("age_max", 65)) != (18, 65) or targeting.get("genders")
    ):
        raise invalid("targeting", "Special ad category: age and gender are not available")
    if account.dsa and _EU.intersection(countries):
        for name in ("dsa_beneficiary", "dsa_payor"):
            if not sent.get(name):
                raise invalid(name)


def _require_known(sent: dict[str, str], known: set[str]) -> None:
    for name in sent:
        if name not in known:
            raise GraphError(100, f"Param {name} is not supported")


def _json(sent: dict[str, str], name: str, default: str | None = None) -> Any:
    given = sent.get(name, default)
    if given is None:
        raise invalid(name)
    try:
        return json.loads(given)
    except json.JSONDecodeError:
        raise invalid(name) from None
