"""The backfill: the same comparison over a window of the past, on command, with a record of its own."""

from typing import Any

import pytest

from background_sync.kapso import conversations
from background_sync.messages import BACKFILL, Message, Window
from background_sync.rules.policy import DAY_MS, HOUR_MS, MINUTE_MS
from background_sync_ops.kapso import faults as answers
from tests.integration.killer import Killed, Killer
from tests.integration.verify.number import LONG_AGO_MS, Number
from tests.integration.world import INVOCATION_MS, LEASE_MS, NOW, Received, World

COUNTS = ("verified", "in_step", "behind", "missing", "repaired", "created", "ahead", "unknown")


def message(since_age_ms: int = DAY_MS, until_age_ms: int = 0, *, dry_run: bool = False) -> Received:
    """Its message, not delivered yet."""
    window = Window(NOW - since_age_ms, NOW - until_age_ms, dry_run)
    return Received(Message(BACKFILL, "w1", NOW, window).body(), "none")


def came_to(world: World) -> dict[str, int]:
    """The counts that are not 0."""
    record = world.record("#backfill#w1")
    assert record.status == "completed"
    assert record.verified == sum(int(getattr(record, name)) for name in COUNTS[1:])
    return {name: int(getattr(record, name)) for name in COUNTS if getattr(record, name)}


def items(world: World) -> list[Any]:
    return world.items(world.database.tables.contacts)


def test_it_repairs_and_creates_within_its_window_alone(world: World, number: Number) -> None:
    world.workspace()
    number.missed("621", 9 * DAY_MS, 5 * DAY_MS)
    number.missed("622", 9 * DAY_MS, 2 * DAY_MS)
    number.missed("623", 9 * DAY_MS, 8 * DAY_MS)
    number.message("624", 4 * DAY_MS, missed=True)
    assert world.deliver(message(6 * DAY_MS, 3 * DAY_MS))
    assert came_to(world) == {"verified": 2, "repaired": 1, "created": 1}
    repaired = {name for name, each in world.contacts().items() if "repaired_at" in each}
    assert repaired == {"621", "624"}
    assert world.notes("621") == ["Sync repair: missed activity at 2025-12-27T00:00:00Z"]


def test_it_moves_no_watermark_flags_nobody_and_is_no_part_of_a_sweep(world: World, number: Number) -> None:
    world.workspace()
    before = world.workspace_record()
    number.missed("621")
    world.deliver(message())
    assert world.workspace_record() == before
    assert world.flagged() == set()
    kept = {each["workspace_id"] for each in world.items(world.database.tables.sync_health)}
    assert kept == {"#backfill#w1", "#rate#abc"}
    assert "time_shard" not in world.items(world.database.tables.sync_health)[0]


def test_a_dry_run_counts_and_writes_nothing(world: World, number: Number) -> None:
    world.workspace(settings={"verify": "report"})
    number.missed("621")
    number.message("622", HOUR_MS, missed=True)
    number.message("623", HOUR_MS, name="Ana")
    number.store.rename(number.person("623"), "ana :)")
    before = items(world)
    world.deliver(message(dry_run=True))
    assert items(world) == before
    assert came_to(world) == {"verified": 3, "behind": 1, "missing": 1, "in_step": 1}


def test_it_goes_on_in_follow_ups_over_the_same_window(
    world: World, number: Number, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversations, "PAGE_SIZE", 2)
    world.workspace()
    for hours in range(1, 6):
        number.missed(f"62{hours}", 20 * HOUR_MS, hours * HOUR_MS)

    def take_time() -> None:
        world.clock.time += INVOCATION_MS - 19_000

    number.server.faults.add(answers.slow(take_time), path="/conversations")
    world.work([message()])
    assert came_to(world) == {"verified": 5, "repaired": 5}
    assert world.record("#backfill#w1").attempts == 3
    assert {(each["last_active_since"], each["last_active_until"]) for each in number.scans} == {
        ("2025-12-31T00:00:00Z", "2026-01-01T00:00:00Z")
    }


@pytest.fixture
def two_pages(world: World, number: Number, monkeypatch: pytest.MonkeyPatch) -> None:
    """A person on each was missed."""
    monkeypatch.setattr(conversations, "PAGE_SIZE", 1)
    world.workspace()
    number.missed("621", 20 * HOUR_MS, HOUR_MS)
    number.missed("622", 20 * HOUR_MS, 2 * HOUR_MS)


def test_kapso_that_fails_on_a_page_is_tried_again_from_there(
    world: World, number: Number, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversations, "PAGE_SIZE", 1)
    world.workspace()
    number.missed("621")
    number.missed("622", kapso_age_ms=20 * MINUTE_MS)
    number.server.faults.add(answers.status(404), path="/conversations", nth=2)
    waiting = message()
    assert not world.deliver(waiting)
    record = world.record("#backfill#w1")
    assert (record.status, record.error) == ("failed", "NotAnswered: number_unknown")
    assert world.contacts()["621"]["repaired_at"] == NOW
    assert world.deliver(waiting)
    assert came_to(world) == {"verified": 2, "repaired": 2}
    assert len(number.scans) == 3
    assert len(world.notes("621")) == 1


def test_kapso_that_fails_before_the_first_page_is_tried_three_times(world: World, number: Number) -> None:
    world.workspace()
    number.server.faults.add(answers.status(404), path="/conversations")
    waiting = message()
    for _ in range(4):
        world.deliver(waiting)
    assert (world.record("#backfill#w1").attempts, len(number.scans)) == (3, 3)


