"""GET /health: pass, warn or fail, derived from the records of the sweeps and from the queues."""

from collections.abc import Iterator

import pytest

from background_sync.records.heard import remember_heard
from background_sync.rules.policy import DAY_MS, HOUR_MS
from background_sync_ops.kapso import faults as answers
from tests.integration.health.api import Api
from tests.integration.verify.number import PHONE_ID, REPAIR, Number, served
from tests.integration.world import NOW, World

States = tuple[int, str, dict[str, str]]
PASS: States = (200, "pass", {})


def states(api: Api) -> States:
    api.restart()
    answer = api.get("/health")
    checks = {name: check["status"] for name, [check] in answer.document["checks"].items()}
    return answer.status, answer.document["status"], {k: v for k, v in checks.items() if v != "pass"}


def test_before_the_first_sweep_health_warns(api: Api) -> None:
    assert states(api) == (200, "warn", {"sweep:age": "warn"})


@pytest.mark.parametrize("workspaces", [0, 1])
def test_after_a_sweep_without_failures_health_passes(api: Api, world: World, workspaces: int) -> None:
    for number in range(workspaces):
        world.workspace(f"w{number}")
    world.sweep()
    assert states(api) == PASS


@pytest.mark.parametrize("first_finishes", [True, False])
def test_sweeps_that_never_finish_fail(api: Api, world: World, first_finishes: bool) -> None:
    world.workspace()
    world.dispatch(NOW)
    if first_finishes:
        world.work()
    for hour in range(1, 7):
        world.clock.time = NOW + hour * HOUR_MS
        world.dispatch(world.clock.time)
    assert states(api) == (503, "fail", {"sweep:age": "fail", "queue:age": "warn", "queue:depth": "warn"})


@pytest.mark.parametrize(("messages", "expected"), [(2, {}), (3, {"queue:depth": "warn"})])
def test_more_messages_than_two_send(api: Api, world: World, messages: int, expected: dict[str, str]) -> None:
    world.workspace()
    world.sweep()
    for _ in range(messages):
        world.sqs.send_message(QueueUrl=world.queue.url, MessageBody="waits", MessageGroupId="w1")
    assert states(api)[2] == expected


def test_an_older_sweep_that_is_still_open_warns(api: Api, world: World) -> None:
    world.workspace()
    world.dispatch(NOW)
    world.receive()
    world.clock.time = NOW + HOUR_MS + 1
    world.sweep(NOW + HOUR_MS)
    assert states(api) == (200, "warn", {"queue:age": "warn"})


def test_a_verification_that_every_sweep_defers_warns_twice(api: Api, world: World) -> None:
    world.workspace(settings={"verify": "report"}, kapso_token_parameter="/elsewhere")
    for hour in range(4):
        world.sweep(NOW + hour * HOUR_MS)
        assert states(api) == (200, "warn", {"verification:deferred": "warn", "verification:age": "warn"})


def test_a_dead_letter_warns_and_the_worst_check_is_the_overall_state(api: Api, world: World) -> None:
    world.sweep()
    world.sqs.send_message(QueueUrl=api.dead_letter_queue_url, MessageBody="dead", MessageGroupId="w1")
    assert states(api) == (200, "warn", {"deadLetters:waiting": "warn"})
    world.clock.time += DAY_MS
    assert states(api) == (503, "fail", {"sweep:age": "fail", "deadLetters:waiting": "warn"})


@pytest.fixture
def verified(world: World) -> Iterator[Number]:
    """A workspace whose number has one contact and a working webhook."""
    with served(world) as number:
        world.workspace(settings=REPAIR)
        number.quiet("621")
        number.store.add_webhook(PHONE_ID, "https://crm.example.com/hooks")
        yield number


def test_an_unreadable_conversation_warns_while_it_lasts(api: Api, world: World, verified: Number) -> None:
    verified.server.faults.add(answers.wrong_types("last_active_at"), path="/conversations", times=1)
    world.sweep()
    assert states(api) == (200, "warn", {"verification:unreadable": "warn"})
    world.clock.time += HOUR_MS
    world.sweep(NOW + HOUR_MS)
    assert states(api) == PASS


def test_an_intake_that_hears_nothing_of_lost_webhooks_warns(
    api: Api, world: World, verified: Number
) -> None:
    remember_heard(NOW - 30 * HOUR_MS)
    world.workspace(settings=REPAIR, intake_at=NOW - 30 * HOUR_MS)
    verified.message("622", HOUR_MS, missed=True)
    world.sweep()
    assert states(api) == (200, "warn", {"intake:silent": "warn"})
    [age] = api.get("/health").document["checks"]["intake:age"]
    assert age["observedValue"] == 30 * HOUR_MS // 1000


def test_without_an_intake_nothing_is_said_of_it(api: Api, world: World) -> None:
    world.sweep()
    assert not [name for name in api.get("/health").document["checks"] if name.startswith("intake")]
