"""What verification repairs, and what it leaves unchanged."""

from collections.abc import Callable
from typing import Any

import pytest

from background_sync.rules.policy import HOUR_MS, MINUTE_MS
from tests.integration.faults import Faults
from tests.integration.killer import kill_run
from tests.integration.verify.number import CLAIM_REMEMBER_TAKE, LONG_AGO_MS, Number
from tests.integration.world import NOW, World

HERS = {"content": "hers", "added_by": "ana", "added_at": 1}
MISSED = "Sync repair: missed activity at 2025-12-31T23:50:00Z"


def while_written(faults: Faults, act: Callable[[], object], times: int = 1) -> None:
    faults.meanwhile("UpdateItem", act, times=times, after=CLAIM_REMEMBER_TAKE)


def test_a_missing_contact_is_created_as_the_crm_would_create_it(world: World, number: Number) -> None:
    number.message("621", HOUR_MS, missed=True, name="Ana")
    world.run()
    assert world.contacts()["621"] == {
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
        "behind_at": NOW - HOUR_MS,
        "repaired_at": NOW,
        "created_by_run": NOW,
    }
    assert world.counts("created", "repaired") == (1, 0)


def test_a_name_that_a_user_set_is_kept(world: World, number: Number) -> None:
    number.message("621", HOUR_MS, name="Ana")
    world.contact("621", HOUR_MS, name="Dr. Ana Putri", kapso_name="Ana")
    number.store.rename(number.person("621"), "ana :)")
    world.run()
    contact = world.contacts()["621"]
    assert (contact["name"], contact["kapso_name"]) == ("Dr. Ana Putri", "ana :)")
    assert world.counts("renamed", "in_step") == (1, 1)


@pytest.mark.parametrize(("profile", "name"), [("Ana", ""), (None, "Ana")])
def test_an_empty_name_replaces_none(world: World, number: Number, profile: str | None, name: str) -> None:
    number.message("621", HOUR_MS, name=profile)
    world.contact("621", HOUR_MS, name=name, kapso_name="Ana")
    world.run()
    contact = world.contacts()["621"]
    assert (contact["name"], contact["kapso_name"]) == ("Ana", "Ana")


def test_a_repair_leaves_the_other_attributes_of_the_crm_unchanged(world: World, number: Number) -> None:
    number.missed("621")
    note = {"content": "Sync check: she said", "added_by": "ana", "added_at": 7, "pinned": True}
    kept: dict[str, Any] = {"tags": ["vip"], "lead_status": "archived", "flagged_at": NOW - HOUR_MS}
    world.contact("621", LONG_AGO_MS, notes=[note], **kept)
    world.run()
    contact = world.contacts()["621"]
    assert contact["notes"][0] == note
    assert len(contact["notes"]) == 2
    assert {name: contact[name] for name in kept} == kept


def test_a_contact_without_a_time_is_repaired(world: World, number: Number) -> None:
    number.message("621", HOUR_MS, missed=True)
    world.contact("621", last_activity_at=None)
    world.run()
    assert world.read("621")["last_activity_at"] == NOW - HOUR_MS
    assert world.counts("repaired", "invalid") == (1, 0)


def test_an_invalid_contact_is_not_changed(world: World, number: Number) -> None:
    number.message("621", HOUR_MS, missed=True)
    number.missed("622")
    world.contact("621", last_activity_at="yesterday")
    world.run()
    assert world.contacts()["621"]["last_activity_at"] == "yesterday"
    assert world.counts("unknown", "repaired", "invalid") == (1, 1, 1)


@pytest.mark.parametrize("notes", ["called him", {"first": "called him"}, 3])
def test_a_repair_keeps_notes_that_are_not_a_list(world: World, number: Number, notes: object) -> None:
    number.missed("621")
    world.contact("621", LONG_AGO_MS, notes=notes)
    world.run()
    contact = world.contacts()["621"]
    assert (contact["last_activity_at"], contact["notes"]) == (NOW - 10 * MINUTE_MS, notes)
    assert world.counts("repaired") == (1,)


def test_a_contact_too_large_for_a_note_is_repaired_without_one(world: World, number: Number) -> None:
    number.missed("621")
    world.contact("621", LONG_AGO_MS, blob="x" * 409_450)
    world.run()
    assert world.read("621")["last_activity_at"] == NOW - 10 * MINUTE_MS
    assert (world.notes("621"), world.counts("repaired")) == ([], (1,))


def test_a_webhook_that_arrives_during_a_repair_wins(world: World, number: Number, faults: Faults) -> None:
    number.missed("621")
    while_written(faults, lambda: number.webhook_arrives("621", NOW - MINUTE_MS))
    world.run()
    assert world.read("621")["last_activity_at"] == NOW - MINUTE_MS
    assert world.notes("621") == []
    assert world.counts("repaired", "ahead") == (0, 1)


def test_a_note_that_is_added_during_a_repair_is_kept(world: World, number: Number, faults: Faults) -> None:
    number.missed("621")
    while_written(faults, lambda: world.contact("621", LONG_AGO_MS, notes=[HERS]))
    world.run()
    assert world.notes("621") == ["hers", MISSED]
    assert world.counts("repaired") == (1,)


def test_a_contact_that_the_crm_creates_first_is_kept(world: World, number: Number, faults: Faults) -> None:
    number.message("621", 10 * MINUTE_MS, missed=True)
    while_written(faults, lambda: number.webhook_arrives("621", NOW - MINUTE_MS))
    world.run()
    assert world.read("621")["last_activity_at"] == NOW - MINUTE_MS
    assert world.counts("created", "repaired", "ahead") == (0, 0, 1)


def test_a_contact_that_never_stops_changing_is_left(world: World, number: Number, faults: Faults) -> None:
    number.missed("621")
    writes = iter(range(1, 100))
    while_written(faults, lambda: world.contact("621", LONG_AGO_MS + next(writes)), times=50)
    world.run()
    assert world.counts("behind", "repaired") == (1, 0)
    faults.close()
    assert world.counts("behind", "repaired", run_at=world.next_hour()) == (0, 1)


def test_a_creation_before_a_kill_still_counts(world: World, number: Number, faults: Faults) -> None:
    number.message("621", HOUR_MS, missed=True)
    kill_run(world, faults, "UpdateItem", after=CLAIM_REMEMBER_TAKE + 2)
    number.webhook_arrives("621", NOW + MINUTE_MS)
    world.run(receive_count=2)
    assert world.read("621")["last_activity_at"] == NOW + MINUTE_MS
    assert world.counts("created", "repaired", "ahead") == (1, 0, 0)


def test_a_new_name_before_a_kill_counts_once(world: World, number: Number, faults: Faults) -> None:
    number.message("621", HOUR_MS, name="Ana")
    number.store.rename(number.person("621"), "ana :)")
    kill_run(world, faults, "UpdateItem", after=CLAIM_REMEMBER_TAKE + 1)
    world.run(receive_count=2)
    assert world.counts("renamed") == (1,)