@pytest.mark.parametrize("pause", ["budget_spent", "rate_limited"])
def test_one_of_many_minutes_pauses_and_is_not_given_up(
    world: World, number: Number, monkeypatch: pytest.MonkeyPatch, pause: str
) -> None:
    """A page a minute is all that the key's share, or Kapso, allows."""
    monkeypatch.setattr(conversations, "PAGE_SIZE", 1)
    number.server.rate.limit = 100
    world.workspace(settings={"verify_rate_share": 1 if pause == "budget_spent" else 100})
    for hours in range(1, 7):
        number.missed(f"62{hours}", 20 * HOUR_MS, hours * HOUR_MS)
    if pause == "rate_limited":
        number.server.faults.add(answers.status(429), path="/conversations", nth=range(2, 99, 2))
    for minute in range(5):
        assert world.deliver(message())
        record = world.record("#backfill#w1")
        assert (record.status, record.deferred_why) == ("running", pause)
        assert world.sqs.get_queue_attributes(
            QueueUrl=world.queue.url, AttributeNames=["ApproximateNumberOfMessagesDelayed"]
        )["Attributes"] == {"ApproximateNumberOfMessagesDelayed": str(minute + 1)}
        world.clock.time += MINUTE_MS
    assert world.queue.is_empty()  # no sweep waits for it
    assert world.deliver(message())
    assert came_to(world) == {"verified": 6, "repaired": 6}
    assert world.record("#backfill#w1").deferred_why is None


def test_killed_at_any_request_it_ends_the_same(world: World, number: Number, killer: Killer) -> None:
    number.missed("621")
    expected, requests = play(world, killer), killer.seen
    assert expected == ({"verified": 1, "repaired": 1}, 1)
    for at in range(1, requests + 1):
        killer.aim(at, "after")
        assert play(world, killer) == expected, f"killed after request {at} of {requests}"
        assert killer.at == 0


def play(world: World, killer: Killer) -> tuple[dict[str, int], int]:
    """The counts, and how many notes there are."""
    world.clear()
    world.workspace()
    world.contact("621", LONG_AGO_MS)
    waiting = message()
    try:
        with killer.watching():
            assert world.deliver(waiting)
    except Killed:
        world.clock.time += LEASE_MS
        assert world.deliver(waiting)
    return came_to(world), len(world.notes("621"))


@pytest.mark.parametrize("change", [{"kapso_phone_id": None}, {"kapso_token_parameter": None}])
def test_a_workspace_that_is_not_active_is_skipped(
    world: World, number: Number, change: dict[str, Any]
) -> None:
    world.workspace(**change)
    assert world.deliver(message())
    record = world.record("#backfill#w1")
    assert (record.status, record.skipped) == ("completed", 1)
    assert number.requests == []


def test_two_at_different_times_have_two_records(world: World, number: Number) -> None:
    world.workspace()
    number.missed("621")
    world.deliver(message())
    again = Message(BACKFILL, "w1", NOW + 1, Window(NOW - DAY_MS, NOW, dry_run=False))
    world.deliver(Received(again.body(), "none"))
    assert came_to(world) == {"verified": 1, "repaired": 1}
    assert world.record("#backfill#w1", NOW + 1).in_step == 1


@pytest.mark.usefixtures("two_pages")
def test_kapso_that_asks_for_a_long_rest_gets_it(world: World, number: Number) -> None:
    """However often the message comes before that is over."""
    number.server.faults.add(answers.status(429, retry_after="600"), path="/conversations", nth=2)
    assert world.deliver(message())
    for _ in range(5):
        world.clock.time += MINUTE_MS
        assert world.deliver(message())
    assert len(number.scans) == 2
    world.clock.time += 5 * MINUTE_MS
    assert world.deliver(message())
    assert came_to(world) == {"verified": 2, "repaired": 2}


def test_one_that_waits_for_a_day_is_given_up(world: World, number: Number) -> None:
    world.workspace()
    number.server.faults.add(answers.status(429, retry_after="600"), path="/conversations")
    assert world.deliver(message())
    world.clock.time += DAY_MS
    assert not world.deliver(message())
    record = world.record("#backfill#w1")
    assert (record.status, record.error) == ("failed", "NotAnswered: rate_limited")
    assert record.deferred_why is None


def test_two_with_one_key_both_come_to_their_end(
    world: World, number: Number, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first takes the share of each minute for as long as it needs it."""
    monkeypatch.setattr(conversations, "PAGE_SIZE", 1)
    number.server.rate.limit = 100
    for workspace_id in ("w1", "w2"):
        world.workspace(workspace_id, settings={"verify_rate_share": 1})
    for hours in range(1, 4):
        number.missed(f"62{hours}", 20 * HOUR_MS, hours * HOUR_MS)
    for _ in range(7):
        for workspace_id in ("w1", "w2"):
            window = Window(NOW - DAY_MS, NOW, dry_run=False)
            assert world.deliver(Received(Message(BACKFILL, workspace_id, NOW, window).body(), "none"))
        world.clock.time += MINUTE_MS
    assert {world.record(f"#backfill#{name}").status for name in ("w1", "w2")} == {"completed"}


@pytest.mark.usefixtures("two_pages")
def test_one_of_a_workspace_that_became_inactive_counts_what_it_had_done(
    world: World, number: Number
) -> None:
    number.server.faults.add(answers.status(429), path="/conversations", nth=2)
    assert world.deliver(message())
    world.workspace(kapso_phone_id=None)
    assert world.deliver(message())
    record = world.record("#backfill#w1")
    assert (record.skipped, record.repaired) == (1, 1)


def test_a_dry_run_that_is_given_up_is_no_dead_letter(world: World, number: Number) -> None:
    """It only counts, for whoever asked; nothing is lost with it."""
    world.workspace()
    number.server.faults.add(answers.status(404), path="/conversations")
    waiting = message(dry_run=True)
    assert [world.deliver(waiting) for _ in range(4)] == [False, False, False, True]
    assert world.record("#backfill#w1").status == "failed"
