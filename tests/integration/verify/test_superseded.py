"""A run that was overtaken, or whose workspace changed meanwhile, says what it had done until then."""

from typing import Any

import pytest

from background_sync.kapso import conversations
from background_sync.rules.policy import HOUR_MS, MINUTE_MS
from background_sync.sync import survey
from background_sync_ops.kapso import faults as answers
from tests.integration.faults import Faults
from tests.integration.killer import Killed
from tests.integration.verify.number import REPAIR, REPORT, Number, assert_counts_add_up
from tests.integration.world import INVOCATION_MS, LEASE_MS, NOW, World


@pytest.fixture
def two_missed(world: World, number: Number, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page each, and time for one page an invocation."""
    monkeypatch.setattr(conversations, "PAGE_SIZE", 1)
    number.missed("621")
    number.missed("622", kapso_age_ms=20 * MINUTE_MS)

    def take_time() -> None:
        world.clock.time += INVOCATION_MS - 19_000

    number.server.faults.add(answers.slow(take_time), path="/conversations")


@pytest.mark.usefixtures("two_missed")
def test_overtaken_in_its_scan_it_counts_whom_it_repaired(world: World, number: Number) -> None:
    world.workspace(settings=REPAIR)
    assert world.run()
    [follow_up] = world.receive()
    number.server.faults.clear()
    run_at = world.next_hour()
    assert world.deliver(follow_up)
    assert world.counts("superseded", "verified", "repaired") == (1, 1, 1)
    assert world.counts("in_step", "repaired", run_at=run_at) == (1, 1)
    assert len(world.notes("621")) == len(world.notes("622")) == 1


@pytest.mark.usefixtures("two_missed")
def test_overtaken_in_its_scan_it_flags_nobody(world: World, number: Number) -> None:
    world.workspace(settings=REPORT)
    assert world.run()
    [follow_up] = world.receive()
    number.server.faults.clear()
    run_at = NOW + HOUR_MS
    world.next_hour()
    assert world.deliver(follow_up)
    assert world.counts("superseded", "behind", "reported") == (1, 1, 0)
    assert world.counts("reported", run_at=run_at) == (2,)


def test_overtaken_after_it_was_deferred_it_left_nobody_for_the_cap(
    world: World, number: Number, faults: Faults
) -> None:
    world.workspace(settings=REPORT)
    number.quiet("621")
    number.server.faults.add(answers.status(404), path="/conversations")
    faults.fail("TransactWriteItems", Killed())
    with pytest.raises(Killed):
        world.run()
    world.clock.time += LEASE_MS
    world.next_hour()
    assert world.run(receive_count=2)
    assert world.counts("superseded", "deferred", "unverified", "over_cap") == (1, 1, 1, 0)


def test_overtaken_while_it_flagged_it_counts_flags_that_were_renewed_since(world: World) -> None:
    world.workspace(settings={"max_flags_per_run": 6, "flag_cooldown_ms": HOUR_MS})
    world.stale_contacts(10)
    world.clock.tick_ms = 14_000
    assert world.run()
    [follow_up] = world.receive()
    flagged = len(world.flagged())
    assert 0 < flagged < 6
    world.clock.tick_ms = 0
    world.workspace(settings={"flag_cooldown_ms": HOUR_MS}, latest_run_at=NOW)
    world.next_hour()
    assert world.deliver(follow_up)
    assert world.counts("superseded", "flagged") == (1, flagged)


@pytest.mark.usefixtures("two_missed")
@pytest.mark.parametrize("change", [{"settings": {"verify": "off"}}, {"kapso_token_parameter": None}])
def test_switched_off_in_its_scan_it_counts_whom_it_repaired(world: World, change: dict[str, Any]) -> None:
    world.workspace(settings=REPAIR)
    assert world.run()
    [follow_up] = world.receive()
    world.workspace(**{"settings": REPAIR, "latest_run_at": NOW, **change})
    assert world.deliver(follow_up)
    assert world.counts("verified", "repaired") == (1, 1)


def test_whom_its_survey_found_fresh_is_not_stale_by_settings_that_changed_since(
    world: World, number: Number, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(survey, "MARGIN_MS", 200_000)  # one page an invocation
    world.page_size = 1
    world.workspace(settings=REPORT)
    number.missed("621", 40 * MINUTE_MS)
    number.message("622", 20 * MINUTE_MS)
    assert world.run()
    world.workspace(settings={**REPORT, "stale_threshold_ms": 30 * MINUTE_MS}, latest_run_at=NOW)
    world.work()
    assert world.counts("reported", "fresh", "over_cap") == (1, 2, 0)
    assert_counts_add_up(world.record())
