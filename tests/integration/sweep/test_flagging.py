"""What a run writes on contacts, and what it counts."""

from threading import Barrier
from typing import Any

import pytest

from background_sync.rules.policy import DAY_MS, HOUR_MS, MINUTE_MS
from background_sync.sync.flag import MAX_THREADS
from tests.integration.world import NOW, World


@pytest.fixture(autouse=True)
def workspace(world: World) -> None:
    world.workspace()


def test_a_stale_contact_is_flagged_with_its_rounded_hours(world: World) -> None:
    world.contact("628", 2 * HOUR_MS + 30 * MINUTE_MS)
    assert world.run()
    contact = world.read("628")
    content = "Sync check: No activity for 3 hours"
    assert contact["notes"] == [{"content": content, "added_by": "background-sync", "added_at": NOW}]
    assert contact["flagged_at"] == NOW


def test_a_late_attempt_judges_the_time_of_the_sweep(world: World) -> None:
    world.contact("628", HOUR_MS)
    world.clock.time = NOW + 5 * DAY_MS
    world.run()
    assert world.flagged() == set()


def test_other_attributes_of_the_crm_are_not_changed(world: World) -> None:
    extras: dict[str, Any] = {"tags": {"a", "b"}, "score": 3, "blob": b"\x00", "nested": {"deep": [1, None]}}
    world.contact("628", DAY_MS, **extras, name="")
    before = world.contacts()["628"]
    world.run()
    after = world.contacts()["628"]
    assert {name: after[name] for name in before} == before
    assert set(after) - set(before) == {"notes", "flagged_at"}


def test_a_workspaces_settings_override_the_defaults(world: World) -> None:
    world.workspace(settings={"stale_threshold_ms": DAY_MS, "max_flags_per_run": 1})
    for number in range(3):
        world.contact(f"62{number}", (number + 24) * HOUR_MS)
    world.run()
    assert world.flagged() == {"622"}
    assert world.counts("stale_found", "over_cap") == (2, 1)


def test_an_invalid_setting_is_counted_and_the_default_applies(world: World) -> None:
    world.workspace(settings={"stale_threshold_ms": "soon", "flag_cooldown_ms": 1})
    world.contact("628", 2 * HOUR_MS)
    world.run()
    assert world.flagged() == {"628"}
    assert world.counts("invalid_setting") == (2,)


def test_a_contact_whose_record_is_invalid_but_not_its_index_entry_is_invalid(world: World) -> None:
    world.workspace()
    world.contact("628", last_activity_at="last week", activity_at=NOW - DAY_MS)
    world.run()
    assert world.counts("contacts_checked", "invalid", "stale_found") == (1, 1, 0)


def test_a_workspace_that_becomes_inactive_after_its_dispatch_is_skipped(world: World) -> None:
    world.workspace()
    world.stale_contacts(1)
    world.dispatch()
    world.workspace(kapso_token_parameter=None)
    world.work()
    assert (world.record().status, world.record().skip_reason) == ("completed", "no_token")
    assert world.swept()["skipped_runs"] == 1
    assert world.flagged() == set()


def test_several_flags_are_written_at_the_same_time(world: World) -> None:
    """Each waits for the others: one after the other, none would be written."""
    together = Barrier(MAX_THREADS, timeout=60)

    def wait(request: Any, **_: object) -> None:
        if b'"contact_id": {' in request.body:
            together.wait()

    world.stale_contacts(2 * MAX_THREADS)
    events = world.database.client.meta.events
    events.register("before-send.dynamodb.UpdateItem", wait)
    assert world.run()
    events.unregister("before-send.dynamodb.UpdateItem", wait)
    assert world.counts("flagged") == (2 * MAX_THREADS,)
