"""Ad platforms in tests: accounts, a campaign's terms, and what goes wrong in the sandbox."""

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import boto3

from marquee.campaigns.platforms.models import Account, CampaignSpec, Platform, Rates

REGION = "eu-central-1"
KEY = "cmp_mA0-fQ_7bH2kLx9zRt4w"
ACCOUNT_ID = "1234567890"
TOKEN = "EAAtokenOfAurora0123456789"
SECRETS = "marquee/test/platforms"
SETTINGS = {"account_id": ACCOUNT_ID, "countries": "AT,DE", "pixel_id": "2233445566", "page_id": "3344556677"}

Connect = Callable[..., Platform]
impatient = SimpleNamespace(uniform=lambda _low, _high: 0.0)
"""Stands for `random` where only pauses are drawn from it."""


def spec(**changes: Any) -> CampaignSpec:
    """The terms of a campaign of ten days, 100.00 a day."""
    given = CampaignSpec(
        key=KEY,
        name="Sample Night, rock lovers",
        objective="SALES",
        budget=100_000,
        currency="EUR",
        start="2026-06-01T00:00:00Z",
        stop="2026-06-11T00:00:00Z",
        special_ad_category=None,
        interests=("Rock", "Live music"),
        size=50_000,
        rates=Rates(cost_per_mille=800, click_rate=0.02, purchase_rate=0.05),
        value=4_500,
    )
    return replace(given, **changes)


def account(platform: str, **settings: str) -> Account:
    """Aurora's account on a platform."""
    return Account("aurora", platform, {**(SETTINGS if platform == "meta" else {}), **settings})


def inject(table: str, tenant: str, **fault: Any) -> None:
    """Let something go wrong in a tenant's sandbox: `operation, moment, error`, and `times`, `skip`, `key` if wanted.

    Faults come true in the order in which they were put.
    """
    sandbox = boto3.Session(region_name=REGION).resource("dynamodb").Table(table)
    pk = f"T#{tenant}#SANDBOX"
    keys = {"pk": {"AttributeValueList": [pk], "ComparisonOperator": "EQ"}}
    count = sum(one["sk"].startswith("FAULT#") for one in sandbox.query(KeyConditions=keys)["Items"])
    item = {"pk": pk, "sk": f"FAULT#{count:03}", "times": 1, "skip": 0, "key": None, "operation": "any", **fault}
    sandbox.put_item(Item=item)
