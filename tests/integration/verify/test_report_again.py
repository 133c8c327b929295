"""When `report` flags the same contact again: after the cooldown, and once for each missed activity."""

import pytest

from background_sync.rules.policy import HOUR_MS, MINUTE_MS
from tests.integration.verify.number import LONG_AGO_MS, OFF, REPORT, Number
from tests.integration.world import NOW, World

MISSED = "Sync check: missed activity at 2025-12-31T23:50:00Z"


@pytest.fixture(autouse=True)
def verified_workspace(world: World, number: Number) -> None:  # noqa: ARG001 - `number` serves Kapso
    world.workspace(settings=REPORT)


def archive(world: World, contact_id: str) -> None:
    world.database.client.update_item(
        TableName=world.database.tables.contacts,
        Key={"workspace_id": {"S": "w1"}, "contact_id": {"S": contact_id}},
        UpdateExpression="SET lead_status = :status",
        ExpressionAttributeValues={":status": {"S": "archived"}},
    )


@pytest.mark.parametrize(("flagged_hours_ago", "hours_later"), [(7, 18), (20, 5)])
def test_a_contact_that_was_missed_in_its_cooldown_is_flagged_when_the_cooldown_ends(
    world: World, number: Number, flagged_hours_ago: int, hours_later: int
) -> None:
    """Whether it was flagged after its last activity in the table, or before that."""
    number.missed("621", 9 * HOUR_MS, 30 * MINUTE_MS)
    world.contact("621", 9 * HOUR_MS, flagged_at=NOW - flagged_hours_ago * HOUR_MS)
    world.run()
    assert world.counts("behind", "in_cooldown") == (1, 1)
    assert world.workspace_record()["watermark"] == NOW
    run_at = world.next_hour(hours_later)
    assert world.read("621")["flagged_at"] == run_at


def test_a_contact_still_behind_is_flagged_again_after_the_cooldown(world: World, number: Number) -> None:
    number.missed("621")
    world.run()
    assert world.counts("in_cooldown", "reported", run_at=world.next_hour()) == (1, 0)
    run_at = world.next_hour(24)
    assert world.read("621")["flagged_at"] == run_at
    assert world.notes("621") == [MISSED, MISSED]


def test_a_contact_whose_webhook_arrives_late_is_confirmed_quiet(world: World, number: Number) -> None:
    number.missed("621")
    world.run()
    number.webhook_arrives("621", NOW - 10 * MINUTE_MS)
    run_at = world.next_hour(25)
    assert world.read("621")["flagged_at"] == NOW
    assert world.counts("confirmed_quiet", "flagged", run_at=run_at) == (1, 0)


def test_contacts_that_are_quiet_again_take_no_place_under_the_cap(world: World, number: Number) -> None:
    """The webhooks of two arrived after their flags; the webhook of the third never came."""
    world.workspace(settings={**REPORT, "max_flags_per_run": 1})
    for hours, phone in enumerate(("621", "622", "623")):
        number.missed(phone, 10 * HOUR_MS, 10 * MINUTE_MS - hours * HOUR_MS)
        run_at = world.next_hour(hours)
        assert world.read(phone)["flagged_at"] == run_at
    for hours, phone in enumerate(("621", "622")):
        number.webhook_arrives(phone, NOW + hours * HOUR_MS - 10 * MINUTE_MS)
    run_at = world.next_hour(30)
    assert world.read("623")["flagged_at"] == run_at
    assert world.counts("confirmed_quiet", "flagged", run_at=run_at) == (2, 1)


def test_activity_reported_by_a_late_run_is_not_reported_again(world: World, number: Number) -> None:
    """The queue was long: the scan saw activity that is newer than the sweep's time."""
    number.missed("621", kapso_age_ms=-10 * MINUTE_MS)
    world.contact("621", LONG_AGO_MS, lead_status="archived")
    world.clock.time = NOW + 20 * MINUTE_MS
    world.run()
    assert len(world.notes("621")) == 1
    world.next_hour(25)
    assert len(world.notes("621")) == 1


def test_activity_within_the_grace_period_is_reported_later(world: World, number: Number) -> None:
    """The contact wrote a minute before the sweep, which is left to the next scan. The flag says four days
    without activity, and somebody archives the lead because of that."""
    number.missed("621", 96 * HOUR_MS, MINUTE_MS)
    world.run()
    assert world.notes("621") == ["Sync check: No activity for 96 hours"]
    archive(world, "621")
    assert world.counts("behind", run_at=world.next_hour()) == (1,)
    world.next_hour(25)
    assert world.notes("621")[1:] == ["Sync check: missed activity at 2025-12-31T23:59:00Z"]


def test_a_flag_of_the_plain_rule_reports_no_missed_activity(world: World, number: Number) -> None:
    """The contact was flagged as quiet and archived before verification was switched on."""
    world.workspace(settings=OFF)
    number.missed("621")
    world.run()
    archive(world, "621")
    world.workspace(settings=REPORT, latest_run_at=NOW)
    world.next_hour()
    world.next_hour(25)
    assert world.notes("621")[1:] == [MISSED]


def test_without_verification_the_never_flagged_come_first_again(world: World, number: Number) -> None:
    world.workspace(settings={**REPORT, "max_flags_per_run": 1})
    number.missed("621", 9 * HOUR_MS, 10 * MINUTE_MS)
    world.contact("621", 9 * HOUR_MS, flagged_at=NOW - 20 * HOUR_MS)
    world.run()
    world.contact("631", 8 * HOUR_MS)
    world.workspace(settings={**OFF, "max_flags_per_run": 1}, latest_run_at=NOW)
    run_at = world.next_hour(5)
    assert world.read("631").get("flagged_at") == run_at
