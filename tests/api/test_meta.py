"""Meta's Marketing API over real sockets: what is asked of it, and what is made of its answers."""

import json
from typing import Any
from urllib.parse import parse_qsl

import boto3
import pytest

from marquee.campaigns.platforms.errors import Refused
from marquee.campaigns.platforms.models import Account, Delivery, Platform
from tests.support.local_host import Asked
from tests.support.meta_server import MetaServer
from tests.support.platforms import ACCOUNT_ID, KEY, SECRETS, TOKEN, Connect, account, spec

MINE, ASKED = account("meta"), spec()
NAME = f"Sample Night, rock lovers [{KEY}]"
UNTIL = "2026-06-05T00:00:00Z"


@pytest.fixture
def meta(connect_meta: Connect) -> Platform:
    return connect_meta()


def form(asked: Asked) -> dict[str, Any]:
    """The fields of a request's form, JSON decoded where it is JSON."""
    fields: dict[str, Any] = {}
    for name, value in parse_qsl(asked.body.decode()):
        try:
            fields[name] = json.loads(value) if value[0] in "[{tf" else value
        except json.JSONDecodeError:
            fields[name] = value
    return fields


def refused(meta: Platform, mine: Account = MINE, **changes: Any) -> Refused:
    with pytest.raises(Refused) as raised:
        meta.create(mine, spec(**changes))
    return raised.value


def test_a_campaign_is_asked_for_as_meta_documents_it(meta_server: MetaServer, meta: Platform) -> None:
    found = meta.create(MINE, ASKED)
    campaign, ad_set = (asked for asked in meta_server.asked if asked.method == "POST")
    assert meta_server.writes() == [f"/act_{ACCOUNT_ID}/campaigns", f"/act_{ACCOUNT_ID}/adsets"]
    assert form(campaign) == {
        "name": NAME,
        "objective": "OUTCOME_SALES",
        "status": "PAUSED",
        "buying_type": "AUCTION",
        "special_ad_categories": [],
        "is_adset_budget_sharing_enabled": False,
    }
    assert form(ad_set) == {
        "name": NAME,
        "campaign_id": found.id,
        "status": "PAUSED",
        "lifetime_budget": "100000",
        "start_time": "2026-06-01T00:00:00+0000",
        "end_time": "2026-06-11T00:00:00+0000",
        "billing_event": "IMPRESSIONS",
        "optimization_goal": "OFFSITE_CONVERSIONS",
        "bid_strategy": "LOWEST_COST_WITHOUT_CAP",
        "promoted_object": {"pixel_id": "2233445566", "custom_event_type": "PURCHASE"},
        "targeting": {
            "geo_locations": {"countries": ["AT", "DE"]},
            "targeting_automation": {"advantage_audience": 0},
            "flexible_spec": [
                {
                    "interests": [
                        {"id": "6003139266461", "name": "Rock"},
                        {"id": "6003020834693", "name": "Live music"},
                    ]
                }
            ],
        },
    }
    assert {asked.headers["authorization"] for asked in meta_server.asked} == {f"Bearer {TOKEN}"}
    assert not [asked.path for asked in meta_server.asked if TOKEN in asked.path]


def test_what_is_there_is_looked_at_once_and_nothing_is_asked_for_again(
    meta_server: MetaServer, meta: Platform, connect_meta: Connect
) -> None:
    meta.create(MINE, ASKED)
    for process in (meta, connect_meta()):
        meta_server.asked.clear()
        process.create(MINE, ASKED)
        assert [asked.method for asked in meta_server.asked] == ["GET"]


def test_the_other_objectives_ask_for_reach_and_for_clicks(meta_server: MetaServer, meta: Platform) -> None:
    bare = Account("aurora", "meta", {"account_id": ACCOUNT_ID, "countries": "CH"})
    for objective in ("AWARENESS", "TRAFFIC"):
        meta.create(MINE, spec(objective=objective, key=f"{KEY}{objective}"))
        meta.create(bare, spec(objective=objective, key=f"{KEY}{objective}bare"))
    sets = [form(asked) for asked in meta_server.asked if asked.path.endswith("/adsets")]
    assert [(one["optimization_goal"], one.get("promoted_object"), one.get("destination_type")) for one in sets] == [
        ("REACH", {"page_id": "3344556677"}, None),
        ("REACH", None, None),
        ("LINK_CLICKS", None, "WEBSITE"),
        ("LINK_CLICKS", None, "WEBSITE"),
    ]


