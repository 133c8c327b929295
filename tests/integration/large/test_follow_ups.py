"""A workspace too large for one invocation continues in follow-up messages, and ends as if it were small."""

from typing import Any

import pytest

from tests.integration.large.crowd import CAP, counted, judge, make, put
from tests.integration.world import World, message

CROWD = make(60, seed=7)


@pytest.fixture(autouse=True)
def workspace_of_six_pages(world: World) -> None:
    world.workspace(settings={"max_flags_per_run": CAP})
    put(world, CROWD)
    world.page_size = 10
    world.clock.tick_ms = 36_000  # A delivery is near its deadline after a page, or after a few flags.


def test_the_crowd_has_every_kind_of_contact() -> None:
    counts, flagged = judge(CROWD)
    kinds = ("fresh", "closed_leads", "invalid", "in_cooldown", "over_cap")
    assert min(counts[name] for name in kinds) > 1
    assert len(flagged) == CAP


def test_a_large_workspace_is_counted_and_flagged_by_the_rules(world: World) -> None:
    """Its many follow-ups do not count as failed attempts."""
    world.work([message()])
    assert counted(world) == judge(CROWD)
    record: Any = world.record()
    assert record.attempts > 5
    assert (record.status, record.error, record.tries) == ("completed", None, 1)


def test_one_invocation_has_the_same_outcome(world: World) -> None:
    world.page_size, world.clock.tick_ms = None, 0
    assert world.run()
    assert world.record().attempts == 1
    assert counted(world) == judge(CROWD)


def test_a_checkpoint_holds_at_most_twice_the_cap(world: World) -> None:
    waiting, sizes = [message()], list[int]()
    while waiting:
        assert world.deliver(waiting.pop())
        checkpoint = world.record().checkpoint
        sizes += [] if checkpoint is None else [len(checkpoint["candidates"])]
        waiting = world.receive()
    assert max(sizes) == 2 * CAP
    assert len(sizes) > 3


def test_the_lease_is_free_and_the_checkpoint_saved_before_the_follow_up(world: World) -> None:
    assert world.deliver(message())
    record: Any = world.record()
    assert (record.status, record.lease_until) == ("running", None)
    assert sum(record.checkpoint["survey"].values()) == world.page_size
    assert [each.message for each in world.receive()] == [message().message]


@pytest.mark.parametrize("seed", [1, 2])
def test_other_crowds_have_the_outcome_of_the_rules(world: World, seed: int) -> None:
    crowd = make(30, seed)
    world.workspace("w2", settings={"max_flags_per_run": CAP})
    put(world, crowd, "w2")
    world.page_size, world.clock.tick_ms = 7, 20_000
    world.work([message(workspace_id="w2")])
    assert counted(world, "w2") == judge(crowd)
