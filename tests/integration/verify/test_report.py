"""`report` flags whom Kapso knows more of, under the cooldown and the cap, and changes nothing else."""

import pytest

from background_sync.kapso import conversations
from background_sync.rules.policy import DAY_MS, HOUR_MS, MINUTE_MS
from background_sync_ops.kapso import faults as answers
from tests.integration.faults import Faults
from tests.integration.killer import Killed
from tests.integration.verify.number import (
    CLAIM_REMEMBER_TAKE,
    LONG_AGO_MS,
    PHONE_ID,
    REPORT,
    Number,
    assert_it_adds_up,
    contacts,
    counts,
    next_hour,
    notes,
    workspace_record,
)
from tests.integration.world import LEASE_MS, NOW, World

MISSED = "Sync check: missed activity at 2025-12-31T23:50:00Z"


def test_who_is_behind_is_flagged_with_what_was_missed(world: World, number: Number) -> None:
    world.workspace(settings=REPORT)
    number.missed("621")
    number.quiet("622")
    before = contacts(world)["621"]
    world.run()
    note = {"content": MISSED, "added_by": "background-sync", "added_at": NOW}
    assert contacts(world)["621"] == before | {
        "flagged_at": NOW,
        "behind_at": NOW - 10 * MINUTE_MS,
        "notes": [note],
    }
    assert world.flagged() == {"621"}
    assert counts(world, "behind", "reported", "repaired") == (1, 1, 0)
    assert counts(world, "stale_found", "flagged", "confirmed_quiet") == (2, 1, 1)
    assert_it_adds_up(world.record())


def test_nobody_is_created_and_no_name_is_changed(world: World, number: Number) -> None:
    world.workspace(settings=REPORT)
    number.message("621", HOUR_MS, missed=True)
    number.message("622", HOUR_MS, name="Ana")
    number.store.rename(number.person("622"), "ana :)")
    before = contacts(world)
    world.run()
    assert contacts(world) == before
    assert counts(world, "missing", "in_step", "renamed", "reported") == (1, 1, 0, 0)


def test_who_is_fresh_and_behind_is_flagged_too_and_is_not_stale_for_it(world: World, number: Number) -> None:
    world.workspace(settings=REPORT)
    number.missed("621", 40 * MINUTE_MS)
    world.run()
    assert world.flagged() == {"621"}
    assert counts(world, "reported", "fresh", "stale_found", "flagged") == (1, 1, 0, 0)


def test_who_is_in_cooldown_is_not_flagged(world: World, number: Number) -> None:
    world.workspace(settings=REPORT)
    number.missed("621")
    world.contact("621", LONG_AGO_MS, flagged_at=NOW - HOUR_MS)
    world.run()
    assert notes(world, "621") == []
    assert counts(world, "behind", "reported", "in_cooldown") == (1, 0, 1)


def test_who_was_behind_in_a_cooldown_is_flagged_when_it_is_over(world: World, number: Number) -> None:
    """Kapso showed it as newer: it is not confirmed quiet."""
    world.workspace(settings=REPORT)
    number.missed("621", 9 * HOUR_MS, 30 * MINUTE_MS)
    world.contact("621", 9 * HOUR_MS, flagged_at=NOW - 7 * HOUR_MS)
    world.run()
    assert counts(world, "behind", "in_cooldown") == (1, 1)
    run_at = next_hour(world, 18)
    assert world.read("621")["flagged_at"] == run_at


def test_who_stays_behind_is_flagged_again_after_the_cooldown(world: World, number: Number) -> None:
    world.workspace(settings=REPORT)
    number.missed("621")
    world.run()
    assert counts(world, "in_cooldown", "reported", run_at=next_hour(world)) == (1, 0)
    run_at = next_hour(world, 24)
    assert world.read("621")["flagged_at"] == run_at
    assert len(notes(world, "621")) == 2


def test_a_webhook_that_comes_after_the_flag_leaves_the_contact_merely_quiet(
    world: World, number: Number
) -> None:
    world.workspace(settings=REPORT)
    number.missed("621")
    world.run()
    number.heard_of("621", NOW - 10 * MINUTE_MS)
    run_at = next_hour(world, 25)
    assert world.read("621")["flagged_at"] == NOW
    assert counts(world, "confirmed_quiet", "flagged", run_at=run_at) == (1, 0)


