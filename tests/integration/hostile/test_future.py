"""What stands in the future is not believed: it does not hold up true runs, and is replaced.

A sweep of a time to come, or a clock that was wrong for a minute, once left such times.
"""

import pytest

from background_sync.records.workspaces import Compared, remember_pending, remember_scan
from background_sync.rules.policy import DAY_MS, HOUR_MS, MINUTE_MS
from background_sync.rules.times import CLOCKS_DIFFER_MS
from tests.integration.dispatch.many import sent
from tests.integration.world import NOW, World, message

FUTURE = [NOW + CLOCKS_DIFFER_MS + 1, NOW + 36_500 * DAY_MS, 10**30]


@pytest.mark.parametrize("at", FUTURE)
def test_a_latest_run_in_the_future_supersedes_nobody_and_is_replaced(world: World, at: int) -> None:
    world.workspace(latest_run_at=at, audited_at=at)
    world.contact("628", DAY_MS)
    assert world.run()
    assert world.counts("flagged", "superseded", "future_times") == (1, 0, 2)
    assert world.workspace_record()["latest_run_at"] == NOW


def test_a_latest_run_that_is_a_little_ahead_still_supersedes(world: World) -> None:
    world.workspace(latest_run_at=NOW + CLOCKS_DIFFER_MS)
    assert world.run()
    assert world.counts("superseded") == (1,)


@pytest.mark.parametrize("kind", ["run", "audit"])
@pytest.mark.parametrize("at", [NOW + HOUR_MS, NOW + 36_500 * DAY_MS, NOW // 1000])
def test_a_message_of_a_time_that_cannot_be_goes_to_the_dead_letters(
    world: World, kind: str, at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.workspace()
    moved = list[str]()
    monkeypatch.setattr(world.queue, "send_to_dead_letters", moved.append)
    received = message(kind, run_at=at)
    assert world.deliver(received)
    assert moved == [received.body]
    assert world.items(world.database.tables.sync_health) == []


@pytest.mark.parametrize("at", FUTURE)
def test_an_audit_in_the_future_is_due_and_is_replaced(world: World, at: int) -> None:
    world.audit_enabled = True
    world.workspace(audited_at=at)
    world.dispatch()
    assert sent(world, "audit") == {"w1": 1}
    assert world.audit()
    assert world.workspace_record()["audited_at"] == NOW


@pytest.mark.parametrize("at", FUTURE)
def test_a_watermark_in_the_future_is_replaced_but_a_newer_one_is_not(world: World, at: int) -> None:
    world.workspace(watermark=at)
    compared = Compared(phone_id="1", verified_from=NOW - DAY_MS, watermark=NOW, scan_ms=5)
    remember_pending(world.database, "w1", {"started_at": NOW - 1})
    assert "pending_scan" in world.workspace_record()
    assert remember_scan(world.database, "w1", compared)
    assert world.workspace_record()["watermark"] == NOW
    world.workspace(watermark=NOW + MINUTE_MS)
    assert not remember_scan(world.database, "w1", compared)


@pytest.mark.parametrize("at", FUTURE)
def test_a_flag_in_the_future_is_no_flag_and_is_replaced(world: World, at: int) -> None:
    world.workspace()
    world.contact("628", DAY_MS, flagged_at=at)
    world.contact("629", flagged_at=at)
    assert world.run()
    assert world.counts("flagged", "fresh", "in_cooldown", "future_times") == (1, 1, 0, 2)
    assert world.read("628")["flagged_at"] == NOW
    assert world.run(run_at=NOW + HOUR_MS)
    assert world.counts("in_cooldown", run_at=NOW + HOUR_MS) == (1,)


def test_missed_activity_in_the_future_hides_no_true_one(world: World) -> None:
    world.workspace()
    later = NOW + 400 * DAY_MS
    world.contact("628", DAY_MS, flagged_at=NOW - HOUR_MS, behind_at=later, reported_at=later)
    assert world.run()
    assert world.counts("in_cooldown", "reported", "future_times") == (1, 0, 1)
