"""A contact is confirmed quiet only if Kapso was able to say otherwise."""

from typing import Any

import pytest

from background_sync.rules.policy import MINUTE_MS
from background_sync_ops.kapso import faults as answers
from tests.integration.verify.number import PHONE_ID, REPAIR, REPORT, Number, assert_counts_add_up
from tests.integration.world import NOW, World

NOTE = "Sync check: missed activity at 2025-12-31T23:50:00Z"


def broken(number: Number, *phones: str, **fields: object) -> None:
    """The conversations of these people, or of all, get `fields`."""

    def change(record: dict[str, Any]) -> dict[str, Any]:
        return record | fields if not phones or record["phone_number"] in phones else record

    number.server.faults.add(answers.records(change), path="/conversations")


def receipt(number: Number, phone: str) -> None:
    number.store.delivery_receipt(PHONE_ID, number.person(phone), NOW - 10 * MINUTE_MS)


@pytest.fixture(autouse=True)
def two_quiet_contacts(world: World, number: Number) -> None:
    world.workspace(settings=REPORT)
    number.quiet("621")
    number.quiet("622")


@pytest.mark.parametrize("fields", [{"kapso": None}, {"last_active_at": 7}])
def test_a_page_that_shows_nobodys_activity_confirms_nobody_and_the_watermark_stays(
    world: World, number: Number, fields: dict[str, object]
) -> None:
    broken(number, **fields)
    world.run()
    record = world.record()
    assert (record.deferred, record.deferred_why) == (1, "invalid_response")
    assert world.counts("confirmed_quiet", "unverified", "flagged") == (0, 2, 0)
    assert "watermark" not in world.workspace_record()
    number.server.faults.clear()
    assert world.counts("confirmed_quiet", run_at=world.next_hour()) == (2,)


@pytest.mark.parametrize("mode", [REPORT, REPAIR])
def test_the_contact_of_an_unreadable_conversation_is_flagged_and_the_others_are_confirmed_quiet(
    world: World, number: Number, mode: dict[str, str]
) -> None:
    world.workspace(settings=mode)
    receipt(number, "622")
    broken(number, "622", kapso=None)
    world.run()
    assert world.counts("unreadable", "reported", "confirmed_quiet", "deferred") == (1, 1, 1, 0)
    assert world.notes("622") == [NOTE]
    assert world.workspace_record()["watermark"] == NOW
    assert_counts_add_up(world.record())
    # The next scan no longer lists the conversation. What nobody saw is still not quiet.
    run_at = world.next_hour(25)
    assert world.counts("unreadable", "confirmed_quiet", "flagged", run_at=run_at) == (0, 1, 1)


def test_an_unreadable_conversation_as_old_as_the_contact_hides_nothing(world: World, number: Number) -> None:
    broken(number, "622", kapso=None)
    world.run()
    assert world.counts("unreadable", "confirmed_quiet", "flagged") == (1, 2, 0)


def test_an_unreadable_time_may_be_that_of_a_message_a_moment_ago(world: World, number: Number) -> None:
    broken(number, "622", last_active_at=7)
    world.run()
    assert world.flagged() == {"622"}
    assert world.counts("confirmed_quiet") == (1,)


def test_an_unreadable_conversation_of_nobody_confirms_nobody(world: World, number: Number) -> None:
    receipt(number, "622")
    number.message("623", 5 * MINUTE_MS)
    broken(number, "622", phone_number=7)
    world.run()
    assert world.counts("unreadable", "confirmed_quiet", "flagged", "deferred") == (1, 0, 2, 0)
    assert world.flagged() == {"621", "622"}
    assert world.workspace_record()["watermark"] == NOW
    assert_counts_add_up(world.record())
    # The next scan no longer lists the conversation. What nobody saw is still not quiet.
    run_at = world.next_hour(25)
    assert world.counts("unreadable", "confirmed_quiet", "flagged", run_at=run_at) == (0, 1, 2)


def test_a_scan_that_was_cut_short_remembers_the_nameless_conversation(world: World, number: Number) -> None:
    number.page_size(1)
    number.quiet("623")
    receipt(number, "622")
    number.fail(500, nth=range(2, 5))
    broken(number, "622", phone_number=7)
    world.run()
    assert world.record().deferred_why == "unavailable"
    number.server.faults.clear()
    assert world.counts("confirmed_quiet", "deferred", run_at=world.next_hour()) == (0, 0)


def test_a_person_first_seen_unreadable_is_created_when_readable(world: World, number: Number) -> None:
    """No contact was made, so none was deleted."""
    world.workspace(settings=REPAIR)
    number.missed_by(number.store.add_person("629"))
    broken(number, "629", kapso=None)
    world.run()
    assert world.counts("unreadable", "created") == (1, 0)
    number.server.faults.clear()
    number.store.delivery_receipt(PHONE_ID, number.person("629"), NOW + 30 * MINUTE_MS)
    assert world.counts("created", "deleted", run_at=world.next_hour()) == (1, 0)
