"""What interests say of an event, and what campaigns teach."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marquee.audience import affinity
from marquee.audience.affinity import MAX_WEIGHT, MICRO, Evidence, Traits
from marquee.audience.models import Outcome
from tests.support.audiences import kept

WORDS = st.sampled_from(
    ["rock", "Rock concert", "concerts", "Oper", "opéra", "family", "family & kids", "indie rock", "x"]
)
TRAITS = st.builds(affinity.traits_of, WORDS, st.lists(WORDS, max_size=4))
EVIDENCE = st.integers(0, 10**9).flatmap(lambda trials: st.builds(Evidence, st.integers(0, trials), st.just(trials)))
CONCERT = affinity.traits_of("concert", ["indie", "club"])


def outcome(reach: int = 4_000, clicks: int = 48, purchases: int = 1, platform: str = "meta") -> Outcome:
    return Outcome("indie-fans", platform, reach, clicks, purchases)


@pytest.mark.parametrize(
    ("interest", "trait", "expected"),
    [
        ("concert", "concert", 1.0),
        ("Konzert", "KONZERT ", 1.0),
        ("Musée", "musee", 1.0),
        ("rock concerts", "concert", 0.5),
        ("rock", "concert", 0.0),
        ("family & kids", "family", 0.5),
        ("&", "concert", 0.0),
    ],
)
def test_two_terms_are_as_alike_as_the_words_they_share(interest: str, trait: str, expected: float) -> None:
    assert affinity.likeness(interest, trait) == expected


def test_an_event_without_anything_known_gets_the_clusters_usual_response() -> None:
    assert affinity.affinity([], CONCERT, {}) == 0.5
    assert affinity.lift(0.5) == 1


def test_the_prior_of_a_category_and_a_tag_that_match() -> None:
    # 1 - 0.4 * 0.6 = 0.76 of the way from 0.5 to 0.75
    assert affinity.affinity(["concert", "indie"], CONCERT, {}) == pytest.approx(0.69)


@settings(max_examples=100, deadline=None)
@given(st.lists(WORDS, max_size=4), WORDS, TRAITS, st.dictionaries(st.sampled_from(["*", "category#rock"]), EVIDENCE))
def test_a_further_interest_never_lowers_the_affinity(
    interests: list[str], more: str, traits: Traits, learnt: dict[str, Evidence]
) -> None:
    before = affinity.affinity(interests, traits, learnt)
    assert 0 < before < 1
    assert affinity.affinity([*interests, more], traits, learnt) >= before


@settings(max_examples=100, deadline=None)
@given(TRAITS, st.integers(0, 10**7), st.integers(0, 10**5), st.integers(0, 10**4), st.integers(0, 100))
def test_better_results_never_lower_it_and_none_outweighs_its_cap(
    traits: Traits, reach: int, clicks: int, purchases: int, more: int
) -> None:
    worse = affinity.evidence_of(kept(), [outcome(reach, clicks, purchases)])
    better = affinity.evidence_of(kept(), [outcome(reach, clicks + more, purchases + more)])
    assert worse.trials == better.trials <= MAX_WEIGHT * MICRO
    assert 0 <= worse.successes <= better.successes <= better.trials
    before, after = (affinity.affinity([], traits, dict.fromkeys(traits.keys, one)) for one in (worse, better))
    assert before <= after
    # One launch, however large, leaves the prior two thirds of its say.
    assert 1 / 3 <= before <= after <= 2 / 3


def test_a_campaign_that_did_what_its_rates_promised_changes_nothing() -> None:
    # 4,000 reached: 48 clicks promised, 1.44 tickets. Tickets (1 + 1) / (1 + 1.44 + 2), clicks 49 / 98
    taught = affinity.evidence_of(kept(), [outcome()])
    assert taught.trials == 4 * MICRO
    assert taught.successes / taught.trials == pytest.approx((2 * 2 / 4.44 + 0.5) / 3, abs=1e-6)


def test_what_is_learnt_counts_by_how_alike_the_events_are() -> None:
    good = Evidence(10 * MICRO, 10 * MICRO)

    def after(*keys: str) -> float:
        return affinity.affinity([], CONCERT, dict.fromkeys(keys, good))

    # Given a launch for an event just like it, for one of the category with another tag, and for something else
    same = after("*", "category#concert", "tag#indie", "tag#club")
    category = after("*", "category#concert", "tag#jazz")
    unknown = after("*", "category#circus")
    assert same == pytest.approx((20 * 0.5 + 10) / 30)
    assert category == pytest.approx((20 * 0.5 + 7.5) / 27.5)
    assert unknown == pytest.approx((20 * 0.5 + 2.5) / 22.5)
    # and a category without tags counts in their place
    assert affinity.affinity([], affinity.traits_of("concert", []), {"category#concert": good}) == category


def test_outcomes_on_several_platforms_are_one_launch_and_unknown_ones_teach_nothing() -> None:
    huge = affinity.evidence_of(kept(), [outcome(reach=9_000_000), outcome(reach=9_000_000)])
    assert huge.trials == MAX_WEIGHT * MICRO
    assert affinity.evidence_of(kept(), [outcome(platform="sandbox")]) == (0, 0)
    assert affinity.evidence_of(kept(), [outcome(reach=0, clicks=5)]) == (0, 0)


def test_an_event_of_very_many_tags_has_the_first_ones_and_each_once() -> None:
    traits = affinity.traits_of(" Concert", [*(f"tag {n:02}" for n in range(40)), "Tag 00", " "])
    assert traits.category == "concert"
    assert traits.tags == tuple(f"tag {n:02}" for n in range(affinity.MAX_TAGS))
    assert len(traits.keys) == 22


def test_response_is_within_a_tenth_and_ten_times() -> None:
    assert affinity.lift(0.0001) == 0.1
    assert affinity.lift(0.9999) == affinity.lift(1.0) == 10
