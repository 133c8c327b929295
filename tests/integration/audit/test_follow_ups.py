"""An audit too large for one invocation continues in follow-up messages."""

import pytest

from background_sync.messages import AUDIT
from background_sync.rules.policy import DAY_MS
from tests.integration.audit.findings import findings, index, put
from tests.integration.world import NOW, World, message

COUNT = 11


@pytest.fixture(autouse=True)
def eleven_contacts_and_pages_of_two(world: World) -> None:
    world.workspace()
    for number in range(COUNT):
        put(world, f"62{number:02d}", last_activity_at=NOW - DAY_MS - number)
    world.page_size = 2
    world.clock.tick_ms = 36_000  # A delivery is near its deadline after a page.


def test_an_audit_continues_in_follow_ups_without_starting_over(world: World) -> None:
    assert world.audit()
    checkpoint = world.record("#audit#w1").checkpoint
    assert checkpoint["findings"]["contacts_checked"] == 2
    [follow_up] = world.receive()
    assert (follow_up.message.kind, follow_up.message.run_at) == ("audit", NOW)
    world.work([follow_up])
    record = world.record("#audit#w1")
    assert (record.status, record.checkpoint) == ("completed", None)
    assert record.attempts > 3
    assert findings(world) == {"contacts_checked": COUNT, "fixed_missing": COUNT}
    assert len(index(world)) == COUNT


def test_the_workspace_counts_as_audited_only_at_the_end(world: World) -> None:
    world.audit()
    assert "audited_at" not in world.workspace_record()
    world.work()
    assert world.workspace_record()["audited_at"] == NOW


def test_an_audit_delivered_twice_counts_the_same(world: World) -> None:
    world.work([message(AUDIT), message(AUDIT)])
    assert findings(world) == {"contacts_checked": COUNT, "fixed_missing": COUNT}
