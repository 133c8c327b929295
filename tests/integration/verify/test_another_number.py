"""A workspace whose number changes, or whose watermark is gone: what was known counts no more."""

import pytest

from background_sync.kapso import conversations
from background_sync.rules.policy import HOUR_MS, MINUTE_MS
from background_sync_ops.kapso import faults as answers
from tests.integration.verify.number import KEY, REPAIR, REPORT, Number
from tests.integration.world import NOW, World

OTHER = "220987654321"


def change(world: World, name: str, value: str) -> None:
    """Somebody writes on the workspace; what sync remembers stays."""
    world.database.client.update_item(
        TableName=world.database.tables.workspaces,
        Key={"workspace_id": {"S": "w1"}},
        UpdateExpression="SET #name = :value",
        ExpressionAttributeNames={"#name": name},
        ExpressionAttributeValues={":value": {"S": value}},
    )


@pytest.mark.parametrize("outcome", ["reported", "repaired"])
def test_it_is_compared_from_its_own_beginning(world: World, number: Number, outcome: str) -> None:
    """Nobody is confirmed by what the first one showed."""
    world.workspace(settings=REPORT if outcome == "reported" else REPAIR)
    number.store.add_number(OTHER, KEY)
    number.quiet("621", 10 * HOUR_MS)
    world.run()
    number.store.message(OTHER, number.person("621"), "inbound", NOW - 2 * HOUR_MS)
    change(world, "kapso_phone_id", OTHER)
    run_at = world.next_hour()
    assert world.counts(outcome, run_at=run_at) == (1,)
    assert world.workspace_record()["verified_phone_id"] == OTHER


def test_its_first_scan_looks_back_as_any_first_one(world: World, number: Number) -> None:
    world.workspace(settings={**REPAIR, "verify_lookback_ms": 3 * HOUR_MS})
    number.store.add_number(OTHER, KEY)
    world.run()
    change(world, "kapso_phone_id", OTHER)
    run_at = world.next_hour()
    assert world.workspace_record()["verified_from"] == run_at - 3 * HOUR_MS


def test_a_cursor_of_the_first_number_is_no_place_in_the_other(
    world: World, number: Number, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversations, "PAGE_SIZE", 1)
    world.workspace(settings=REPAIR)
    number.store.add_number(OTHER, KEY)
    number.quiet("621", 10 * HOUR_MS)
    number.quiet("622", 11 * HOUR_MS)
    number.server.faults.add(answers.status(503), path="/conversations", nth=range(2, 99))
    world.run()
    assert world.workspace_record()["pending_scan"]["after"]
    number.server.faults.clear()
    number.store.message(OTHER, number.person("622"), "inbound", NOW - 2 * HOUR_MS)
    change(world, "kapso_phone_id", OTHER)
    world.next_hour()
    assert world.contacts()["622"]["last_activity_at"] == NOW - 2 * HOUR_MS


def test_the_same_number_goes_on_from_its_watermark(world: World, number: Number) -> None:
    world.workspace(settings=REPAIR)
    world.run()
    change(world, "name", "Another name")
    world.next_hour()
    assert number.scans[-1]["last_active_since"] == "2025-12-31T23:55:00Z"


def test_a_watermark_that_is_gone_takes_where_comparing_began_with_it(world: World, number: Number) -> None:
    world.workspace(settings={**REPORT, "verify_lookback_ms": 5 * HOUR_MS})
    number.quiet("621", 4 * HOUR_MS)
    world.run()
    number.message("621", -2 * HOUR_MS, missed=True)
    change(world, "watermark", "spoilt")
    run_at = world.next_hour(30)
    assert world.counts("confirmed_quiet", run_at=run_at) == (0,)
    assert world.flagged() == {"621"}


def test_a_scan_that_goes_on_confirms_nobody_for_the_time_since_it_began(
    world: World, number: Number, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversations, "PAGE_SIZE", 1)
    world.workspace(settings=REPORT)
    number.quiet("621", 10 * HOUR_MS)
    number.quiet("622", 11 * HOUR_MS)
    number.server.faults.add(answers.status(503), path="/conversations", nth=range(2, 99))
    world.run()
    number.server.faults.clear()
    number.message("621", -30 * MINUTE_MS, missed=True)
    run_at = world.next_hour(3)
    assert world.counts("behind", "reported", "confirmed_quiet", run_at=run_at) == (1, 1, 1)
