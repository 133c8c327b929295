"""When a message that is not acknowledged is delivered again."""

from typing import Any

import pytest

from background_sync.records import runs
from tests.integration.faults import FOR_GOOD, Faults
from tests.integration.world import LEASE_MS, Received, World


@pytest.fixture
def hidden(world: World, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    seconds: list[int] = []
    monkeypatch.setattr(world.queue, "hide", lambda _, for_s: seconds.append(for_s))
    return seconds


@pytest.fixture
def dead(world: World, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    bodies: list[str] = []
    monkeypatch.setattr(world.queue, "send_to_dead_letters", bodies.append)
    return bodies


def test_a_leased_run_is_delivered_again_when_the_lease_ends(world: World, hidden: list[int]) -> None:
    world.claim()
    world.clock.time += 100_001
    assert not world.run()
    assert hidden == [50]


def test_a_failed_run_is_retried_ever_later(world: World, hidden: list[int], faults: Faults) -> None:
    world.workspace()
    for receive_count in (1, 2, 3):
        faults.fail("Query", RuntimeError("boom"))
        assert not world.run(receive_count=receive_count)
    assert hidden == [30, 60, 90]


def test_an_abandoned_run_is_delivered_again_at_once(world: World, hidden: list[int]) -> None:
    for _ in range(runs.MAX_ATTEMPTS):
        world.claim()
        world.clock.time += LEASE_MS
    assert not world.run(receive_count=4)
    assert hidden == [0]


@pytest.mark.parametrize("body", ["", "{}", '{"version": 1, "kind": "run", "workspace_id": "w1"}'])
def test_an_invalid_one_is_a_dead_letter(world: World, dead: list[str], hidden: list[int], body: str) -> None:
    assert world.deliver(Received(body))
    assert (dead, hidden) == ([body], [])
    assert world.items(world.database.tables.sync_health) == []


def test_an_invalid_message_that_cannot_be_moved_is_delivered_again(
    world: World, hidden: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: str) -> None:
        raise RuntimeError("no queue")

    monkeypatch.setattr(world.queue, "send_to_dead_letters", refuse)
    assert not world.deliver(Received("{}"))
    assert hidden == [0]


def test_an_acknowledged_message_is_not_hidden(world: World, hidden: list[int]) -> None:
    world.workspace()
    assert world.run()
    assert hidden == []


def test_a_message_that_cannot_be_hidden_is_still_not_acknowledged(world: World) -> None:
    for _ in range(runs.MAX_ATTEMPTS):
        world.claim()
        world.clock.time += LEASE_MS
    world.queue.url += "-gone"
    assert not world.run(receive_count=4)
    world.queue.url = world.queue.url.removesuffix("-gone")


def test_a_failure_that_is_not_recorded_is_retried(world: World, hidden: list[int], faults: Faults) -> None:
    world.workspace()
    faults.fail("Query", RuntimeError("boom"))
    for _ in range(8):
        faults.fail("TransactWriteItems", RuntimeError("boom"))
    assert not world.run()
    assert (hidden, world.record().status) == ([30], "running")
    faults.close()
    world.clock.time += LEASE_MS
    assert world.run(receive_count=2)
    assert world.record().status == "completed"


def test_a_failed_run_has_an_error_and_a_free_lease(world: World, hidden: list[int], faults: Faults) -> None:
    world.workspace()
    faults.lose_answers("Query", FOR_GOOD)
    assert not world.run()
    record: Any = world.record()
    assert (record.status, record.lease_until, hidden) == ("failed", None, [30])
    assert "Read timeout" in record.error
    assert len(record.error) <= 500
