"""frontend_status under every family of faults, with racing writers: the hosts agree and nothing is lost.

A sample of what `make bench PARTS=frontend_status` does two hundred times a family.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support import chaos
from tests.support.chaos import FAMILIES, Family
from tests.support.client import Client
from tests.support.faults import FaultyWire, wired

RUNS = 4


@pytest.fixture(scope="module")
def wire(stack: Any) -> Iterator[FaultyWire]:
    with wired(stack, "StatusesTasksFunction") as wire:
        yield wire


@pytest.mark.parametrize("family", FAMILIES)
def test_both_hosts_agree_and_nothing_is_lost(client: Client, wire: FaultyWire, family: Family) -> None:
    report = chaos.play(client, wire, family, runs=RUNS, events=RUNS, at_once=3)
    assert sum(report.outcomes[one] for one in ("confirmed", "refused", "interrupted")) == 2 * RUNS
    assert report.hits
    assert report.disagree_after == []
    assert report.lost == []
    assert report.miscounted == []
    assert report.unexpected == []


def test_a_client_that_makes_the_two_calls_itself_leaves_them_in_disagreement(client: Client, stack: Any) -> None:
    wire = FaultyWire(stack.url)
    report = chaos.control(client, wire, "crash", runs=RUNS, events=RUNS, at_once=2)
    wire.close()
    assert report.hits
    assert report.disagree
