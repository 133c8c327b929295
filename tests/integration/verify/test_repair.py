"""What verification repairs, and what it leaves alone."""

from background_sync.rules.policy import DAY_MS, HOUR_MS, MINUTE_MS
from tests.integration.verify.number import Number
from tests.integration.world import NOW, World

REPAIR = {"verify": "repair"}


def test_a_missed_message_is_repaired(world: World, number: Number) -> None:
    world.workspace(settings=REPAIR)
    number.missed("621", 5 * HOUR_MS)
    world.run()
    contact = world.read("621")
    assert contact["last_activity_at"] == NOW - 10 * MINUTE_MS
    assert [note["content"] for note in contact["notes"]] == [
        "Sync repair: missed activity at 2025-12-31T23:50:00Z"
    ]
    assert (world.record().repaired, world.record().verified, world.record().flagged) == (1, 1, 0)


def test_who_is_merely_quiet_is_neither_repaired_nor_flagged(world: World, number: Number) -> None:
    world.workspace(settings=REPAIR)
    number.quiet("621")
    world.run()
    assert world.flagged() == set()
    record = world.record()
    assert (record.stale_found, record.confirmed_quiet, record.in_step, record.repaired) == (1, 1, 1, 0)


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
    [contact] = world.items(world.database.tables.contacts)
    assert contact == {
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
    }
    assert world.record().created == 1


def test_a_name_that_a_person_set_stays(world: World, number: Number) -> None:
    world.workspace(settings=REPAIR)
    number.message("621", HOUR_MS, name="Ana")
    world.contact("621", HOUR_MS, name="Dr. Ana Putri", kapso_name="Ana")
    number.store.rename(number.person("621"), "ana :)")
    world.run()
    [contact] = world.items(world.database.tables.contacts)
    assert (contact["name"], contact["kapso_name"]) == ("Dr. Ana Putri", "ana :)")


def test_a_newer_table_is_never_overwritten(world: World, number: Number) -> None:
    world.workspace(settings=REPAIR)
    number.message("621", 2 * HOUR_MS)
    world.contact("621", 5 * MINUTE_MS)
    world.run()
    assert world.read("621")["last_activity_at"] == NOW - 5 * MINUTE_MS
    assert (world.record().ahead, world.record().repaired) == (1, 0)


def test_a_webhook_that_may_still_be_under_way_is_left_to_the_next_run(world: World, number: Number) -> None:
    world.workspace(settings=REPAIR)
    number.missed("621", 5 * HOUR_MS, MINUTE_MS)
    world.run()
    assert world.record().repaired == 0
    world.clock.time = NOW + HOUR_MS
    world.run(run_at=NOW + HOUR_MS)
    assert world.record(run_at=NOW + HOUR_MS).repaired == 1


def test_a_second_delivery_counts_the_first_ones_repairs(world: World, number: Number) -> None:
    world.workspace(settings=REPAIR)
    number.missed("621", 5 * HOUR_MS)
    world.run()
    world.database.client.delete_item(
        TableName=world.database.tables.sync_health,
        Key={"workspace_id": {"S": "w1"}, "run_at": {"N": str(NOW)}},
    )
    world.run()
    assert world.record().repaired == 1
    assert len(world.read("621")["notes"]) == 1
