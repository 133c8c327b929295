"""Verification that is switched on, off, or to another mode, and the contacts that are then flagged."""

import pytest

from background_sync.rules.policy import DAY_MS, HOUR_MS, MINUTE_MS
from tests.integration.verify.number import OFF, REPAIR, REPORT, Number
from tests.integration.world import NOW, World


@pytest.fixture(autouse=True)
def one_quiet_one_old(world: World, number: Number) -> None:
    world.workspace(settings=OFF)
    number.quiet("621", 10 * HOUR_MS)
    number.quiet("631", 3 * DAY_MS)


@pytest.mark.parametrize("settings", [REPORT, REPAIR])
def test_a_compared_contact_is_not_flagged_for_being_quiet(world: World, settings: dict[str, str]) -> None:
    world.change_workspace(settings=settings)
    world.run()
    assert world.counts("flagged", "confirmed_quiet") == (1, 1)
    for hours in (24, 48, 72):
        world.next_hour(hours)
    assert world.notes("621") == []
    assert len(world.notes("631")) == 4


def test_switching_off_returns_to_the_plain_rule_and_forgets_the_webhook_state(world: World) -> None:
    world.change_workspace(settings=REPAIR)
    world.run()
    world.change_workspace(settings=OFF)
    run_at = world.next_hour()
    assert world.read("621")["flagged_at"] == run_at
    workspace = world.workspace_record()
    assert (workspace["watermark"], workspace["verified_from"]) == (NOW, NOW - DAY_MS)
    assert "webhook" not in workspace


def test_switching_on_again_continues_from_the_watermark(world: World, number: Number) -> None:
    """Everything in between is compared, so the same contacts are confirmed as before."""
    world.change_workspace(settings=REPAIR)
    world.run()
    world.change_workspace(settings=OFF)
    flagged_at = world.next_hour()
    number.message("641", -2 * HOUR_MS, missed=True)
    world.change_workspace(settings=REPAIR)
    run_at = world.next_hour(26)
    assert world.contacts()["641"]["repaired_at"] == run_at
    assert world.workspace_record()["verified_from"] == NOW - DAY_MS
    assert world.read("621")["flagged_at"] == flagged_at
    assert world.counts("confirmed_quiet", "flagged", run_at=run_at) == (2, 1)


def test_switching_off_applies_the_plain_rule_to_contacts_behind(world: World, number: Number) -> None:
    world.change_workspace(settings=REPORT)
    number.missed("641", 8 * HOUR_MS, 3 * MINUTE_MS)
    number.missed("642", 40 * MINUTE_MS, 3 * MINUTE_MS)
    world.contact("642", 40 * MINUTE_MS, flagged_at=NOW - 23 * HOUR_MS)
    world.run()
    world.change_workspace(settings=OFF)
    world.next_hour(24)
    assert world.notes("641")[-1] == "Sync check: No activity for 32 hours"
    assert world.notes("642") == ["Sync check: No activity for 25 hours"]


def test_a_flag_from_the_time_without_verification_causes_no_later_flag(world: World, number: Number) -> None:
    """The contact was flagged as quiet while verification was off, and has been in step ever since."""
    world.change_workspace(settings=REPAIR)
    world.run()
    world.change_workspace(settings=OFF)
    number.message("641", -2 * HOUR_MS)
    flagged_at = world.next_hour(4)
    world.change_workspace(settings=REPAIR)
    world.next_hour(5)
    world.next_hour(29)
    assert world.read("641")["flagged_at"] == flagged_at
    assert len(world.notes("641")) == 1


def test_a_contact_reported_and_then_repaired_is_confirmed_quiet(world: World, number: Number) -> None:
    world.change_workspace(settings=REPORT)
    number.missed("641", 8 * HOUR_MS, 3 * MINUTE_MS)
    world.run()
    assert world.counts("reported") == (1,)
    world.change_workspace(settings=REPAIR)
    assert world.counts("repaired", run_at=world.next_hour()) == (1,)
    world.next_hour(26)
    assert world.read("641")["flagged_at"] == NOW
    assert len([note for note in world.notes("641") if note.startswith("Sync check:")]) == 1


def test_a_contact_flagged_and_then_repaired_is_confirmed_quiet(world: World, number: Number) -> None:
    """An old contact writes a minute before a sweep: one sweep flags it, the next one repairs it."""
    world.change_workspace(settings=REPAIR)
    world.run()
    number.missed("641", 4 * DAY_MS, -HOUR_MS + MINUTE_MS)
    world.contact("641", 4 * DAY_MS)
    flagged_at = world.next_hour()
    assert world.read("641")["flagged_at"] == flagged_at
    assert world.counts("repaired", run_at=world.next_hour(2)) == (1,)
    world.next_hour(26)
    assert world.read("641")["flagged_at"] == flagged_at
