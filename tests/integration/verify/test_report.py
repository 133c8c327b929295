"""`report` flags whom Kapso knows more of, under the cooldown and the cap, and changes nothing else."""

from contextlib import suppress
from typing import Any

import pytest
from botocore.exceptions import ClientError

from background_sync.kapso import conversations
from background_sync.records.contacts import contact_key
from background_sync.rules.policy import DAY_MS, HOUR_MS, MINUTE_MS
from background_sync_ops.kapso import faults as answers
from tests.integration.faults import Faults
from tests.integration.killer import Killed
from tests.integration.verify.number import (
    CLAIM_REMEMBER_TAKE,
    LONG_AGO_MS,
    PHONE_ID,
    REPAIR,
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
TOO_LARGE = ClientError(
    {
        "Error": {
            "Code": "ValidationException",
            "Message": "Item size to update has exceeded the maximum allowed size",
        }
    },
    "UpdateItem",
)


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
        "reported_at": NOW - 10 * MINUTE_MS,
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
    assert notes(world, "621") == [MISSED]
    assert counts(world, "reported", "fresh", "stale_found", "flagged") == (1, 1, 0, 0)


@pytest.mark.parametrize("status", ["archived", "converted"])
def test_who_is_closed_and_behind_is_told_of_once(world: World, number: Number, status: str) -> None:
    """Somebody who was put aside has written again."""
    world.workspace(settings=REPORT)
    number.missed("621")
    world.contact("621", LONG_AGO_MS, lead_status=status)
    world.run()
    assert notes(world, "621") == [MISSED]
    assert counts(world, "reported", "closed_leads", "stale_found", "flagged") == (1, 1, 0, 0)
    next_hour(world, 25)
    assert notes(world, "621") == [MISSED]


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
    assert notes(world, "621") == [MISSED, MISSED]


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
    """The watermark waits for nobody: who is behind carries it until it is told of."""
    world.workspace(settings={**REPORT, "max_flags_per_run": 1})
    number.missed("621")
    number.missed("622", kapso_age_ms=20 * MINUTE_MS)
    world.run()
    assert len(world.flagged()) == 1
    assert counts(world, "behind", "reported") == (2, 1)
    assert workspace_record(world)["watermark"] == NOW
    run_at = next_hour(world)
    assert world.flagged() == {"621", "622"}
    assert counts(world, "behind", "reported", run_at=run_at) == (0, 1)


def test_a_cap_of_0_flags_nobody_and_holds_nothing_up(world: World, number: Number) -> None:
    world.workspace(settings={**REPORT, "max_flags_per_run": 0})
    number.missed("621")
    world.run()
    assert world.flagged() == set()
    assert counts(world, "behind", "reported", "over_cap") == (1, 0, 1)
    assert workspace_record(world)["watermark"] == NOW


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


@pytest.mark.parametrize("page_size", [1, 100])
@pytest.mark.parametrize("after", range(CLAIM_REMEMBER_TAKE, CLAIM_REMEMBER_TAKE + 9))
def test_the_cap_holds_over_all_attempts(
    world: World,
    number: Number,
    faults: Faults,
    monkeypatch: pytest.MonkeyPatch,
    page_size: int,
    after: int,
) -> None:
    """Killed between any two writes, the run may find more behind when it is tried again."""
    monkeypatch.setattr(conversations, "PAGE_SIZE", page_size)
    world.workspace(settings={**REPORT, "max_flags_per_run": 1})
    number.missed("621")
    number.missed("622", kapso_age_ms=MINUTE_MS)
    faults.fail("UpdateItem", Killed(), after=after)
    with suppress(Killed):
        world.run()
    world.clock.time += LEASE_MS
    world.run(receive_count=2)
    assert world.flagged() == {"621"}
    assert counts(world, "reported", "flagged") == (1, 1)


# ---------------------------------------------------------------------- cut short


def test_a_deferred_run_flags_nobody_and_what_it_found_is_told_of_later(
    world: World, number: Number, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversations, "PAGE_SIZE", 1)
    world.workspace(settings=REPORT)
    number.missed("621")
    number.missed("622", kapso_age_ms=20 * MINUTE_MS)
    number.server.faults.add(answers.status(404), path="/conversations", nth=2)
    world.run()
    assert world.flagged() == set()
    assert counts(world, "deferred", "behind", "stale_found", "unverified") == (1, 1, 2, 2)
    run_at = next_hour(world)
    assert world.flagged() == {"621", "622"}
    assert notes(world, "621") == [MISSED]
    assert counts(world, "reported", "flagged", run_at=run_at) == (2, 2)


# ---------------------------------------------------------------------- more than once


def test_who_is_missed_again_in_a_cooldown_holds_nobody_up(world: World, number: Number) -> None:
    """Somebody always is: a watermark that waited for all of them would hardly move."""
    world.workspace(settings=REPORT)
    number.missed("621")
    world.run()
    number.message("621", -30 * MINUTE_MS, missed=True)
    run_at = next_hour(world)
    assert counts(world, "behind", "reported", run_at=run_at) == (1, 0)
    assert workspace_record(world)["watermark"] == run_at
    run_at = next_hour(world, 25)
    assert world.read("621")["flagged_at"] == run_at


def test_a_flag_from_before_the_last_activity_hides_nothing(world: World, number: Number) -> None:
    """Flagged, then heard of, then missed, all within a cooldown."""
    world.workspace(settings=REPORT)
    number.missed("621", 9 * HOUR_MS, 30 * MINUTE_MS)
    world.contact("621", 9 * HOUR_MS, flagged_at=NOW - 20 * HOUR_MS)
    world.run()
    assert counts(world, "behind", "in_cooldown") == (1, 1)
    assert workspace_record(world)["watermark"] == NOW
    run_at = next_hour(world, 5)
    assert world.read("621")["flagged_at"] == run_at


def test_who_is_quiet_again_takes_no_place_from_who_is_behind(world: World, number: Number) -> None:
    """Contacts whose webhooks came after their flags, many of them, and one whose never came."""
    world.workspace(settings={**REPORT, "max_flags_per_run": 1})
    for hours, phone in enumerate(("621", "622", "623")):
        number.missed(phone, 10 * HOUR_MS, 10 * MINUTE_MS - hours * HOUR_MS)
        run_at = next_hour(world, hours)
        assert world.read(phone)["flagged_at"] == run_at
    for hours, phone in enumerate(("621", "622")):
        number.heard_of(phone, NOW + hours * HOUR_MS - 10 * MINUTE_MS)
    run_at = next_hour(world, 30)
    assert world.read("623")["flagged_at"] == run_at
    assert counts(world, "confirmed_quiet", "flagged", run_at=run_at) == (2, 1)


def test_an_index_that_is_late_hides_nobody(world: World, number: Number, faults: Faults) -> None:
    """DynamoDB's indexes follow a moment later: what the scan has just written is remembered."""
    world.workspace(settings=REPORT)
    number.missed("621")
    faults.late_index("behind_at")
    world.run()
    assert notes(world, "621") == [MISSED]
    assert counts(world, "reported", "flagged", "confirmed_quiet") == (1, 1, 0)


# ---------------------------------------------------------------------- what a flag has told of


def archive(world: World, contact_id: str) -> None:
    world.database.client.update_item(
        TableName=world.database.tables.contacts,
        Key=contact_key("w1", contact_id),
        UpdateExpression="SET lead_status = :status",
        ExpressionAttributeValues={":status": {"S": "archived"}},
    )


def test_told_by_a_run_that_comes_late_it_is_not_told_again(world: World, number: Number) -> None:
    """The queue was long: the scan saw activity that is younger than the sweep's time."""
    world.workspace(settings=REPORT)
    number.missed("621", kapso_age_ms=-10 * MINUTE_MS)
    world.contact("621", LONG_AGO_MS, lead_status="archived")
    world.clock.time = NOW + 20 * MINUTE_MS
    world.run()
    assert len(notes(world, "621")) == 1
    next_hour(world, 25)
    assert len(notes(world, "621")) == 1


def test_put_aside_for_a_flag_that_knew_no_better_it_is_told_of_still(world: World, number: Number) -> None:
    """It wrote a minute before the sweep, which is left to the next scan; the flag says four days of nothing,
    and somebody puts it aside for that."""
    world.workspace(settings=REPORT)
    number.missed("621", 96 * HOUR_MS, MINUTE_MS)
    world.run()
    assert notes(world, "621") == ["Sync check: No activity for 96 hours"]
    archive(world, "621")
    assert counts(world, "behind", run_at=next_hour(world)) == (1,)
    next_hour(world, 25)
    assert notes(world, "621")[1:] == ["Sync check: missed activity at 2025-12-31T23:59:00Z"]


def test_a_plain_flag_has_told_of_nothing(world: World, number: Number) -> None:
    """Flagged for being quiet before anybody asked Kapso, then put aside: the missed message is news."""
    world.workspace(settings={"verify": "off"})
    number.missed("621")
    world.run()
    archive(world, "621")
    world.workspace(settings=REPORT, latest_run_at=NOW)
    next_hour(world)
    next_hour(world, 25)
    assert notes(world, "621")[1:] == [MISSED]


def test_off_the_order_is_the_plain_rules(world: World, number: Number) -> None:
    """The never flagged before all: nobody asks Kapso whether the other is still behind."""
    world.workspace(settings={**REPORT, "max_flags_per_run": 1})
    number.missed("621", 9 * HOUR_MS, 10 * MINUTE_MS)
    world.contact("621", 9 * HOUR_MS, flagged_at=NOW - 20 * HOUR_MS)
    world.run()
    world.contact("631", 8 * HOUR_MS)
    world.workspace(settings={"verify": "off", "max_flags_per_run": 1}, latest_run_at=NOW)
    run_at = next_hour(world, 5)
    assert world.read("631").get("flagged_at") == run_at


@pytest.mark.parametrize("settings", [REPORT, REPAIR])
def test_who_is_behind_and_cannot_be_written_is_not_confirmed_quiet(
    world: World, number: Number, settings: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    world.workspace(settings=settings)
    number.missed("621")
    write = world.database.client.update_item

    def full(**request: Any) -> Any:
        if request["TableName"] == world.database.tables.contacts:
            raise TOO_LARGE
        return write(**request)

    monkeypatch.setattr(world.database.client, "update_item", full)
    world.run()
    assert counts(world, "behind", "confirmed_quiet", "unwritable") == (1, 0, 1)
