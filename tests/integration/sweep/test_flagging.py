"""What a run leaves on contacts."""

from typing import Any

import pytest

from background_sync.rules.policy import DAY_MS, HOUR_MS
from tests.integration.world import NOW, World


def test_a_stale_contact_is_flagged(world: World) -> None:
    world.workspace()
    world.contact("628", 5 * HOUR_MS)
    assert world.run()
    contact = world.read("628")
    assert contact["notes"] == [
        {"content": "Sync check: No activity for 5 hours", "added_by": "background-sync", "added_at": NOW}
    ]
    assert contact["flagged_at"] == NOW


def test_a_fresh_contact_is_not(world: World) -> None:
    world.workspace()
    world.contact("628", HOUR_MS)
    world.run()
    assert world.flagged() == set()
    assert world.record().fresh == 1


@pytest.mark.parametrize("status", ["archived", "converted"])
def test_a_closed_lead_is_not(world: World, status: str) -> None:
    world.workspace()
    world.contact("628", DAY_MS, lead_status=status)
    world.run()
    assert world.flagged() == set()
    assert world.record().closed_leads == 1


def test_a_late_attempt_judges_the_sweeps_own_moment(world: World) -> None:
    world.workspace()
    world.contact("628", HOUR_MS)
    world.clock.time = NOW + 5 * DAY_MS
    world.run()
    assert world.flagged() == set()


def test_the_hours_are_rounded_half_up(world: World) -> None:
    world.workspace()
    world.contact("628", 2 * HOUR_MS + HOUR_MS // 2)
    world.run()
    assert world.read("628")["notes"][0]["content"] == "Sync check: No activity for 3 hours"


def test_the_crms_own_data_stays_as_it_was(world: World) -> None:
    world.workspace()
    extras: dict[str, Any] = {
        "tags": {"a", "b"},
        "score": 3,
        "blob": b"\x00",
        "nested": {"deep": [1, None]},
        "name": "",
    }
    world.contact("628", DAY_MS, **extras)
    before = world.items(world.database.tables.contacts)[0]
    world.run()
    after = world.items(world.database.tables.contacts)[0]
    assert {name: after[name] for name in before} == before
    assert set(after) - set(before) == {"notes", "flagged_at"}


def test_a_workspaces_settings_override_the_defaults(world: World) -> None:
    world.workspace(settings={"stale_threshold_ms": DAY_MS, "max_flags_per_run": 1})
    for number in range(3):
        world.contact(f"62{number}", (number + 24) * HOUR_MS)
    world.run()
    assert world.flagged() == {"622"}
    assert (world.record().stale_found, world.record().over_cap) == (2, 1)


def test_an_unusable_setting_is_counted_and_the_default_holds(world: World) -> None:
    world.workspace(settings={"stale_threshold_ms": "soon", "flag_cooldown_ms": 1})
    world.contact("628", 2 * HOUR_MS)
    world.run()
    assert world.flagged() == {"628"}
    assert world.record().invalid_setting == 2
