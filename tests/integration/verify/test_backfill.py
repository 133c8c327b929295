"""The backfill: the same comparison over a window of the past, on command, with its own record."""

import pytest

from background_sync.messages import BACKFILL, Message, Window
from background_sync.rules.policy import DAY_MS, HOUR_MS, MINUTE_MS
from tests.conftest import Tally
from tests.integration.killer import (
    Killer,
    assert_same_through_kills,
    assert_same_through_trouble,
    deliver_once,
)
from tests.integration.verify.number import FIRST_SCAN_SINCE, LONG_AGO_MS, Number
from tests.integration.world import LEASE_MS, NOW, Received, World

COUNTS = ("verified", "in_step", "behind", "missing", "repaired", "created", "deleted", "ahead", "unknown")


@pytest.fixture(autouse=True)
def workspace_without_verification(world: World, number: Number) -> None:  # noqa: ARG001 - serves Kapso
    world.workspace()


def message(
    since_age_ms: int = DAY_MS,
    until_age_ms: int = 0,
    *,
    dry_run: bool = False,
    workspace_id: str = "w1",
    run_at: int = NOW,
) -> Received:
    window = Window(NOW - since_age_ms, NOW - until_age_ms, dry_run)
    return Received(Message(BACKFILL, workspace_id, run_at, window).body())


def counted(world: World) -> dict[str, int]:
    """The counts of the completed backfill, without the zeros."""
    record = world.record("#backfill#w1")
    assert record.status == "completed"
    assert record.verified == sum(int(getattr(record, name)) for name in COUNTS[1:])
    return {name: int(getattr(record, name)) for name in COUNTS if getattr(record, name)}


def missed_each_hour(number: Number, count: int) -> None:
    """So many contacts, the message of each missed at another hour, and a page for each."""
    number.page_size(1)
    for hours in range(1, count + 1):
        number.missed(f"62{hours}", 20 * HOUR_MS, hours * HOUR_MS)


def test_a_backfill_repairs_and_creates_only_within_its_window(world: World, number: Number) -> None:
    number.missed("621", 9 * DAY_MS, 5 * DAY_MS)
    number.missed("622", 9 * DAY_MS, 2 * DAY_MS)
    number.missed("623", 9 * DAY_MS, 8 * DAY_MS)
    number.message("624", 4 * DAY_MS, missed=True)
    assert world.deliver(message(6 * DAY_MS, 3 * DAY_MS))
    assert counted(world) == {"verified": 2, "repaired": 1, "created": 1}
    repaired = {name for name, each in world.contacts().items() if "repaired_at" in each}
    assert repaired == {"621", "624"}
    assert world.notes("621") == ["Sync repair: missed activity at 2025-12-27T00:00:00Z"]


def test_a_backfill_moves_no_watermark_and_belongs_to_no_sweep(world: World, number: Number) -> None:
    before = world.workspace_record()
    number.missed("621")
    world.deliver(message())
    assert world.workspace_record() == before
    assert world.flagged() == set()
    records = world.items(world.database.tables.sync_health)
    assert {each["workspace_id"] for each in records} == {"#backfill#w1", "#rate#abc", "#webhooks#abc"}
    assert "time_shard" not in records[0]


def test_a_dry_run_counts_and_writes_nothing(world: World, number: Number) -> None:
    world.workspace(settings={"verify": "report"})
    number.missed("621")
    number.message("622", HOUR_MS, missed=True)
    number.message("623", HOUR_MS, name="Ana")
    number.store.rename(number.person("623"), "ana :)")
    before = world.contacts()
    world.deliver(message(dry_run=True))
    assert world.contacts() == before
    assert counted(world) == {"verified": 3, "behind": 1, "missing": 1, "in_step": 1}


def test_a_backfill_continues_in_follow_ups_over_the_same_window(world: World, number: Number) -> None:
    missed_each_hour(number, 5)
    number.page_size(2)
    number.slow_pages()
    world.work([message()])
    assert counted(world) == {"verified": 5, "repaired": 5}
    assert world.record("#backfill#w1").attempts == 3
    windows = {(each["last_active_since"], each["last_active_until"]) for each in number.scans}
    assert windows == {(FIRST_SCAN_SINCE, "2026-01-01T00:00:00Z")}