def test_switching_on_ends_with_the_campaign_and_switching_off_is_one_request(
    meta_server: MetaServer, meta: Platform
) -> None:
    made = meta.create(MINE, ASKED)
    meta_server.asked.clear()
    meta.switch(MINE, ASKED, running=True)
    assert meta_server.writes() == [f"/{made.parts['ad_set']}", f"/{made.id}"]
    meta.switch(MINE, ASKED, running=False)
    assert meta_server.writes()[2:] == [f"/{made.id}"]
    assert meta_server.spending() == []
    meta.switch(MINE, ASKED, running=True)
    assert meta_server.writes()[3:] == [f"/{made.id}"]
    assert meta_server.spending() == [made.parts["ad_set"]]


def test_with_a_creative_there_is_an_ad_and_one_that_is_missing_is_added(
    meta_server: MetaServer, meta: Platform
) -> None:
    plain = meta.create(MINE, ASKED)
    assert (plain.complete, "ad" in plain.parts) == (True, False)
    showing = account("meta", creative_id="5566778899")
    found = meta.find(showing, ASKED)
    assert found is not None
    assert not found.complete
    whole = meta.create(showing, ASKED)
    assert (whole.complete, whole.id, whole.parts["ad_set"]) == (True, plain.id, plain.parts["ad_set"])
    assert meta.find(showing, ASKED) == whole
    (ad,) = meta_server.alive("ad")
    assert (ad["adset_id"], ad["creative"], ad["status"]) == (
        whole.parts["ad_set"],
        {"creative_id": "5566778899"},
        "ACTIVE",
    )
    assert refused(meta, account("meta", creative_id="1"), key=f"{KEY}1").violations[0].field == "creative"


@pytest.mark.parametrize(
    ("asked", "sent", "adults"),
    [
        ("HOUSING", ["HOUSING"], True),
        ("employment", ["EMPLOYMENT"], True),
        ("CREDIT", ["FINANCIAL_PRODUCTS_SERVICES"], True),
        ("Issues, elections, politics", None, False),
        ("ISSUES_ELECTIONS_POLITICS", ["ISSUES_ELECTIONS_POLITICS"], False),
        ("online gambling-and gaming", ["ONLINE_GAMBLING_AND_GAMING"], False),
        ("NONE", [], False),
    ],
)
def test_special_ad_categories_are_declared_with_their_countries_and_audiences(
    meta_server: MetaServer, meta: Platform, asked: str, sent: list[str] | None, *, adults: bool
) -> None:
    if sent is None:
        assert refused(meta, special_ad_category=asked).violations[0].field == "special_ad_category"
        assert meta_server.writes() == []
        return
    made = meta.create(MINE, spec(special_ad_category=asked))
    assert made.differences == ()
    campaign, ad_set = (form(one) for one in meta_server.asked if one.method == "POST")
    assert campaign["special_ad_categories"] == sent
    assert campaign.get("special_ad_category_country") == (["AT", "DE"] if sent else None)
    assert ("age_min" in ad_set["targeting"]) == adults
    assert "genders" not in ad_set["targeting"]


def test_what_would_be_refused_is_known_before_anything_is_made(meta_server: MetaServer, meta: Platform) -> None:
    unknown = refused(meta, interests=("Rock", "Zither orchestras", "Yodelling"))
    assert unknown.code == "platform.unknown_interest"
    assert [one.message for one in unknown.violations] == [
        "Meta knows no interest 'Zither orchestras'.",
        "Meta knows no interest 'Yodelling'.",
    ]
    pixelless = Account("aurora", "meta", {"account_id": ACCOUNT_ID, "countries": "DE"})
    assert refused(meta, pixelless).violations[0].field == "pixel_id"
    assert "CHF" in refused(meta, currency="CHF").detail
    assert refused(meta, budget=0).violations[0].field == "budget"
    assert meta_server.writes() == []
    # What only Meta knows is refused by Meta, with the field named; what is left of it spends nothing
    meta_server.dsa = True
    assert refused(meta).violations[0].field == "dsa_beneficiary"
    assert meta_server.spending() == []
    shown = account("meta", beneficiary="Aurora Konzerte GmbH", payor="Aurora Konzerte GmbH")
    assert meta.create(shown, ASKED).complete
    assert len(meta_server.alive("campaign")) == 1


