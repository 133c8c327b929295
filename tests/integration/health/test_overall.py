"""GET /health: pass, warn or fail, from the sweeps themselves."""

import pytest

from background_sync.rules.policy import DAY_MS, HOUR_MS
from tests.integration.faults import Faults
from tests.integration.health.api import Api
from tests.integration.world import NOW, World


def states(api: Api) -> tuple[int, str, dict[str, str]]:
    """The HTTP status, the overall state, and the checks that are not `pass`."""
    api.restart()
    answer = api.get("/health")
    checks = {name: check["status"] for name, [check] in answer.document["checks"].items()}
    return answer.status, answer.document["status"], {k: v for k, v in checks.items() if v != "pass"}


def sweep_with_failures(world: World, faults: Faults, runs: int, failed: int) -> None:
    for number in range(runs):
        world.workspace(f"w{number}")
    world.dispatch()
    for _ in range(failed):
        faults.fail("Query", RuntimeError("boom"))
    for received in world.receive():
        world.deliver(received)


def test_before_the_first_sweep_it_warns(api: Api) -> None:
    assert states(api) == (200, "warn", {"sweep:age": "warn"})


def test_after_a_sweep_it_passes(api: Api, world: World) -> None:
    world.workspace()
    world.sweep()
    assert states(api) == (200, "pass", {})


def test_also_without_any_workspace(api: Api, world: World) -> None:
    world.sweep()
    assert states(api) == (200, "pass", {})


@pytest.mark.parametrize(
    ("age_ms", "status", "state"),
    [
        (HOUR_MS, 200, "pass"),
        (HOUR_MS * 3 // 2, 200, "pass"),
        (HOUR_MS * 3 // 2 + 1, 200, "warn"),
        (HOUR_MS * 5 // 2, 200, "warn"),
        (HOUR_MS * 5 // 2 + 1, 503, "fail"),
        (30 * DAY_MS, 503, "fail"),
    ],
)
def test_a_late_sweep_warns_and_then_fails(
    api: Api, world: World, age_ms: int, status: int, state: str
) -> None:
    world.sweep()
    world.clock.time = NOW + age_ms
    assert states(api)[:2] == (status, state)


def test_a_sweep_that_is_under_way_is_not_late(api: Api, world: World) -> None:
    world.workspace()
    world.sweep(NOW)
    world.clock.time = NOW + HOUR_MS
    world.dispatch(NOW + HOUR_MS)
    assert states(api) == (200, "pass", {})


def test_sweeps_that_never_finish_are_late_however_many_they_are(api: Api, world: World) -> None:
    world.workspace()
    world.sweep(NOW)
    for hour in range(1, 7):
        world.clock.time = NOW + hour * HOUR_MS
        world.dispatch(world.clock.time)
    assert states(api) == (503, "fail", {"sweep:age": "fail", "queue:age": "warn", "queue:depth": "warn"})


def test_sweeps_of_which_none_ever_finished_are_late_too(api: Api, world: World) -> None:
    world.workspace()
    for hour in range(4):
        world.clock.time = NOW + hour * HOUR_MS
        world.dispatch(world.clock.time)
    assert states(api)[:2] == (503, "fail")


@pytest.mark.parametrize(
    ("runs", "failed", "expected"),
    [
        (3, 1, (200, "warn", {"runs:failed": "warn"})),
        (4, 2, (503, "fail", {"runs:failed": "fail"})),
        (1, 1, (503, "fail", {"runs:failed": "fail"})),
    ],
)
def test_failed_runs_warn_and_half_of_them_fail(
    api: Api,
    world: World,
    faults: Faults,
    runs: int,
    failed: int,
    expected: tuple[int, str, dict[str, str]],
) -> None:
    sweep_with_failures(world, faults, runs, failed)
    assert states(api) == expected


def test_those_that_were_mended_since_do_not(api: Api, world: World, faults: Faults) -> None:
    sweep_with_failures(world, faults, 2, 1)
    world.dispatch()
    world.work()
    assert states(api) == (200, "pass", {})


def test_a_dead_letter_warns(api: Api, world: World) -> None:
    world.sweep()
    world.sqs.send_message(QueueUrl=api.dead_letter_queue_url, MessageBody="dead", MessageGroupId="w1")
    assert states(api) == (200, "warn", {"deadLetters:waiting": "warn"})


def test_a_sweeps_messages_in_the_work_queue_do_not(api: Api, world: World) -> None:
    world.workspace()
    world.sweep()
    for _ in range(2):
        world.sqs.send_message(QueueUrl=world.queue.url, MessageBody="waits", MessageGroupId="w1")
    assert states(api) == (200, "pass", {})


def test_but_those_of_many_sweeps_do(api: Api, world: World) -> None:
    world.workspace()
    world.sweep()
    for _ in range(3):
        world.sqs.send_message(QueueUrl=world.queue.url, MessageBody="waits", MessageGroupId="w1")
    assert states(api) == (200, "warn", {"queue:depth": "warn"})


def test_an_older_sweep_that_is_still_open_warns(api: Api, world: World) -> None:
    world.workspace()
    world.dispatch(NOW)
    world.receive()
    world.clock.time = NOW + HOUR_MS + 1
    world.sweep(NOW + HOUR_MS)
    assert states(api) == (200, "warn", {"queue:age": "warn"})


def test_so_does_a_comparison_that_is_put_off_sweep_after_sweep(api: Api, world: World) -> None:
    world.workspace(settings={"verify": "report"}, kapso_token_parameter="/elsewhere")
    for hour in range(4):
        world.sweep(NOW + hour * HOUR_MS)
        expected = {"verification:deferred": "warn"} | ({"verification:age": "warn"} if hour == 3 else {})
        assert states(api) == (200, "warn", expected)


def test_the_worst_of_all_counts(api: Api, world: World) -> None:
    world.sweep()
    world.sqs.send_message(QueueUrl=api.dead_letter_queue_url, MessageBody="dead", MessageGroupId="w1")
    world.clock.time += DAY_MS
    assert states(api) == (503, "fail", {"sweep:age": "fail", "deadLetters:waiting": "warn"})
