"""Pure affinity of clusters to events: what their interests say beforehand, and what closed campaigns have taught.

The affinity is the mean of a Beta distribution. 0.5 is a cluster that responds to the event as its stated rates say;
its odds a / (1 - a) are how many times as much it responds. The prior is worth `PRIOR_STRENGTH` thousand people
reached, and its mean goes from 0.5 (no interest matches) towards 0.75. Each closed launch adds its people reached, in
thousands and at most `MAX_WEIGHT`, as trials, a share of them as successes: (x + 1) / (x + e + 2), where x is what the
cluster did and e what its rates had promised; tickets count twice, clicks once. Sums of integers, so that the order of
launches makes no difference.

Evidence is kept for the cluster overall, for each category, and for each tag. An event takes a quarter of the first,
half of its category's, and a quarter of its tags' on average: a launch for an event just like it counts once.
"""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from marquee.audience.models import Cluster, Outcome
from marquee.text import folded

PRIOR_STRENGTH = 20.0
MAX_WEIGHT = 10.0
MICRO = 1_000_000
"""Evidence is counted in millionths of a thousand people reached."""
MAX_TAGS = 20
OVERALL = "*"
_UNMATCHED, _MATCHED = 0.5, 0.25
_CATEGORY_SAYS, _TAG_SAYS = 0.6, 0.4
_OVERALL_SHARE, _CATEGORY_SHARE, _TAGS_SHARE = 0.25, 0.5, 0.25
_MOST_LIFT = 10.0
_PLURAL = 4


class Traits(NamedTuple):
    """What of an event speaks to people: its category and its tags, folded."""

    category: str
    tags: tuple[str, ...]

    @property
    def keys(self) -> tuple[str, ...]:
        """The names under which evidence about such events is kept."""
        return (OVERALL, f"category#{self.category}", *(f"tag#{tag}" for tag in self.tags))


class Evidence(NamedTuple):
    """Successes and trials of a Beta-Binomial model, in millionths."""

    successes: int
    trials: int


NOTHING = Evidence(0, 0)


def traits_of(category: str, tags: Sequence[str]) -> Traits:
    """An event's traits; of very many tags the first in order."""
    distinct = sorted({name for tag in tags if (name := _plain(tag))})
    return Traits(_plain(category), tuple(distinct[:MAX_TAGS]))


def _plain(text: str) -> str:
    return " ".join(folded(text).split())


def _words(text: str) -> frozenset[str]:
    """A text's words without the plural's s."""
    parts = "".join(one if one.isalnum() else " " for one in folded(text)).split()
    return frozenset(word[:-1] if len(word) >= _PLURAL and word.endswith("s") else word for word in parts)


def likeness(interest: str, trait: str) -> float:
    """How much two terms are the same: 1 where they are, else the share of their words that both have."""
    if _plain(interest) == _plain(trait):
        return 1.0
    mine, theirs = _words(interest), _words(trait)
    return len(mine & theirs) / len(mine | theirs) if mine and theirs else 0.0


def match(interests: Sequence[str], traits: Traits) -> float:
    """From 0 to 1, how much an event is about what people like; a further interest or trait never lowers it."""

    def best(trait: str) -> float:
        return max((likeness(interest, trait) for interest in interests), default=0.0)

    missed = 1 - _CATEGORY_SAYS * best(traits.category)
    return 1 - missed * math.prod(1 - _TAG_SAYS * best(tag) for tag in traits.tags)


def affinity(interests: Sequence[str], traits: Traits, learnt: Mapping[str, Evidence]) -> float:
    """The posterior mean; `learnt` is the cluster's evidence by trait key. A category without any adds nothing."""
    shares = dict.fromkeys(traits.keys[2:], _TAGS_SHARE / max(1, len(traits.tags)))
    shares[OVERALL] = _OVERALL_SHARE
    shares[traits.keys[1]] = _CATEGORY_SHARE + (0.0 if traits.tags else _TAGS_SHARE)
    successes = math.fsum(share * learnt.get(key, NOTHING).successes for key, share in shares.items()) / MICRO
    trials = math.fsum(share * learnt.get(key, NOTHING).trials for key, share in shares.items()) / MICRO
    prior = _UNMATCHED + _MATCHED * match(interests, traits)
    return (PRIOR_STRENGTH * prior + successes) / (PRIOR_STRENGTH + trials)


def lift(value: float) -> float:
    """How many times its stated rates a cluster of this affinity responds, within a tenth and ten times."""
    odds = value / (1 - value) if value < 1 else _MOST_LIFT
    return min(_MOST_LIFT, max(1 / _MOST_LIFT, odds))


def evidence_of(cluster: Cluster, outcomes: Sequence[Outcome]) -> Evidence:
    """What a launch's outcomes among one cluster's people teach about it; platforms it does not know teach nothing."""
    reach = clicks = purchases = 0
    promised_clicks = promised_purchases = 0.0
    for one in outcomes:
        costs = cluster["platforms"].get(one.platform)
        if costs is None or one.reach <= 0:
            continue
        reach += one.reach
        clicks += max(0, one.clicks)
        purchases += max(0, one.purchases)
        promised_clicks += one.reach * costs["click_rate"]
        promised_purchases += one.reach * costs["click_rate"] * costs["purchase_rate"]
    level = (2 * _level(purchases, promised_purchases) + _level(clicks, promised_clicks)) / 3
    weight = min(MAX_WEIGHT, reach / 1000)
    return Evidence(round(weight * level * MICRO), round(weight * MICRO))


def _level(done: int, promised: float) -> float:
    return (done + 1) / (done + promised + 2)
