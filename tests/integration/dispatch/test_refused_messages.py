"""Messages that SQS refuses at first."""

import pytest

from background_sync.queue import NotSent, WorkQueue
from tests.integration.dispatch.many import put_workspaces, sent
from tests.integration.faults import FOR_GOOD, ChoosyQueue
from tests.integration.world import World


def refuse(world: World, *names: str, times: int = FOR_GOOD) -> ChoosyQueue:
    choosy = ChoosyQueue(world.sqs, lambda body: any(f'"{name}"' in body for name in names), times)
    world.queue = WorkQueue(world.queue.url, world.clock, choosy)  # type: ignore[arg-type]
    return choosy


def test_refused_messages_are_sent_again_and_accepted_ones_are_not(world: World) -> None:
    active = put_workspaces(world, 25)
    choosy = refuse(world, "w003", "w007", "w019", times=2)
    done = world.dispatch()
    assert (done.dispatched, done.complete) == (25, True)
    assert [len(request) for request in choosy.requests] == [10, 2, 2, 10, 1, 1, 5]
    assert sent(world) == dict.fromkeys(active, 1)


def test_a_queue_that_never_accepts_them_fails_the_dispatch_and_the_next_one_has_exact_counts(
    world: World,
) -> None:
    active = put_workspaces(world, 12, without_token=1)
    world.segments = 2
    refuse(world, "w001", "w011")
    with pytest.raises(NotSent, match="messages were not accepted: InternalError"):
        world.dispatch()
    assert world.swept()["status"] == "dispatching"
    world.queue = WorkQueue(world.queue.url, world.clock, world.sqs)
    done = world.dispatch()
    assert (done.dispatched, done.skipped, done.complete) == (12, 1, True)
    assert sent(world).keys() == set(active)
