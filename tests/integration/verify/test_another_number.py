"""A workspace whose number changes, or whose watermark is lost, is compared from the beginning."""

import pytest

from background_sync.rules.policy import HOUR_MS
from tests.integration.verify.number import KEY, REPAIR, REPORT, Number
from tests.integration.world import NOW, World

OTHER = "220987654321"


@pytest.mark.parametrize("outcome", ["reported", "repaired"])
def test_a_new_number_is_compared_from_its_own_beginning(world: World, number: Number, outcome: str) -> None:
    """What the old number showed confirms nobody."""
    world.workspace(settings=REPORT if outcome == "reported" else REPAIR)
    number.store.add_number(OTHER, KEY)
    number.quiet("621", 10 * HOUR_MS)
    world.run()
    number.store.message(OTHER, number.person("621"), "inbound", NOW - 2 * HOUR_MS)
    world.change_workspace(kapso_phone_id=OTHER)
    run_at = world.next_hour()
    assert world.counts(outcome, run_at=run_at) == (1,)
    assert world.workspace_record()["verified_phone_id"] == OTHER


def test_the_first_scan_of_a_new_number_looks_back_like_any_first_scan(world: World, number: Number) -> None:
    world.workspace(settings={**REPAIR, "verify_lookback_ms": 3 * HOUR_MS})
    number.store.add_number(OTHER, KEY)
    world.run()
    world.change_workspace(kapso_phone_id=OTHER)
    run_at = world.next_hour()
    assert world.workspace_record()["verified_from"] == run_at - 3 * HOUR_MS


def test_a_cursor_of_the_old_number_is_not_used_for_the_new_one(world: World, number: Number) -> None:
    number.page_size(1)
    world.workspace(settings=REPAIR)
    number.store.add_number(OTHER, KEY)
    number.quiet("621", 10 * HOUR_MS)
    number.quiet("622", 11 * HOUR_MS)
    number.fail(503, nth=range(2, 99))
    world.run()
    assert world.workspace_record()["pending_scan"]["after"]
    number.server.faults.clear()
    number.store.message(OTHER, number.person("622"), "inbound", NOW - 2 * HOUR_MS)
    world.change_workspace(kapso_phone_id=OTHER)
    world.next_hour()
    assert world.contacts()["622"]["last_activity_at"] == NOW - 2 * HOUR_MS


def test_an_invalid_watermark_also_resets_where_comparing_began(world: World, number: Number) -> None:
    world.workspace(settings={**REPORT, "verify_lookback_ms": 5 * HOUR_MS})
    number.quiet("621", 4 * HOUR_MS)
    world.run()
    number.message("621", -2 * HOUR_MS, missed=True)
    world.change_workspace(watermark="invalid")
    run_at = world.next_hour(30)
    assert world.counts("confirmed_quiet", run_at=run_at) == (0,)
    assert world.flagged() == {"621"}
