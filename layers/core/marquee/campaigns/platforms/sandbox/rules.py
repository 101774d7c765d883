"""The sandbox's campaigns as pure rules: what one delivers follows from its terms, the time it ran, and its key."""

import hashlib
import math
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

import orjson
from typing_extensions import TypedDict

from marquee.campaigns.platforms.models import CampaignSpec, Delivery, Rates, RemoteCampaign

Operation = Literal["find", "create", "switch", "remove", "delivery"]
Moment = Literal["before", "after"]


class Run(TypedDict):
    """A time in which a campaign ran, in seconds since 1970; `end` is None while it does."""

    begin: int
    end: int | None


class Stored(TypedDict):
    """A campaign as the sandbox keeps it: its terms (JSON of `CampaignSpec`), and when it ran.

    `speed` is how many seconds pass for it in one.
    """

    version: int
    id: str
    spec: str
    speed: int
    runs: list[Run]


class Fault(TypedDict):
    """Something that is to go wrong: before or after the work of the operation is done, and how it is told.

    `skip` times it goes well first; `key` is the campaign's whose operations count, None for all. It is over when
    `times` is 0.
    """

    sk: str
    operation: Operation | Literal["any"]
    moment: Moment
    error: Literal["refused", "busy", "unreachable"]
    skip: int
    times: int
    key: str | None


def opened(campaign_id: str, spec: CampaignSpec, speed: int) -> Stored:
    """A new campaign, paused."""
    return {"version": 1, "id": campaign_id, "spec": orjson.dumps(spec).decode(), "speed": speed, "runs": []}


def running(stored: Stored) -> bool:
    """Whether it runs."""
    return bool(stored["runs"]) and stored["runs"][-1]["end"] is None


def switched(stored: Stored, now: int, *, on: bool) -> Stored | None:
    """The campaign running from `now` on, or paused; None where it is so already."""
    if running(stored) == on:
        return None
    if on:
        runs = [*stored["runs"], Run(begin=now, end=None)]
    else:
        last = stored["runs"][-1]
        runs = [*stored["runs"][:-1], Run(begin=last["begin"], end=max(now, last["begin"]))]
    return {**stored, "version": stored["version"] + 1, "runs": runs}


def as_remote(stored: Stored, asked: CampaignSpec) -> RemoteCampaign:
    """The campaign as the platform shows it, and which terms are not those asked for."""
    kept, wanted = orjson.loads(stored["spec"]), orjson.loads(orjson.dumps(asked))
    differing = tuple(name for name in wanted if name != "remote_id" and kept.get(name) != wanted[name])
    return RemoteCampaign(
        id=stored["id"],
        key=asked.key,
        running=running(stored),
        complete=True,
        parts={"campaign": stored["id"]},
        differences=differing,
    )


def delivery(stored: Stored, until: int, told: str) -> Delivery:
    """What the campaign has brought until then (seconds since 1970; `told` is the same as it is sent).

    Spending is linear in the time it ran between start and stop, and the budget at most. Impressions fall on the
    audience at random, so that m of them reach N (1 - e^(-m/N)) of N people. People reached click, and clicks buy, by
    the rates. Price and rates are this campaign's own: off by up to a tenth, by a hash of its key. All counts only grow
    with time.
    """
    spec = _spec(stored)
    start, stop = (int(datetime.fromisoformat(one).timestamp()) for one in (spec.start, spec.stop))
    ran = min(seconds_run(stored["runs"], start, min(stop, until)) * stored["speed"], stop - start)
    spent = spec.budget * ran // (stop - start) if stop > start else 0
    price, clicking, buying = _own(spec.key)
    impressions = int(spent * 1000 / max(spec.rates.cost_per_mille * price, 1))
    reach = min(int(-spec.size * math.expm1(-impressions / spec.size)), impressions) if spec.size else 0
    clicks = min(int(reach * spec.rates.click_rate * clicking), reach)
    purchases = min(int(clicks * spec.rates.purchase_rate * buying), clicks)
    return Delivery(
        until=told,
        spent=spent,
        reach=reach,
        impressions=impressions,
        clicks=clicks,
        purchases=purchases,
        revenue=purchases * spec.value,
    )


def seconds_run(runs: Sequence[Run], start: int, stop: int) -> int:
    """How many of the seconds from `start` to `stop` the runs cover."""
    ends = ((run["begin"], stop if run["end"] is None else run["end"]) for run in runs)
    return sum(max(min(end, stop) - max(begin, start), 0) for begin, end in ends)


def next_fault(faults: Sequence[Fault], operation: Operation, key: str) -> Fault | None:
    """The first fault that concerns this operation on this campaign and is not over."""
    return next(
        (
            fault
            for fault in faults
            if fault["operation"] in {"any", operation} and fault["key"] in {None, key} and fault["times"] > 0
        ),
        None,
    )


def _own(key: str) -> tuple[float, float, float]:
    """Factors between 0.9 and 1.1 of price, click rate and purchase rate."""
    digest = hashlib.sha256(key.encode()).digest()
    price, clicking, buying = (0.9 + 0.2 * byte / 255 for byte in digest[:3])
    return price, clicking, buying


def _spec(stored: Stored) -> CampaignSpec:
    kept: dict[str, Any] = orjson.loads(stored["spec"])
    return CampaignSpec(**{**kept, "interests": tuple(kept["interests"]), "rates": Rates(**kept["rates"])})
