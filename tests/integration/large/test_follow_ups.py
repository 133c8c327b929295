"""A workspace larger than one invocation goes on in follow-up messages and ends as if it were small."""

from typing import Any

import pytest

from background_sync.messages import RUN, Message
from tests.integration.faults import Faults
from tests.integration.large.crowd import CAP, came_to, judge, make, put
from tests.integration.world import LEASE_MS, NOW, Received, World

CROWD = make(60, seed=7)


class Dead(BaseException):
    """The process ends here."""


@pytest.fixture(autouse=True)
def a_workspace_of_six_pages(world: World) -> None:
    world.workspace(settings={"max_flags_per_run": CAP})
    put(world, CROWD)
    world.page_size = 10
    world.clock.tick_ms = 36_000  # a delivery is near its deadline after a page, or after a few flags


def message() -> Received:
    return Received(Message(RUN, "w1", NOW).body(), "none")


def test_the_crowd_is_of_every_kind() -> None:
    counts, flagged = judge(CROWD)
    kinds = ("fresh", "closed_leads", "invalid", "in_cooldown", "over_cap")
    assert min(counts[name] for name in kinds) > 1
    assert len(flagged) == CAP


def test_it_counts_and_flags_what_the_rules_say(world: World) -> None:
    world.work([message()])
    assert came_to(world) == judge(CROWD)
    assert world.record().status == "completed"


def test_more_than_three_follow_ups_exhaust_no_attempts(world: World) -> None:
    world.work([message()])
    record: Any = world.record()
    assert record.attempts > 5
    assert (record.error, record.tries) == (None, 1)


def test_in_one_invocation_it_comes_to_the_same(world: World) -> None:
    world.page_size, world.clock.tick_ms = None, 0
    assert world.run()
    assert world.record().attempts == 1
    assert came_to(world) == judge(CROWD)


def test_it_holds_no_more_than_twice_the_cap(world: World) -> None:
    waiting, sizes = [message()], list[int]()
    while waiting:
        assert world.deliver(waiting.pop())
        place = world.record().checkpoint
        sizes += [] if place is None else [len(place["candidates"])]
        waiting = world.receive()
    assert max(sizes) == 2 * CAP
    assert len(sizes) > 3


def test_the_lease_is_free_and_the_place_saved_before_the_follow_up_is_there(world: World) -> None:
    assert world.deliver(message())
    record: Any = world.record()
    assert (record.status, record.lease_until) == ("running", None)
    assert sum(record.checkpoint["survey"].values()) == world.page_size
    assert [each.message for each in world.receive()] == [message().message]


def test_one_that_dies_in_the_middle_goes_on_from_its_place(world: World, faults: Faults) -> None:
    received = message()
    assert world.deliver(received)
    [follow_up] = world.receive()
    faults.fail("Query", Dead())
    with pytest.raises(Dead):
        world.deliver(follow_up)
    world.clock.time += LEASE_MS
    world.work([follow_up])
    assert came_to(world) == judge(CROWD)


def test_a_message_that_comes_twice_all_along_changes_nothing(world: World) -> None:
    world.work([message(), message()])
    assert came_to(world) == judge(CROWD)


def test_an_old_message_goes_on_when_the_follow_up_is_lost(world: World) -> None:
    received = message()
    for _ in range(3):
        world.deliver(received)
        world.receive()
    world.work([received])
    assert came_to(world) == judge(CROWD)


def test_a_follow_up_that_is_not_sent_costs_the_attempt_alone(world: World) -> None:
    received, url = message(), world.queue.url
    world.queue.url = url + "-gone"
    assert not world.deliver(received)
    assert world.record().status == "failed"
    world.queue.url = url
    world.work([received])
    assert (world.record().status, came_to(world)) == ("completed", judge(CROWD))


@pytest.mark.parametrize("seed", [1, 2])
def test_whatever_the_crowd(world: World, seed: int) -> None:
    crowd = make(30, seed)
    world.workspace("w2", settings={"max_flags_per_run": CAP})
    put(world, crowd, "w2")
    world.page_size, world.clock.tick_ms = 7, 20_000
    world.work([Received(Message(RUN, "w2", NOW).body(), "none")])
    assert came_to(world, "w2") == judge(crowd)
