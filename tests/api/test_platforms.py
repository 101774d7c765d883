"""What every ad platform does, the sandbox and Meta alike."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from marquee.campaigns.platforms.errors import Refused
from marquee.campaigns.platforms.models import Account, CampaignSpec, Delivery, Platform
from marquee.campaigns.platforms.sandbox.adapter import Sandbox
from tests.support.platforms import KEY, account, spec

ASKED = spec(start="2026-01-01T00:00:00Z", stop="2099-01-01T00:00:00Z")
UNTIL = "2026-11-01T00:00:00Z"


@pytest.fixture(params=["sandbox", "meta"])
def platform(request: pytest.FixtureRequest, aws: dict[str, str]) -> Platform:
    if request.param == "sandbox":
        return Sandbox()
    connect: Callable[[], Platform] = request.getfixturevalue("connect_meta")
    return connect()


@pytest.fixture
def mine(platform: Platform) -> Account:
    return account(platform.name)


def test_a_campaign_is_created_whole_and_paused_and_found_as_it_is(platform: Platform, mine: Account) -> None:
    assert platform.find(mine, ASKED) is None
    made = platform.create(mine, ASKED)
    assert (made.key, made.running, made.complete, made.differences) == (KEY, False, True, ())
    assert made.parts["campaign"] == made.id
    assert platform.find(mine, ASKED) == made


def test_a_repeated_creation_finds_what_is_there_also_while_it_runs(platform: Platform, mine: Account) -> None:
    made = platform.create(mine, ASKED)
    assert platform.create(mine, ASKED) == made
    running = platform.switch(mine, ASKED, running=True)
    assert platform.create(mine, ASKED) == running
    assert platform.find(mine, ASKED) == running == replace(made, running=True)


def test_keys_are_told_apart(platform: Platform, mine: Account) -> None:
    other = replace(ASKED, key=KEY[:-1] + "X")
    first, second = platform.create(mine, ASKED), platform.create(mine, other)
    assert first.id != second.id
    platform.switch(mine, other, running=True)
    assert [one and one.running for one in (platform.find(mine, ASKED), platform.find(mine, other))] == [False, True]
    platform.remove(mine, other)
    assert platform.find(mine, ASKED) == first


def test_switching_is_repeated_without_harm(platform: Platform, mine: Account) -> None:
    platform.create(mine, ASKED)
    for wanted in (True, True, False, False, True):
        assert platform.switch(mine, ASKED, running=wanted).running is wanted
        found = platform.find(mine, ASKED)
        assert found is not None
        assert (found.running, found.complete, found.differences) == (wanted, True, ())


@pytest.mark.parametrize("wanted", [True, False])
def test_what_does_not_exist_cannot_be_switched(platform: Platform, mine: Account, *, wanted: bool) -> None:
    with pytest.raises(Refused, match=r"platform\.not_found"):
        platform.switch(mine, ASKED, running=wanted)


def test_what_is_removed_is_gone_for_good_and_may_be_removed_again(platform: Platform, mine: Account) -> None:
    made = platform.create(mine, ASKED)
    platform.switch(mine, ASKED, running=True)
    for _ in range(2):
        platform.remove(mine, ASKED)
        assert platform.find(mine, ASKED) is None
        assert platform.delivery(mine, ASKED, UNTIL) is None
    again = platform.create(mine, ASKED)
    assert (again.running, again.complete, again.key) == (False, True, made.key)


def test_what_is_not_as_asked_for_is_named(platform: Platform, mine: Account) -> None:
    platform.create(mine, ASKED)
    changed: CampaignSpec = replace(ASKED, budget=ASKED.budget + 1, stop="2098-01-01T00:00:00Z", objective="TRAFFIC")
    found = platform.find(mine, changed)
    assert found is not None
    assert {*found.differences} == {"budget", "stop", "objective"}


def test_a_campaign_that_never_ran_has_brought_nothing(platform: Platform, mine: Account) -> None:
    assert platform.delivery(mine, ASKED, UNTIL) is None
    platform.create(mine, ASKED)
    nothing = Delivery(until=UNTIL, spent=0, reach=0, impressions=0, clicks=0, purchases=0, revenue=0)
    assert platform.delivery(mine, ASKED, UNTIL) == nothing
