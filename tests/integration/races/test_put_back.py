"""When a message that is not acknowledged comes back."""

from typing import Any

import pytest

from background_sync.messages import RUN, Message
from background_sync.records import runs
from tests.integration.faults import FOR_GOOD, Faults
from tests.integration.world import LEASE_MS, NOW, Received, World


@pytest.fixture
def hidden(world: World, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """For how many seconds messages are hidden."""
    seconds: list[int] = []
    monkeypatch.setattr(world.queue, "hide", lambda _, for_s: seconds.append(for_s))
    return seconds


@pytest.fixture
def dead(world: World, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The bodies that are moved to the dead-letter queue."""
    bodies: list[str] = []
    monkeypatch.setattr(world.queue, "send_to_dead_letters", bodies.append)
    return bodies


def deliver(world: World, receive_count: int = 1, body: Any = None) -> bool:
    body = Message(RUN, "w1", NOW).body() if body is None else body
    return world.deliver(Received(body, "receipt", receive_count))


def test_owned_elsewhere_when_the_lease_ends(world: World, hidden: list[int]) -> None:
    runs.claim("w1", NOW, world.clock.now(), LEASE_MS, first_delivery=True)
    world.clock.time += 100_001
    assert not deliver(world)
    assert hidden == [50]


def test_failed_after_a_pause_that_grows(world: World, hidden: list[int], faults: Faults) -> None:
    world.workspace()
    for receive_count in (1, 2, 3):
        faults.fail("Query", RuntimeError("boom"))
        assert not deliver(world, receive_count)
    assert hidden == [30, 60, 90]


def test_given_up_at_once_so_that_the_queue_moves_it_away(world: World, hidden: list[int]) -> None:
    for _ in range(runs.MAX_ATTEMPTS):
        runs.claim("w1", NOW, world.clock.now(), LEASE_MS, first_delivery=True)
        world.clock.time += LEASE_MS
    assert not deliver(world, 4)
    assert hidden == [0]


@pytest.mark.parametrize("body", ["", "{}", '{"version": 1, "kind": "run", "workspace_id": "w1"}'])
def test_an_invalid_message_is_moved_to_the_dead_letters_and_acknowledged(
    world: World, dead: list[str], hidden: list[int], body: str
) -> None:
    assert deliver(world, body=body)
    assert (dead, hidden) == ([body], [])
    assert world.items(world.database.tables.sync_health) == []


def test_an_invalid_message_that_cannot_be_moved_is_delivered_again(
    world: World, hidden: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: str) -> None:
        raise RuntimeError("no queue")

    monkeypatch.setattr(world.queue, "send_to_dead_letters", refuse)
    assert not deliver(world, body="{}")
    assert hidden == [0]


def test_acknowledged_it_is_not_hidden(world: World, hidden: list[int]) -> None:
    world.workspace()
    assert deliver(world)
    assert hidden == []


def test_when_it_cannot_be_hidden_it_is_still_not_acknowledged(world: World) -> None:
    for _ in range(runs.MAX_ATTEMPTS):
        runs.claim("w1", NOW, world.clock.now(), LEASE_MS, first_delivery=True)
        world.clock.time += LEASE_MS
    world.queue.url += "-gone"
    assert not deliver(world, 4)
    world.queue.url = world.queue.url.removesuffix("-gone")


def test_when_even_the_failure_cannot_be_recorded_the_lease_ends_by_itself(
    world: World, hidden: list[int], faults: Faults
) -> None:
    world.workspace()
    faults.fail("Query", RuntimeError("boom"))
    for _ in range(8):
        faults.fail("TransactWriteItems", RuntimeError("boom"))
    assert not deliver(world)
    assert (hidden, world.record().status) == ([30], "running")
    faults.close()
    world.clock.time += LEASE_MS
    assert deliver(world, 2)
    assert world.record().status == "completed"


def test_a_run_fails_with_the_error_and_its_lease_is_free(
    world: World, hidden: list[int], faults: Faults
) -> None:
    world.workspace()
    faults.lose_answers("Query", FOR_GOOD)
    assert not deliver(world)
    record: Any = world.record()
    assert (record.status, record.lease_until, hidden) == ("failed", None, [30])
    assert "Read timeout" in record.error
    assert len(record.error) <= 500
