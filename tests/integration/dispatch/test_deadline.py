"""Near its deadline the dispatcher invokes itself, and the next invocation continues."""

import pytest

from background_sync.rules.policy import HOUR_MS
from tests.integration.dispatch.many import put_workspaces, sent
from tests.integration.world import NOW, World

pytestmark = pytest.mark.usefixtures("small_pages")


def test_the_dispatcher_invokes_itself_for_the_same_sweep(world: World) -> None:
    put_workspaces(world, 25)
    world.clock.tick_ms = 300_000
    done = world.dispatch()
    assert not done.complete
    assert world.invoked_itself == [NOW]
    assert world.swept()["status"] == "dispatching"


def test_resumed_invocations_finish_and_send_nothing_twice(world: World) -> None:
    active = put_workspaces(world, 25, without_token=5)
    world.clock.tick_ms = 200_000
    done, invocations = world.dispatch(), 1
    while not done.complete:
        done, invocations = world.dispatch(resume=True), invocations + 1
    assert invocations > 2
    assert (done.dispatched, done.skipped) == (25, 5)
    assert sent(world) == dict.fromkeys(active, 1)


def test_a_request_to_resume_a_finished_dispatch_does_nothing(world: World) -> None:
    world.workspace()
    world.dispatch()
    sent(world)
    done = world.dispatch(resume=True)
    assert (done.dispatched, done.complete) == (1, True)
    assert not sent(world)
    assert world.invoked_itself == []


def test_an_earlier_sweep_that_uses_all_the_time_is_finished_too(world: World) -> None:
    put_workspaces(world, 25)
    world.clock.tick_ms = 300_000
    world.dispatch(NOW)
    assert not world.dispatch(NOW + HOUR_MS).complete
    world.clock.tick_ms = 0
    assert world.dispatch(NOW + HOUR_MS, resume=True).complete
    assert (world.swept(NOW)["dispatched"], world.swept(NOW + HOUR_MS)["dispatched"]) == (25, 25)