def test_what_is_known_is_not_asked_for_again(meta_server: MetaServer, meta: Platform) -> None:
    meta.create(MINE, ASKED)
    meta_server.asked.clear()
    meta.create(MINE, spec(key=f"{KEY}2", interests=("LIVE MUSIC",)))
    assert not [asked.path for asked in meta_server.asked if "/search" in asked.path or "fields=currency" in asked.path]


@pytest.mark.parametrize(
    ("currency", "minor", "sent"),
    [("JPY", 5_000, "5000"), ("HUF", 1_234_567, "12345"), ("EUR", 12_345, "12345")],
)
def test_budgets_are_in_metas_unit_of_the_currency(
    meta_server: MetaServer, meta: Platform, currency: str, minor: int, sent: str
) -> None:
    meta_server.currency = currency
    made = meta.create(MINE, spec(currency=currency, budget=minor))
    assert made.differences == ()
    assert meta_server.alive("ad_set")[0]["lifetime_budget"] == sent


def test_insights_are_read_whole_and_purchases_counted_once(meta_server: MetaServer, meta: Platform) -> None:
    made = meta.create(MINE, ASKED)
    meta_server.insights[made.id] = {
        "spend": "123.45",
        "impressions": "20000",
        "reach": "15000",
        "inline_link_clicks": "310",
        "account_currency": "EUR",
        "actions": [
            {"action_type": "link_click", "value": "310"},
            {"action_type": "purchase", "value": "12"},
            {"action_type": "omni_purchase", "value": "12"},
            {"action_type": "offsite_conversion.fb_pixel_purchase", "value": "11"},
        ],
        "action_values": [{"action_type": "omni_purchase", "value": "540.5"}],
    }
    assert meta.delivery(MINE, ASKED, UNTIL) == Delivery(
        until=UNTIL, spent=12_345, reach=15_000, impressions=20_000, clicks=310, purchases=12, revenue=54_050
    )
    assert "date_preset=maximum" in meta_server.asked[-1].path
    meta_server.insights[made.id] |= {"account_currency": "USD"}
    with pytest.raises(Refused, match="USD"):
        meta.delivery(MINE, ASKED, UNTIL)


def test_looking_turns_pages_without_following_metas_links(meta_server: MetaServer, meta: Platform) -> None:
    # Names that contain the key, as somebody copied the campaign by hand, before ours
    made = meta.create(MINE, ASKED)
    mine = meta_server.nodes[made.id]
    for number in range(5):
        copied = {**mine, "id": str(number + 1), "name": f"{NAME} - copy {number}"}
        meta_server.nodes = {copied["id"]: copied, **meta_server.nodes}
    meta_server.page_size = 2
    meta_server.asked.clear()
    assert meta.find(MINE, ASKED) == made
    assert ["after=" in asked.path for asked in meta_server.asked] == [False, True, True]
    assert not [asked.path for asked in meta_server.asked if "access_token" in asked.path]


def test_what_does_not_show_yet_is_found_by_its_id_also_by_another_process(
    meta_server: MetaServer, connect_meta: Connect
) -> None:
    meta_server.lag = 1_000
    made = connect_meta().create(MINE, ASKED)
    assert connect_meta().find(MINE, ASKED) is None
    known = spec(remote_id=made.id)
    assert connect_meta().find(MINE, known) is not None
    meta_server.lag = 0
    meta_server.nodes[made.parts["ad_set"]]["seen_after"] = 0
    assert connect_meta().create(MINE, known) == made
    assert connect_meta().switch(MINE, known, running=True).running
    connect_meta().remove(MINE, known)
    assert (connect_meta().find(MINE, known), meta_server.alive("campaign")) == (None, [])
    # One that is gone is no longer known, and somebody else's is none
    again = connect_meta().create(MINE, known)
    assert again.id != made.id
    other = meta_server.nodes[connect_meta().create(MINE, spec(key=f"{KEY}2")).id]["id"]
    found = connect_meta().find(MINE, spec(remote_id=other))
    assert found is not None
    assert found.id == again.id


