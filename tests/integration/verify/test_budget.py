"""A key's request limit is shared by the workspaces that use the key, and by the CRM."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from background_sync.records import budgets
from background_sync.records.budgets import SMALLEST_LIMIT, Budget, BudgetSpent
from background_sync.rules.policy import DAY_MS, MINUTE_MS
from tests.integration.faults import Faults
from tests.integration.health.api import requests_of
from tests.integration.verify.number import KEY, REPAIR, Number
from tests.integration.world import NOW, World


def budget(world: World, name: str = "abc", share: int = 50) -> Budget:
    return Budget(name, share, world.clock)


def count_granted(taker: Budget, times: int) -> int:
    return sum(try_to_take(taker) for _ in range(times))


def try_to_take(taker: Budget) -> bool:
    try:
        taker.take()
    except BudgetSpent:
        return False
    return True


def stored_budgets(world: World) -> list[dict[str, Any]]:
    records = world.items(world.database.tables.sync_health)
    return [each for each in records if each["workspace_id"].startswith("#rate#")]


@pytest.mark.parametrize(("share", "allowed"), [(50, 5), (100, 10), (9, 1), (1, 1), (39, 3)])
def test_a_share_of_the_limit_is_granted_per_minute(world: World, share: int, allowed: int) -> None:
    taker = budget(world, share=share)
    taker.learn_limit(10)
    assert count_granted(taker, 12) == allowed
    world.clock.time += MINUTE_MS - 1
    assert count_granted(taker, 12) == 0
    world.clock.time += 1
    assert count_granted(taker, 12) == allowed


def test_the_smallest_plan_is_assumed_until_a_response_states_the_limit(world: World) -> None:
    assert count_granted(budget(world), 55) == SMALLEST_LIMIT // 2 == 50


def test_a_changed_limit_applies_at_once(world: World) -> None:
    taker = budget(world)
    taker.learn_limit(8)
    assert count_granted(taker, 10) == 4
    taker.learn_limit(20)
    assert count_granted(taker, 10) == 6
    taker.learn_limit(4)
    world.clock.time += MINUTE_MS
    assert count_granted(taker, 10) == 2


@pytest.mark.parametrize("limit", [0, -1])
def test_an_invalid_limit_is_ignored(world: World, limit: int) -> None:
    budget(world).learn_limit(limit)
    assert stored_budgets(world) == []


def test_each_key_has_its_own_budget(world: World) -> None:
    for name in ("abc", "def"):
        taker = budget(world, name)
        taker.learn_limit(4)
        assert count_granted(taker, 5) == 2


def test_a_spent_budget_says_until_when_and_not_for_which_key(world: World) -> None:
    taker = budget(world)
    world.clock.time = NOW + 1
    taker.block(90)
    with pytest.raises(BudgetSpent) as spent:
        taker.take()
    assert spent.value.until == NOW + 90_001
    assert "abc" not in str(spent.value)


def test_a_shorter_pause_does_not_end_a_longer_one(world: World) -> None:
    taker = budget(world)
    taker.block(600)
    taker.block(1)
    world.clock.time += 599_999
    assert count_granted(taker, 1) == 0
    world.clock.time += 1
    assert count_granted(taker, 1) == 1


def test_an_unused_budget_expires_after_a_day(world: World) -> None:
    count_granted(budget(world), 1)
    assert [each["expires_at"] for each in stored_budgets(world)] == [(NOW + DAY_MS) // 1000]


def test_concurrent_requests_are_granted_exactly_the_budget(world: World) -> None:
    taker = budget(world)
    taker.learn_limit(60)
    assert count_granted(taker, 1) == 1  # the minute has begun
    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(try_to_take, [taker] * 48)) == 29
    assert [each["used"] for each in stored_budgets(world)] == [30]


@pytest.mark.parametrize("before", [0, 3])
def test_two_requests_that_begin_a_minute_are_both_granted(world: World, faults: Faults, before: int) -> None:
    taker = budget(world)
    count_granted(taker, before)
    world.clock.time += MINUTE_MS
    faults.meanwhile("UpdateItem", lambda: budget(world).take())
    assert try_to_take(taker)
    assert [each["used"] for each in stored_budgets(world)] == [2]


def test_a_clock_slightly_behind_at_the_turn_of_a_minute_is_granted(world: World) -> None:
    budget(world).take()
    world.clock.time -= 1
    assert try_to_take(budget(world))


@pytest.mark.usefixtures("no_time_to_wait")
def test_workspaces_with_the_same_key_share_its_budget(world: World, number: Number) -> None:
    number.server.rate.limit = 8
    settings = {**REPAIR, "verify_rate_share": 50}
    budget(world).learn_limit(8)
    for name in ("w1", "w2", "w3"):
        world.workspace(name, settings=settings)
        world.run(name)
    assert [int(world.record(name).deferred) for name in ("w1", "w2", "w3")] == [0, 0, 0]
    assert len(number.requests) == 4
    world.workspace("w4", settings=settings)
    world.run("w4")
    assert (world.record("w4").deferred, world.record("w4").deferred_why) == (1, "budget_spent")
    assert len(number.requests) == 4
    assert "watermark" not in world.workspace_record("w4")


@pytest.mark.usefixtures("no_time_to_wait")
def test_a_run_learns_the_limit_from_a_429(world: World, number: Number) -> None:
    number.server.rate.limit = 30
    number.server.rate.take(KEY, NOW, 30)
    world.workspace(settings=REPAIR)
    world.run()
    assert world.record().deferred_why == "rate_limited"
    [kept] = stored_budgets(world)
    assert kept["limit_per_minute"] == 30


def test_retried_requests_count(world: World, number: Number) -> None:
    number.fail(503, times=2)
    world.run()
    assert len(number.requests) == stored_budgets(world)[0]["used"] == 4


def test_a_budget_spent_before_the_look_ups_does_not_defer_the_run(world: World, number: Number) -> None:
    number.server.rate.limit = 100
    world.workspace(settings={**REPAIR, "verify_rate_share": 1})
    number.missed("621")
    world.run()
    assert world.counts("deferred", "repaired", "webhook_off") == (0, 1, 0)
    assert len(number.requests) == 1
    assert not world.record().webhook


def test_a_request_in_a_minute_that_has_begun_is_one_write(world: World) -> None:
    """The limit is known from the write before."""
    taker = budget(world)
    taker.take()
    world.clock.time += MINUTE_MS
    for _ in range(2):
        with requests_of(world) as seen:
            taker.take()
        assert seen == ["UpdateItem"]


def test_a_limit_that_another_function_learned_applies_at_once(world: World) -> None:
    taker = budget(world)
    taker.learn_limit(20)
    assert count_granted(taker, 3) == 3
    stale = dict(budgets._known)
    budget(world).learn_limit(8)
    budgets._known.update(stale)
    assert count_granted(taker, 3) == 1
