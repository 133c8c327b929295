"""The requests of a key are shared by the workspaces that share the key, and by the CRM."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from background_sync.kapso import conversations
from background_sync.records.budgets import SMALLEST_LIMIT, Budget, BudgetSpent
from background_sync.rules.policy import DAY_MS, MINUTE_MS
from background_sync_ops.kapso import faults as answers
from tests.integration.faults import Faults
from tests.integration.verify.number import REPAIR, Number
from tests.integration.world import NOW, World


def budget(world: World, name: str = "abc", share: int = 50) -> Budget:
    return Budget(name, share, world.clock)


def granted(taker: Budget, times: int) -> int:
    return sum(take(taker) for _ in range(times))


def take(taker: Budget) -> bool:
    try:
        taker.take()
    except BudgetSpent:
        return False
    return True


def items(world: World) -> list[dict[str, Any]]:
    """What is kept of all budgets."""
    return [
        each
        for each in world.items(world.database.tables.sync_health)
        if each["workspace_id"].startswith("#rate#")
    ]


@pytest.mark.parametrize(("share", "allowed"), [(50, 5), (100, 10), (9, 1), (1, 1), (39, 3)])
def test_a_share_of_the_limit_is_granted_a_minute(world: World, share: int, allowed: int) -> None:
    taker = budget(world, share=share)
    taker.learn_limit(10)
    assert granted(taker, 12) == allowed
    world.clock.time += MINUTE_MS - 1
    assert granted(taker, 12) == 0
    world.clock.time += 1
    assert granted(taker, 12) == allowed


def test_the_smallest_plan_is_assumed_until_an_answer_tells_the_limit(world: World) -> None:
    assert granted(budget(world), SMALLEST_LIMIT) == SMALLEST_LIMIT // 2 == 50


def test_a_limit_is_learned_up_and_down_and_at_once(world: World) -> None:
    taker = budget(world)
    taker.learn_limit(8)
    assert granted(taker, 10) == 4
    taker.learn_limit(20)
    assert granted(taker, 10) == 6
    taker.learn_limit(4)
    world.clock.time += MINUTE_MS
    assert granted(taker, 10) == 2


@pytest.mark.parametrize("limit", [0, -1])
def test_a_limit_that_is_none_is_not_learned(world: World, limit: int) -> None:
    budget(world).learn_limit(limit)
    assert items(world) == []


def test_those_with_another_key_have_a_budget_of_their_own(world: World) -> None:
    for name in ("abc", "def"):
        taker = budget(world, name)
        taker.learn_limit(4)
        assert granted(taker, 5) == 2


def test_until_when_nothing_is_granted_is_told(world: World) -> None:
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
    assert granted(taker, 1) == 0
    world.clock.time += 1
    assert granted(taker, 1) == 1


def test_a_budget_nobody_uses_any_more_expires(world: World) -> None:
    granted(budget(world), 1)
    assert [each["expires_at"] for each in items(world)] == [(NOW + DAY_MS) // 1000]


def test_many_at_once_are_granted_no_more_and_no_less_than_is_there(world: World) -> None:
    taker = budget(world)
    taker.learn_limit(60)
    assert granted(taker, 1) == 1  # the minute has begun
    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(take, [taker] * 48)) == 29
    assert [each["used"] for each in items(world)] == [30]


@pytest.mark.parametrize("before", [0, 3])
def test_two_who_begin_a_minute_at_once_are_both_granted(world: World, faults: Faults, before: int) -> None:
    taker = budget(world)
    granted(taker, before)
    world.clock.time += MINUTE_MS
    faults.meanwhile("UpdateItem", lambda: budget(world).take(), after=1)
    assert take(taker)
    assert [each["used"] for each in items(world)] == [2]


def test_a_clock_that_is_a_little_behind_at_the_turn_of_a_minute_is_granted(world: World) -> None:
    budget(world).take()
    world.clock.time -= 1
    assert take(budget(world))


# ---------------------------------------------------------------------- in a run


def test_workspaces_with_one_key_share_its_budget(world: World, number: Number) -> None:
    number.server.rate.limit = 14
    settings = {**REPAIR, "verify_rate_share": 50}
    budget(world).learn_limit(14)
    for name in ("w1", "w2", "w3"):
        world.workspace(name, settings=settings)
        world.run(name)
    assert [int(world.record(name).deferred) for name in ("w1", "w2", "w3")] == [0, 0, 0]
    assert len(number.requests) == 7
    world.workspace("w4", settings=settings)
    world.run("w4")
    assert (world.record("w4").deferred, world.record("w4").deferred_why) == (1, "budget_spent")
    assert len(number.requests) == 7
    assert "watermark" not in world.workspace_record("w4")


def test_the_limit_that_an_answer_tells_is_learned(world: World, number: Number) -> None:
    number.server.rate.limit = 500
    world.workspace(settings=REPAIR)
    world.run()
    [kept] = items(world)
    assert (kept["limit_per_minute"], kept["used"]) == (500, 3)


def test_the_limit_is_learned_from_a_429_too(world: World, number: Number) -> None:
    number.server.rate.limit = 30
    number.server.rate.take("kapso-key-that-nobody-may-see", NOW, 30)
    world.workspace(settings=REPAIR)
    world.run()
    assert world.record().deferred_why == "rate_limited"
    [kept] = items(world)
    assert kept["limit_per_minute"] == 30


def test_requests_that_are_tried_again_count_too(world: World, number: Number) -> None:
    world.workspace(settings=REPAIR)
    number.server.faults.add(answers.status(503), path="/conversations", times=2)
    world.run()
    assert len(number.requests) == items(world)[0]["used"] == 5


def test_a_budget_that_ends_before_the_look_ups_costs_no_verification(world: World, number: Number) -> None:
    number.server.rate.limit = 100
    world.workspace(settings={**REPAIR, "verify_rate_share": 1})
    number.missed("621")
    world.run()
    assert world.counts("deferred", "repaired", "webhook_off") == (0, 1, 0)
    assert len(number.requests) == 1
    assert not world.record().webhook


def test_a_scan_of_more_pages_than_a_minute_grants_catches_up(
    world: World, number: Number, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversations, "PAGE_SIZE", 1)
    number.server.rate.limit = 4
    budget(world).learn_limit(4)
    world.workspace(settings=REPAIR)
    for age in (10, 20, 30):
        number.missed(f"62{age}", kapso_age_ms=age * MINUTE_MS)
    for hours in range(4):
        world.next_hour(hours)
    assert [each["last_activity_at"] for each in world.items(world.database.tables.contacts)] == [
        NOW - age * MINUTE_MS for age in (10, 20, 30)
    ]
    assert "watermark" in world.workspace_record()
