"""Messages that SQS refuses at first."""

import pytest

from background_sync.queue import PAUSE_S, NotSent, WorkQueue
from tests.integration.dispatch.many import put_workspaces, sent
from tests.integration.faults import FOR_GOOD, ChoosyQueue
from tests.integration.world import World


def refuse(world: World, *names: str, times: int = FOR_GOOD) -> ChoosyQueue:
    choosy = ChoosyQueue(world.sqs, lambda body: any(f'"{name}"' in body for name in names), times)
    world.queue = WorkQueue(world.queue.url, world.clock, choosy)  # type: ignore[arg-type]
    return choosy


def accept(world: World) -> None:
    world.queue = WorkQueue(world.queue.url, world.clock, world.sqs)


def test_refused_messages_are_sent_again(world: World) -> None:
    active = put_workspaces(world, 25)
    refuse(world, "w003", "w007", "w019", times=2)
    done = world.dispatch()
    assert (done.dispatched, done.complete) == (25, True)
    assert sent(world) == dict.fromkeys(active, 1)


def test_accepted_messages_are_not_sent_again(world: World) -> None:
    put_workspaces(world, 10)
    choosy = refuse(world, "w003", times=1)
    world.dispatch()
    assert [len(request) for request in choosy.requests] == [10, 1]
    assert '"w003"' in choosy.requests[1][0]


def test_the_pause_before_each_retry_grows(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.workspace()
    waits: list[float] = []
    monkeypatch.setattr(world.clock, "sleep", waits.append)
    refuse(world, "w1", times=3)
    world.dispatch()
    assert len(waits) == 3
    # Each is random, from half to one and a half of twice the one before.
    for retry, wait in enumerate(waits):
        assert 0.5 <= wait / (PAUSE_S * 2**retry) <= 1.5


def test_a_queue_that_never_accepts_them_fails_the_dispatch(world: World) -> None:
    put_workspaces(world, 12)
    refuse(world, "w001", "w011")
    with pytest.raises(NotSent, match="messages were not accepted: InternalError"):
        world.dispatch()
    assert world.swept()["status"] == "dispatching"


def test_after_a_failed_dispatch_the_next_one_has_exact_counts(world: World) -> None:
    active = put_workspaces(world, 12, without_token=1)
    world.segments = 2
    refuse(world, "w001", "w011")
    with pytest.raises(NotSent):
        world.dispatch()
    accept(world)
    done = world.dispatch()
    assert (done.dispatched, done.skipped, done.complete) == (12, 1, True)
    assert sent(world).keys() == set(active)
