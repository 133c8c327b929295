"""The requests of a run, each of which costs time and money: exact, so that none is added unseen."""

from collections import Counter

import pytest

from background_sync.rules.policy import HOUR_MS
from tests.integration.health.api import requests_of
from tests.integration.verify.number import OFF
from tests.integration.world import NOW, World

IDLE = {"UpdateItem": 2, "Query": 2, "TransactWriteItems": 1}


def requests(world: World, run_at: int = NOW) -> Counter[str]:
    with requests_of(world) as seen:
        assert world.run(run_at=run_at)
    return Counter(seen)


@pytest.fixture(autouse=True)
def second_run_of_a_sweep(world: World) -> None:
    """The first run of a sweep in a process reads how many counters the sweep has."""
    world.workspace("w0")
    world.workspace(settings=OFF)
    world.dispatch()
    world.run("w0")


def test_an_idle_run_makes_five(world: World) -> None:
    world.contact("621")
    assert requests(world) == IDLE


def test_contacts_that_are_not_flagged_cost_no_request(world: World) -> None:
    for number in range(60):
        world.contact(f"62{number}", 2 * HOUR_MS, flagged_at=NOW - HOUR_MS)
    assert requests(world) == IDLE
    assert world.counts("in_cooldown") == (60,)


def test_fifty_flags_cost_a_request_each_and_three_more(world: World) -> None:
    world.stale_contacts(60)
    made = requests(world)
    assert made == Counter(IDLE) + Counter({"UpdateItem": 50 + 1, "BatchGetItem": 2})
    assert made.total() == 58
    assert world.counts("flagged", "over_cap") == (50, 10)
