"""A contact that a person deleted does not come back; one that never existed is still created."""

import pytest

from background_sync.messages import BACKFILL, Message, Window
from background_sync.rules.policy import HOUR_MS, MINUTE_MS
from background_sync_ops.kapso import faults as answers
from tests.integration.verify.number import PHONE_ID, REPAIR, REPORT, Number, assert_counts_add_up
from tests.integration.world import NOW, Received, World


@pytest.mark.parametrize("minutes", [3, 20])
def test_the_overlap_creates_no_deleted_contact_again(world: World, number: Number, minutes: int) -> None:
    number.missed_by(number.store.add_person("621"), minutes * MINUTE_MS)
    world.run()
    world.delete_contact("621")
    number.store.delivery_receipt(PHONE_ID, number.person("621"), NOW - MINUTE_MS)
    run_at = world.next_hour()
    assert world.contacts() == {}
    assert world.counts("deleted", "created", "verified", run_at=run_at) == (1, 0, 1)
    assert_counts_add_up(world.record(run_at=run_at))


def test_a_deleted_person_who_writes_again_is_a_contact_again(world: World, number: Number) -> None:
    number.message("621", HOUR_MS)
    world.run()
    world.delete_contact("621")
    number.message("621", -30 * MINUTE_MS, missed=True)
    run_at = world.next_hour()
    assert world.contacts().keys() == {"621"}
    assert world.counts("created", "deleted", run_at=run_at) == (1, 0)


def test_a_backfill_does_not_create_a_deleted_contact_again(world: World, number: Number) -> None:
    number.message("621", HOUR_MS)
    world.run()
    world.delete_contact("621")
    number.missed_by(number.store.add_person("622"), 30 * HOUR_MS)
    window = Window(NOW - 40 * HOUR_MS, NOW, False)
    assert world.deliver(Received(Message(BACKFILL, "w1", NOW, window).body()))
    assert world.contacts().keys() == {"622"}


def test_what_a_report_left_out_is_created_when_repairing_begins(world: World, number: Number) -> None:
    """A scan that reports creates nobody, so a missing contact was not deleted."""
    world.workspace(settings=REPORT)
    number.missed_by(number.store.add_person("621"))
    world.run()
    world.change_workspace(settings=REPAIR)
    number.store.delivery_receipt(PHONE_ID, number.person("621"), NOW + 50 * MINUTE_MS)
    run_at = world.next_hour()
    assert world.counts("created", "deleted", run_at=run_at) == (1, 0)


def test_a_person_older_than_all_scans_is_created(world: World, number: Number) -> None:
    number.missed_by(number.store.add_person("621"), 40 * HOUR_MS)
    world.run()
    number.store.delivery_receipt(PHONE_ID, number.person("621"), NOW + 50 * MINUTE_MS)
    run_at = world.next_hour()
    assert world.counts("created", "deleted", run_at=run_at) == (1, 0)


def test_a_person_whose_message_reaches_kapso_late_is_created(world: World, number: Number) -> None:
    """No scan can have seen a conversation that Kapso made after it."""
    world.run()
    number.missed_by(number.store.add_person("621"), 10 * MINUTE_MS)
    number.store.delivery_receipt(PHONE_ID, number.person("621"), NOW + 40 * MINUTE_MS)
    late = answers.records(lambda record: record | {"created_at": "2026-01-01T00:40:00Z"})
    number.server.faults.add(late, path="/conversations")
    run_at = world.next_hour()
    assert world.counts("created", "deleted", run_at=run_at) == (1, 0)
