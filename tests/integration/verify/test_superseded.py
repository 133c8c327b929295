"""A run that is superseded, or whose workspace changes meanwhile, counts what it did until then."""

from typing import Any

import pytest

from background_sync.rules.policy import HOUR_MS, MINUTE_MS
from background_sync.sync import survey
from tests.integration.faults import Faults
from tests.integration.killer import kill_run
from tests.integration.verify.number import REPAIR, REPORT, Number, assert_counts_add_up
from tests.integration.world import NOW, World


@pytest.fixture
def two_missed(number: Number) -> None:
    """Two contacts, each on its own page, and time for one page per invocation."""
    number.page_size(1)
    number.missed("621")
    number.missed("622", kapso_age_ms=20 * MINUTE_MS)
    number.slow_pages()


@pytest.mark.usefixtures("two_missed")
@pytest.mark.parametrize(
    ("settings", "older", "newer"),
    [
        (REPAIR, {"superseded": 1, "verified": 1, "repaired": 1}, {"in_step": 1, "repaired": 1}),
        (REPORT, {"superseded": 1, "behind": 1, "reported": 0}, {"reported": 2}),
    ],
)
def test_a_run_superseded_during_its_scan_counts_its_repairs_and_flags_nobody(
    world: World, number: Number, settings: dict[str, str], older: dict[str, int], newer: dict[str, int]
) -> None:
    world.workspace(settings=settings)
    assert world.run()
    [follow_up] = world.receive()
    number.server.faults.clear()
    run_at = world.next_hour()
    assert world.deliver(follow_up)
    assert world.counts(*older) == tuple(older.values())
    assert world.counts(*newer, run_at=run_at) == tuple(newer.values())
    assert len(world.notes("621")) == len(world.notes("622")) == 1


def test_a_deferred_run_that_is_superseded_flags_nobody(world: World, number: Number, faults: Faults) -> None:
    world.workspace(settings=REPORT)
    number.quiet("621")
    number.fail(404)
    kill_run(world, faults, "TransactWriteItems")
    world.next_hour()
    assert world.run(receive_count=2)
    assert world.counts("superseded", "deferred", "unverified", "over_cap") == (1, 1, 1, 0)


def test_a_run_superseded_while_flagging_counts_flags_that_were_renewed_since(world: World) -> None:
    world.workspace(settings={"max_flags_per_run": 12, "flag_cooldown_ms": HOUR_MS})
    world.stale_contacts(16)
    world.clock.tick_ms = 14_000
    assert world.run()
    [follow_up] = world.receive()
    flagged = len(world.flagged())
    assert 0 < flagged < 12
    world.clock.tick_ms = 0
    world.workspace(settings={"flag_cooldown_ms": HOUR_MS}, latest_run_at=NOW)
    world.next_hour()
    assert world.deliver(follow_up)
    assert world.counts("superseded", "flagged") == (1, flagged)


@pytest.mark.usefixtures("two_missed")
@pytest.mark.parametrize("change", [{"settings": {"verify": "off"}}, {"kapso_token_parameter": None}])
def test_a_run_switched_off_during_its_scan_counts_its_repairs(world: World, change: dict[str, Any]) -> None:
    world.workspace(settings=REPAIR)
    assert world.run()
    [follow_up] = world.receive()
    world.workspace(**{"settings": REPAIR, "latest_run_at": NOW, **change})
    assert world.deliver(follow_up)
    assert world.counts("verified", "repaired") == (1, 1)


def test_a_contact_surveyed_as_fresh_does_not_become_stale_when_settings_change(
    world: World, number: Number, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(survey, "MARGIN_MS", 200_000)  # one page per invocation
    world.page_size = 1
    world.workspace(settings=REPORT)
    number.missed("621", 40 * MINUTE_MS)
    number.message("622", 20 * MINUTE_MS)
    assert world.run()
    world.workspace(settings={**REPORT, "stale_threshold_ms": 30 * MINUTE_MS}, latest_run_at=NOW)
    world.work()
    assert world.counts("reported", "fresh", "over_cap") == (1, 2, 0)
    assert_counts_add_up(world.record())