def test_of_two_with_the_key_the_running_one_else_the_older_stays(meta_server: MetaServer, meta: Platform) -> None:
    made = meta.create(MINE, ASKED)
    ad_set = meta_server.nodes[made.parts["ad_set"]]
    second = {**meta_server.nodes[made.id], "id": str(int(made.id) + 100)}
    meta_server.nodes[second["id"]] = second
    meta_server.nodes[f"{second['id']}1"] = {**ad_set, "id": f"{second['id']}1", "campaign_id": second["id"]}
    # Given two: the older one is shown, and its repeated creation removes the other
    found = meta.find(MINE, ASKED)
    assert found is not None
    assert found.id == made.id
    assert meta.create(MINE, ASKED) == made
    assert [one["id"] for one in meta_server.alive("campaign")] == [made.id]
    # Given that the younger one runs: then it is the one
    second["status"] = "ACTIVE"
    assert meta.create(MINE, ASKED).id == second["id"]
    assert [one["id"] for one in meta_server.alive("campaign")] == [second["id"]]
    # And no second one is left after removing
    meta_server.nodes["1"] = {**second, "id": "1", "status": "PAUSED"}
    meta.remove(MINE, ASKED)
    assert meta_server.alive("campaign") == []


def test_of_two_ad_sets_only_one_is_ever_switched_on(meta_server: MetaServer, meta: Platform) -> None:
    made = meta.create(MINE, ASKED)
    ad_set = meta_server.nodes[made.parts["ad_set"]]
    meta_server.nodes["9" * 19] = {**ad_set, "id": "9" * 19}
    meta.switch(MINE, ASKED, running=True)
    assert meta_server.spending() == [made.parts["ad_set"]]
    assert [one["id"] for one in meta_server.alive("ad_set")] == [made.parts["ad_set"]]


def test_what_somebody_changed_at_meta_is_named(meta_server: MetaServer, meta: Platform) -> None:
    meta.create(MINE, ASKED)
    made = meta.switch(MINE, ASKED, running=True)
    ad_set, campaign = meta_server.nodes[made.parts["ad_set"]], meta_server.nodes[made.id]
    ad_set |= {"lifetime_budget": "1", "status": "PAUSED", "end_time": "2026-06-11T00:00:00+0200"}
    ad_set["targeting"] = {"geo_locations": {"countries": ["DE"]}}
    campaign["special_ad_categories"] = ["HOUSING"]
    found = meta.find(MINE, ASKED)
    assert found is not None
    assert {*found.differences} == {"budget", "stop", "countries", "special_ad_category", "ad_set_status"}


def test_an_archived_campaign_is_no_reason_to_make_another(meta_server: MetaServer, meta: Platform) -> None:
    made = meta.create(MINE, ASKED)
    meta_server.nodes[made.id]["status"] = "ARCHIVED"
    found = meta.find(MINE, ASKED)
    assert found is not None
    assert (found.complete, found.running, found.differences) == (False, False, ("status",))
    assert refused(meta).code == "platform.archived"
    with pytest.raises(Refused, match=r"platform\.archived"):
        meta.switch(MINE, ASKED, running=True)
    assert not meta.switch(MINE, ASKED, running=False).running
    meta.remove(MINE, ASKED)
    assert meta.create(MINE, ASKED).id != made.id


def test_the_apps_secret_proves_who_asks_and_is_never_sent(meta_server: MetaServer, connect_meta: Connect) -> None:
    held = json.dumps({"access_token": TOKEN, "app_secret": "hush-of-the-app"})
    boto3.client("secretsmanager").put_secret_value(SecretId=f"{SECRETS}/aurora/meta", SecretString=held)
    meta_server.app_secret = "hush-of-the-app"
    made = connect_meta().create(MINE, ASKED)
    assert made.complete
    sent = "".join(asked.path + asked.body.decode() + str(asked.headers) for asked in meta_server.asked)
    assert "hush-of-the-app" not in sent
    meta_server.app_secret = "another"
    with pytest.raises(Refused, match="appsecret_proof"):
        connect_meta().find(MINE, ASKED)