@pytest.mark.parametrize("page_size", [1, 100])
@pytest.mark.parametrize("newest", ["opened", "written in"])
def test_a_person_with_several_conversations_is_reported_and_counted_once(
    world: World, number: Number, monkeypatch: pytest.MonkeyPatch, newest: str, page_size: int
) -> None:
    monkeypatch.setattr(conversations, "PAGE_SIZE", page_size)
    world.workspace(settings=REPORT)
    number.missed("621", kapso_age_ms=HOUR_MS)
    number.store.open_conversation(PHONE_ID, number.person("621"), NOW - 30 * MINUTE_MS)
    if newest == "written in":
        number.missed_by(number.person("621"))
    world.run()
    assert len(notes(world, "621")) == 1
    assert counts(world, "verified", "behind", "reported") == (1, 1, 1)


def test_a_flag_time_that_is_none_costs_no_other(world: World, number: Number) -> None:
    world.workspace(settings=REPORT)
    number.missed("621")
    number.missed("622", kapso_age_ms=5 * MINUTE_MS)
    world.contact("622", LONG_AGO_MS, flagged_at="yesterday")
    assert world.run()
    assert notes(world, "621") == [MISSED]
    assert contacts(world)["622"]["flagged_at"] == "yesterday"
    assert counts(world, "invalid", "reported", "verified") == (1, 1, 2)


# ---------------------------------------------------------------------- the cap


def test_over_the_cap_the_next_run_goes_on(world: World, number: Number) -> None:
    world.workspace(settings={**REPORT, "max_flags_per_run": 1})
    number.missed("621")
    number.missed("622", kapso_age_ms=20 * MINUTE_MS)
    world.run()
    assert world.flagged() == {"621"}
    assert "watermark" not in workspace_record(world)
    run_at = next_hour(world)
    assert world.flagged() == {"621", "622"}
    assert counts(world, "behind", "reported", run_at=run_at) == (2, 1)
    assert workspace_record(world)["watermark"] == run_at


def test_who_is_behind_and_over_the_cap_is_not_confirmed_quiet(world: World, number: Number) -> None:
    world.workspace(settings={**REPORT, "max_flags_per_run": 1})
    number.missed("621")
    number.missed("622", kapso_age_ms=20 * MINUTE_MS)
    world.run()
    assert counts(world, "flagged", "over_cap", "confirmed_quiet") == (1, 1, 0)


def test_the_cap_is_one_for_all_flags_of_a_run(world: World, number: Number) -> None:
    world.workspace(settings={**REPORT, "max_flags_per_run": 2})
    number.missed("621")
    for days, phone in ((4, "631"), (3, "632")):
        number.quiet(phone, days * DAY_MS)
    world.run()
    assert world.flagged() == {"621", "631"}
    assert counts(world, "stale_found", "flagged", "over_cap") == (3, 2, 1)


@pytest.mark.parametrize("page_size", [100])
def test_the_cap_holds_over_all_attempts(
    world: World, number: Number, faults: Faults, monkeypatch: pytest.MonkeyPatch, page_size: int
) -> None:
    """Killed after a flag, the run finds more behind when it is tried again."""
    monkeypatch.setattr(conversations, "PAGE_SIZE", page_size)
    world.workspace(settings={**REPORT, "max_flags_per_run": 1})
    number.missed("621")
    number.missed("622", kapso_age_ms=MINUTE_MS)
    faults.fail("UpdateItem", Killed(), after=CLAIM_REMEMBER_TAKE + 1 + (page_size == 1))
    with pytest.raises(Killed):
        world.run()
    assert world.flagged() == {"621"}
    world.clock.time += LEASE_MS
    world.run(receive_count=2)
    assert world.flagged() == {"621"}
    assert counts(world, "behind", "reported") == (2, 1)


# ---------------------------------------------------------------------- cut short


def test_whom_a_scan_flagged_before_kapso_failed_counts_as_flagged(
    world: World, number: Number, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversations, "PAGE_SIZE", 1)
    world.workspace(settings=REPORT)
    number.missed("621")
    number.missed("622", kapso_age_ms=20 * MINUTE_MS)
    number.server.faults.add(answers.status(404), path="/conversations", nth=2)
    world.run()
    assert world.flagged() == {"621"}
    assert counts(world, "deferred", "stale_found", "flagged", "unverified") == (1, 2, 1, 1)
    next_hour(world)
    assert world.flagged() == {"621", "622"}
    assert len(notes(world, "621")) == 1


def test_what_was_over_the_cap_before_kapso_failed_is_reported_later(
    world: World, number: Number, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversations, "PAGE_SIZE", 2)
    world.workspace(settings={**REPORT, "max_flags_per_run": 1})
    number.missed("621")
    number.missed("622", kapso_age_ms=2 * HOUR_MS)
    number.quiet("623", 3 * HOUR_MS)
    number.server.faults.add(answers.status(404), path="/conversations", nth=2)
    for hours in range(3):
        next_hour(world, hours)
    assert world.flagged() == {"621", "622"}
