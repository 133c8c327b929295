"""`report` flags contacts with missed activity, under the cooldown and the cap, and changes nothing else."""

from contextlib import suppress
from typing import Any

import pytest
from botocore.exceptions import ClientError

from background_sync.rules.policy import HOUR_MS, MINUTE_MS
from tests.integration.faults import Faults
from tests.integration.killer import Killed
from tests.integration.verify.number import (
    CLAIM_REMEMBER_TAKE,
    LONG_AGO_MS,
    PHONE_ID,
    REPAIR,
    REPORT,
    Number,
    assert_counts_add_up,
)
from tests.integration.world import LEASE_MS, NOW, World

MISSED = "Sync check: missed activity at 2025-12-31T23:50:00Z"
MISSED_AT = NOW - 10 * MINUTE_MS


@pytest.fixture(autouse=True)
def verified_workspace(world: World, number: Number) -> None:  # noqa: ARG001 - `number` serves Kapso
    world.workspace(settings=REPORT)


def test_a_contact_that_is_behind_is_flagged_with_what_was_missed(world: World, number: Number) -> None:
    number.missed("621")
    number.quiet("622")
    before = world.contacts()["621"]
    world.run()
    note = {"content": MISSED, "added_by": "background-sync", "added_at": NOW}
    written = {"flagged_at": NOW, "behind_at": MISSED_AT, "reported_at": MISSED_AT, "notes": [note]}
    assert world.contacts()["621"] == before | written
    assert world.flagged() == {"621"}
    assert world.counts("behind", "reported", "repaired") == (1, 1, 0)
    assert world.counts("stale_found", "flagged", "confirmed_quiet") == (2, 1, 1)
    assert_counts_add_up(world.record())


def test_no_contact_is_created_and_no_name_is_changed(world: World, number: Number) -> None:
    number.message("621", HOUR_MS, missed=True)
    number.message("622", HOUR_MS, name="Ana")
    number.store.rename(number.person("622"), "ana :)")
    before = world.contacts()
    world.run()
    assert world.contacts() == before
    assert world.counts("missing", "in_step", "renamed", "reported") == (1, 1, 0, 0)


def test_a_fresh_contact_that_is_behind_is_flagged_and_counts_as_fresh(world: World, number: Number) -> None:
    number.missed("621", 40 * MINUTE_MS)
    world.run()
    assert world.flagged() == {"621"}
    assert world.notes("621") == [MISSED]
    assert world.counts("reported", "fresh", "stale_found", "flagged") == (1, 1, 0, 0)


@pytest.mark.parametrize("status", ["archived", "converted"])
def test_a_closed_lead_that_is_behind_is_reported_once(world: World, number: Number, status: str) -> None:
    number.missed("621")
    world.contact("621", LONG_AGO_MS, lead_status=status)
    world.run()
    assert world.notes("621") == [MISSED]
    assert world.counts("reported", "closed_leads", "stale_found", "flagged") == (1, 1, 0, 0)
    world.next_hour(25)
    assert world.notes("621") == [MISSED]


@pytest.mark.parametrize("page_size", [1, 100])
@pytest.mark.parametrize("newest", ["opened", "written in"])
def test_several_conversations_report_once(world: World, number: Number, newest: str, page_size: int) -> None:
    number.page_size(page_size)
    number.missed("621", kapso_age_ms=HOUR_MS)
    number.store.open_conversation(PHONE_ID, number.person("621"), NOW - 30 * MINUTE_MS)
    if newest == "written in":
        number.missed_by(number.person("621"))
    world.run()
    assert len(world.notes("621")) == 1
    assert world.counts("verified", "behind", "reported") == (1, 1, 1)


def test_an_invalid_flag_time_does_not_stop_the_other_flags(world: World, number: Number) -> None:
    number.missed("621")
    number.missed("622", kapso_age_ms=5 * MINUTE_MS)
    world.contact("622", LONG_AGO_MS, flagged_at="yesterday")
    assert world.run()
    assert world.notes("621") == [MISSED]
    assert world.contacts()["622"]["flagged_at"] == "yesterday"
    assert world.counts("invalid", "reported", "verified") == (1, 1, 2)


def test_a_later_run_reports_what_a_deferred_run_found(world: World, number: Number) -> None:
    number.page_size(1)
    number.missed("621")
    number.missed("622", kapso_age_ms=20 * MINUTE_MS)
    number.fail(404, nth=2)
    world.run()
    assert world.flagged() == set()
    assert world.counts("deferred", "behind", "stale_found", "unverified") == (1, 1, 2, 2)
    run_at = world.next_hour()
    assert world.flagged() == {"621", "622"}
    assert world.notes("621") == [MISSED]
    assert world.counts("reported", "flagged", run_at=run_at) == (2, 2)


def test_a_contact_is_reported_if_the_index_is_late(world: World, number: Number, faults: Faults) -> None:
    """DynamoDB updates an index a moment later: the run remembers what its scan has just written."""
    number.missed("621")
    faults.late_index("behind_at")
    world.run()
    assert world.notes("621") == [MISSED]
    assert world.counts("reported", "flagged", "confirmed_quiet") == (1, 1, 0)


@pytest.mark.parametrize("settings", [REPORT, REPAIR])
def test_a_contact_that_is_behind_and_too_large_to_write_is_not_confirmed_quiet(
    world: World, number: Number, settings: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    message = "Item size to update has exceeded the maximum allowed size"
    too_large = ClientError({"Error": {"Code": "ValidationException", "Message": message}}, "UpdateItem")
    world.workspace(settings=settings)
    number.missed("621")
    write = world.database.client.update_item

    def refuse_contacts(**request: Any) -> Any:
        if request["TableName"] == world.database.tables.contacts:
            raise too_large
        return write(**request)

    monkeypatch.setattr(world.database.client, "update_item", refuse_contacts)
    world.run()
    assert world.counts("behind", "confirmed_quiet", "unwritable") == (1, 0, 1)


def test_contacts_over_the_cap_are_reported_by_the_next_run(world: World, number: Number) -> None:
    """The watermark does not wait for them: a contact remembers its missed activity until it is reported."""
    world.workspace(settings={**REPORT, "max_flags_per_run": 1})
    number.missed("621")
    number.missed("622", kapso_age_ms=20 * MINUTE_MS)
    world.run()
    assert len(world.flagged()) == 1
    assert world.counts("behind", "reported") == (2, 1)
    assert world.counts("flagged", "over_cap", "confirmed_quiet") == (1, 1, 0)
    assert world.workspace_record()["watermark"] == NOW
    run_at = world.next_hour()
    assert world.flagged() == {"621", "622"}
    assert world.counts("behind", "reported", run_at=run_at) == (0, 1)


@pytest.mark.parametrize("page_size", [1, 100])
@pytest.mark.parametrize("after", range(CLAIM_REMEMBER_TAKE, CLAIM_REMEMBER_TAKE + 9))
def test_the_cap_holds_over_all_attempts(
    world: World, number: Number, faults: Faults, page_size: int, after: int
) -> None:
    """The second attempt finds more contacts behind than the first, which is killed between two writes."""
    number.page_size(page_size)
    world.workspace(settings={**REPORT, "max_flags_per_run": 1})
    number.missed("621")
    number.missed("622", kapso_age_ms=MINUTE_MS)
    faults.fail("UpdateItem", Killed(), after=after)
    with suppress(Killed):
        world.run()
    world.clock.time += LEASE_MS
    world.run(receive_count=2)
    assert world.flagged() == {"621"}
    assert world.counts("reported", "flagged") == (1, 1)