def test_a_backfill_that_fails_on_a_page_continues_from_there(world: World, number: Number) -> None:
    missed_each_hour(number, 2)
    number.fail(404, nth=2)
    waiting = message()
    assert not world.deliver(waiting)
    record = world.record("#backfill#w1")
    assert (record.status, record.error) == ("failed", "NotAnswered: number_unknown")
    assert world.contacts()["621"]["repaired_at"] == NOW
    assert world.deliver(waiting)
    assert counted(world) == {"verified": 2, "repaired": 2}
    assert len(number.scans) == 3
    assert len(world.notes("621")) == 1


def test_a_backfill_that_fails_on_its_first_page_is_tried_three_times(world: World, number: Number) -> None:
    number.fail(404)
    waiting = message()
    for _ in range(4):
        world.deliver(waiting)
    assert (world.record("#backfill#w1").attempts, len(number.scans)) == (3, 3)


@pytest.mark.parametrize("pause", ["budget_spent", "rate_limited"])
def test_a_backfill_that_pauses_every_minute_is_not_abandoned(
    world: World, number: Number, pause: str
) -> None:
    """The key's share, or Kapso, allows one page per minute."""
    number.server.rate.limit = 100
    world.workspace(settings={"verify_rate_share": 1 if pause == "budget_spent" else 100})
    missed_each_hour(number, 6)
    if pause == "rate_limited":
        number.fail(429, nth=range(2, 99, 2))
    for minute in range(5):
        assert world.deliver(message())
        record = world.record("#backfill#w1")
        assert (record.status, record.deferred_why) == ("running", pause)
        assert world.sqs.get_queue_attributes(
            QueueUrl=world.queue.url, AttributeNames=["ApproximateNumberOfMessagesDelayed"]
        )["Attributes"] == {"ApproximateNumberOfMessagesDelayed": str(minute + 1)}
        world.clock.time += MINUTE_MS
    assert world.queue.is_empty()  # A sweep does not wait for delayed messages.
    assert world.deliver(message())
    assert counted(world) == {"verified": 6, "repaired": 6}
    assert world.record("#backfill#w1").deferred_why is None


def test_a_backfill_waits_as_long_as_kapso_says(world: World, number: Number) -> None:
    missed_each_hour(number, 2)
    number.fail(429, retry_after="600", nth=2)
    assert world.deliver(message())
    for _ in range(5):
        world.clock.time += MINUTE_MS
        assert world.deliver(message())
    assert len(number.scans) == 2
    world.clock.time += 5 * MINUTE_MS
    assert world.deliver(message())
    assert counted(world) == {"verified": 2, "repaired": 2}


def test_a_backfill_that_has_waited_for_a_day_fails(world: World, number: Number) -> None:
    number.fail(429, retry_after="600")
    assert world.deliver(message())
    world.clock.time += DAY_MS
    assert not world.deliver(message())
    record = world.record("#backfill#w1")
    assert (record.status, record.error) == ("failed", "NotAnswered: rate_limited")
    assert record.deferred_why is None


def test_a_workspace_that_becomes_inactive_keeps_the_counts_so_far(world: World, number: Number) -> None:
    missed_each_hour(number, 2)
    number.fail(429, nth=2)
    assert world.deliver(message())
    world.workspace(kapso_phone_id=None)
    assert world.deliver(message())
    record = world.record("#backfill#w1")
    assert (record.skipped, record.repaired) == (1, 1)


def test_an_abandoned_dry_run_does_not_become_a_dead_letter(world: World, number: Number) -> None:
    """It only counts: nothing is lost with it."""
    number.fail(404)
    waiting = message(dry_run=True)
    assert [world.deliver(waiting) for _ in range(4)] == [False, False, False, True]
    assert world.record("#backfill#w1").status == "failed"


def test_a_backfill_killed_or_throttled_at_any_request_ends_the_same(
    world: World, number: Number, killer: Killer, exhaustive: bool, tally: Tally
) -> None:
    number.missed("621")
    assert play(world, killer) == ({"verified": 1, "repaired": 1}, 1)
    tally("a backfill is killed", assert_same_through_kills(killer, lambda: play(world, killer)))
    every = 1 if exhaustive else 11
    tally("a request of a backfill", assert_same_through_trouble(killer, lambda: play(world, killer), every))


def play(world: World, killer: Killer) -> tuple[dict[str, int], int]:
    """The counts of the backfill, and the number of notes."""
    world.clear()
    world.workspace()
    world.contact("621", LONG_AGO_MS)
    waiting = message()
    while not deliver_once(world, killer, waiting):
        world.clock.time += LEASE_MS
    return counted(world), len(world.notes("621"))
