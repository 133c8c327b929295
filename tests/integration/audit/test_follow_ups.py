"""An audit too large for one invocation goes on in follow-up messages."""

import pytest

from background_sync.messages import AUDIT, Message
from background_sync.rules.policy import DAY_MS
from tests.integration.audit.findings import findings, index, put
from tests.integration.faults import Faults
from tests.integration.world import LEASE_MS, NOW, Received, World

COUNT = 11


@pytest.fixture(autouse=True)
def eleven_invisible_contacts_and_pages_of_two(world: World) -> None:
    world.workspace()
    for number in range(COUNT):
        put(world, f"62{number:02d}", last_activity_at=NOW - DAY_MS - number)
    world.page_size = 2
    world.clock.tick_ms = 36_000  # a delivery is near its deadline after a page


def test_it_goes_on_without_starting_over(world: World) -> None:
    assert world.audit()
    place = world.record("#audit#w1").checkpoint
    assert place["findings"]["contacts_checked"] == 2
    [follow_up] = world.receive()
    assert (follow_up.message.kind, follow_up.message.run_at) == ("audit", NOW)
    world.work([follow_up])
    record = world.record("#audit#w1")
    assert (record.status, record.checkpoint) == ("completed", None)
    assert record.attempts > 3
    assert findings(world) == {"contacts_checked": COUNT, "fixed_missing": COUNT}
    assert len(index(world)) == COUNT


def test_the_workspace_counts_as_audited_at_the_end_only(world: World) -> None:
    world.audit()
    assert "audited_at" not in world.items(world.database.tables.workspaces)[0]
    world.work()
    assert world.items(world.database.tables.workspaces)[0]["audited_at"] == NOW


def test_delivered_twice_it_counts_the_same(world: World) -> None:
    message = Received(Message(AUDIT, "w1", NOW).body(), "none")
    world.work([message, Received(message.body, "none")])
    assert findings(world) == {"contacts_checked": COUNT, "fixed_missing": COUNT}


def test_when_its_follow_up_is_not_sent_the_old_message_goes_on(world: World, faults: Faults) -> None:
    faults.fail("UpdateItem", RuntimeError("boom"), after=3)  # claim, two repairs, and then the place
    received = Received(Message(AUDIT, "w1", NOW).body(), "none")
    assert not world.deliver(received)
    world.clock.time += LEASE_MS
    world.work([received])
    assert world.record("#audit#w1").status == "completed"
    assert len(index(world)) == COUNT
