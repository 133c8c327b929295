"""What verification repairs, and what it leaves alone."""

from typing import Any

import pytest

from background_sync.rules.policy import DAY_MS, HOUR_MS, MINUTE_MS
from tests.integration.faults import Faults
from tests.integration.killer import Killed
from tests.integration.verify.number import (
    CLAIM_REMEMBER_TAKE,
    LONG_AGO_MS,
    PHONE_ID,
    REPAIR,
    Number,
    contacts,
    counts,
    next_hour,
    notes,
)
from tests.integration.world import LEASE_MS, NOW, World

MISSED = "Sync repair: missed activity at 2025-12-31T23:50:00Z"


def test_a_missed_message_is_repaired(world: World, number: Number) -> None:
    world.workspace(settings=REPAIR)
    number.missed("621")
    world.run()
    assert world.read("621")["last_activity_at"] == NOW - 10 * MINUTE_MS
    assert notes(world, "621") == [MISSED]
    assert counts(world, "repaired", "verified", "flagged") == (1, 1, 0)


def test_who_is_merely_quiet_is_neither_repaired_nor_flagged(world: World, number: Number) -> None:
    world.workspace(settings=REPAIR)
    number.quiet("621")
    world.run()
    assert world.flagged() == set()
    assert counts(world, "stale_found", "confirmed_quiet", "in_step", "repaired") == (1, 1, 1, 0)


def test_activity_from_before_comparing_began_is_flagged_by_the_plain_rule(
    world: World, number: Number
) -> None:
    world.workspace(settings=REPAIR)
    number.quiet("621", 3 * DAY_MS)
    world.run()
    assert world.flagged() == {"621"}


def test_a_missing_contact_is_created_as_the_crm_would(world: World, number: Number) -> None:
    world.workspace(settings=REPAIR)
    number.message("621", HOUR_MS, missed=True, name="Ana")
    world.run()
    assert contacts(world)["621"] == {
        "workspace_id": "w1",
        "contact_id": "621",
        "phone": "621",
        "name": "Ana",
        "kapso_name": "Ana",
        "lead_status": "new",
        "source": "whatsapp",
        "last_activity_at": NOW - HOUR_MS,
        "activity_at": NOW - HOUR_MS,
        "created_at": NOW - HOUR_MS,
        "updated_at": NOW - HOUR_MS,
        "repaired_at": NOW,
        "created_by_run": NOW,
    }
    assert counts(world, "created", "repaired") == (1, 0)


def test_a_name_that_a_person_set_stays(world: World, number: Number) -> None:
    world.workspace(settings=REPAIR)
    number.message("621", HOUR_MS, name="Ana")
    world.contact("621", HOUR_MS, name="Dr. Ana Putri", kapso_name="Ana")
    number.store.rename(number.person("621"), "ana :)")
    world.run()
    contact = contacts(world)["621"]
    assert (contact["name"], contact["kapso_name"]) == ("Dr. Ana Putri", "ana :)")
    assert counts(world, "renamed", "in_step") == (1, 1)


def test_an_empty_name_is_filled(world: World, number: Number) -> None:
    world.workspace(settings=REPAIR)
    number.message("621", HOUR_MS, name="Ana")
    world.contact("621", HOUR_MS, name="", kapso_name="Ana")
    world.run()
    assert contacts(world)["621"]["name"] == "Ana"


def test_a_profile_without_a_name_takes_none_away(world: World, number: Number) -> None:
    world.workspace(settings=REPAIR)
    number.message("621", HOUR_MS)
    world.contact("621", HOUR_MS, name="Ana", kapso_name="Ana")
    world.run()
    contact = contacts(world)["621"]
    assert (contact["name"], contact["kapso_name"]) == ("Ana", "Ana")


def test_a_newer_table_is_never_overwritten(world: World, number: Number) -> None:
    world.workspace(settings=REPAIR)
    number.message("621", 2 * HOUR_MS)
    world.contact("621", 5 * MINUTE_MS)
    world.run()
    assert world.read("621")["last_activity_at"] == NOW - 5 * MINUTE_MS
    assert counts(world, "ahead", "repaired") == (1, 0)


