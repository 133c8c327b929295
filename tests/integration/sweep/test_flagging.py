"""What a run writes on contacts, and what it counts."""

from typing import Any

import pytest

from background_sync.rules.policy import DAY_MS, HOUR_MS, MINUTE_MS
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