def test_what_the_crm_keeps_beside_it_passes_through(world: World, number: Number) -> None:
    world.workspace(settings=REPAIR)
    number.missed("621")
    others = {"content": "Sync check: she said", "added_by": "ana", "added_at": 7, "pinned": True}
    kept: dict[str, Any] = {
        "notes": [others],
        "tags": ["vip"],
        "lead_status": "archived",
        "flagged_at": NOW - HOUR_MS,
    }
    world.contact("621", LONG_AGO_MS, **kept)
    world.run()
    contact = contacts(world)["621"]
    assert contact["notes"][0] == others
    assert len(contact["notes"]) == 2
    assert [contact[name] for name in ("tags", "lead_status", "flagged_at")] == list(kept.values())[1:]


def test_a_delivery_receipt_is_no_activity(world: World, number: Number) -> None:
    world.workspace(settings=REPAIR)
    number.quiet("621")
    number.store.delivery_receipt(PHONE_ID, number.person("621"), NOW - 10 * MINUTE_MS)
    world.run()
    assert counts(world, "in_step", "repaired", "confirmed_quiet") == (1, 0, 1)


def test_a_conversation_in_which_nothing_was_written_is_no_activity(world: World, number: Number) -> None:
    world.workspace(settings=REPAIR)
    number.store.open_conversation(PHONE_ID, number.store.add_person("621"), NOW - HOUR_MS)
    world.run()
    assert contacts(world) == {}
    assert counts(world, "created", "missing") == (0, 0)


def test_a_webhook_that_may_still_be_under_way_is_left_to_the_next_run(world: World, number: Number) -> None:
    world.workspace(settings=REPAIR)
    number.missed("621", kapso_age_ms=MINUTE_MS)
    world.run()
    assert counts(world, "repaired") == (0,)
    assert counts(world, "repaired", run_at=next_hour(world)) == (1,)


def test_a_contact_without_a_time_is_behind_any_activity(world: World, number: Number) -> None:
    world.workspace(settings=REPAIR)
    number.message("621", HOUR_MS, missed=True)
    world.contact("621", last_activity_at=None)
    world.run()
    assert world.read("621")["last_activity_at"] == NOW - HOUR_MS
    assert counts(world, "repaired", "invalid") == (1, 0)


def test_a_contact_that_cannot_be_read_is_left_as_it_is(world: World, number: Number) -> None:
    world.workspace(settings=REPAIR)
    number.message("621", HOUR_MS, missed=True)
    number.missed("622")
    world.contact("621", last_activity_at="yesterday")
    world.run()
    assert contacts(world)["621"]["last_activity_at"] == "yesterday"
    assert counts(world, "unknown", "repaired", "invalid") == (1, 1, 1)


@pytest.mark.parametrize("notes", ["called him", {"first": "called him"}, 3])
def test_notes_that_are_no_list_stay_and_cost_no_repair(world: World, number: Number, notes: object) -> None:
    world.workspace(settings=REPAIR)
    number.missed("621")
    world.contact("621", LONG_AGO_MS, notes=notes)
    world.run()
    contact = contacts(world)["621"]
    assert (contact["last_activity_at"], contact["notes"]) == (NOW - 10 * MINUTE_MS, notes)
    assert counts(world, "repaired") == (1,)


def test_an_item_that_has_no_room_for_a_note_is_repaired_without(world: World, number: Number) -> None:
    world.workspace(settings=REPAIR)
    number.missed("621")
    world.contact("621", LONG_AGO_MS, blob="x" * 404_800)
    world.run()
    assert world.read("621")["last_activity_at"] == NOW - 10 * MINUTE_MS
    assert counts(world, "repaired") == (1,)


# ---------------------------------------------------------------------- others at the same moment


def test_a_webhook_that_lands_at_the_same_moment_wins(world: World, number: Number, faults: Faults) -> None:
    world.workspace(settings=REPAIR)
    number.missed("621")
    faults.meanwhile("UpdateItem", lambda: number.heard_of("621", NOW - MINUTE_MS), after=CLAIM_REMEMBER_TAKE)
    world.run()
    assert world.read("621")["last_activity_at"] == NOW - MINUTE_MS
    assert notes(world, "621") == []
    assert counts(world, "repaired", "ahead") == (0, 1)


def test_a_note_that_is_added_at_the_same_moment_stays(world: World, number: Number, faults: Faults) -> None:
    world.workspace(settings=REPAIR)
    number.missed("621")
    note = {"content": "hers", "added_by": "ana", "added_at": 1}
    faults.meanwhile(
        "UpdateItem", lambda: world.contact("621", LONG_AGO_MS, notes=[note]), after=CLAIM_REMEMBER_TAKE
    )
    world.run()
    assert notes(world, "621") == ["hers", MISSED]
    assert counts(world, "repaired") == (1,)


def test_a_contact_that_the_crm_makes_at_the_same_moment_is_its_own(
    world: World, number: Number, faults: Faults
) -> None:
    world.workspace(settings=REPAIR)
    number.message("621", 10 * MINUTE_MS, missed=True)
    faults.meanwhile("UpdateItem", lambda: number.heard_of("621", NOW - MINUTE_MS), after=CLAIM_REMEMBER_TAKE)
    world.run()
    assert world.read("621")["last_activity_at"] == NOW - MINUTE_MS
    assert counts(world, "created", "repaired", "ahead") == (0, 0, 1)


def test_a_contact_that_others_write_all_the_time_is_left_to_the_next_run(
    world: World, number: Number, faults: Faults
) -> None:
    world.workspace(settings=REPAIR)
    number.missed("621")
    writes = iter(range(1, 100))
    faults.meanwhile(
        "UpdateItem",
        lambda: world.contact("621", LONG_AGO_MS + next(writes)),
        times=50,
        after=CLAIM_REMEMBER_TAKE,
    )
    world.run()
    assert counts(world, "behind", "repaired") == (1, 0)
    faults.close()
    assert counts(world, "behind", "repaired", run_at=next_hour(world)) == (0, 1)


# ---------------------------------------------------------------------- delivered again


def test_killed_after_a_repair_it_counts_it_as_its_own(world: World, number: Number, faults: Faults) -> None:
    world.workspace(settings=REPAIR)
    number.missed("621")
    number.message("622", HOUR_MS, missed=True)
    faults.fail("UpdateItem", Killed(), after=CLAIM_REMEMBER_TAKE + 2)
    with pytest.raises(Killed):
        world.run()
    world.clock.time += LEASE_MS
    world.run(receive_count=2)
    assert counts(world, "repaired", "created", "verified") == (1, 1, 2)
    assert notes(world, "621") == [MISSED]


def test_a_created_contact_counts_as_created_also_after_a_webhook(
    world: World, number: Number, faults: Faults
) -> None:
    world.workspace(settings=REPAIR)
    number.message("621", HOUR_MS, missed=True)
    faults.fail("UpdateItem", Killed(), after=CLAIM_REMEMBER_TAKE + 1)
    with pytest.raises(Killed):
        world.run()
    number.heard_of("621", NOW + MINUTE_MS)
    world.clock.time += LEASE_MS
    world.run(receive_count=2)
    assert world.read("621")["last_activity_at"] == NOW + MINUTE_MS
    assert counts(world, "created", "repaired", "ahead") == (1, 0, 0)


def test_a_new_name_counts_once_however_often_the_run_is_tried(
    world: World, number: Number, faults: Faults
) -> None:
    world.workspace(settings=REPAIR)
    number.message("621", HOUR_MS, name="Ana")
    number.store.rename(number.person("621"), "ana :)")
    faults.fail("UpdateItem", Killed(), after=CLAIM_REMEMBER_TAKE + 1)
    with pytest.raises(Killed):
        world.run()
    world.clock.time += LEASE_MS
    world.run(receive_count=2)
    assert counts(world, "renamed") == (1,)
