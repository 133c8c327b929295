"""Verification that is switched on, off, and to another way; and whom the plain rule then flags."""

import pytest

from background_sync.rules.policy import DAY_MS, HOUR_MS, MINUTE_MS
from background_sync_ops.kapso import faults as answers
from tests.integration.verify.number import PHONE_ID, REPAIR, REPORT, Number
from tests.integration.world import NOW, World

OFF = {"verify": "off"}


def switch(world: World, settings: dict[str, str]) -> None:
    """A person changes the workspace's settings; what sync remembers stays."""
    values = {":settings": {"M": {"verify": {"S": settings["verify"]}}}}
    world.database.client.update_item(
        TableName=world.database.tables.workspaces,
        Key={"workspace_id": {"S": "w1"}},
        UpdateExpression="SET settings = :settings",
        ExpressionAttributeValues=values,
    )


@pytest.fixture(autouse=True)
def one_quiet_one_old(world: World, number: Number) -> None:
    world.workspace(settings=OFF)
    number.quiet("621", 10 * HOUR_MS)
    number.quiet("631", 3 * DAY_MS)


def test_off_is_the_plain_rule(world: World) -> None:
    world.run()
    assert world.flagged() == {"621", "631"}


@pytest.mark.parametrize("settings", [REPORT, REPAIR])
def test_on_flags_only_who_was_never_compared(world: World, settings: dict[str, str]) -> None:
    switch(world, settings)
    world.run()
    assert world.flagged() == {"631"}
    assert world.counts("flagged", "confirmed_quiet") == (1, 1)


@pytest.mark.parametrize("settings", [REPORT, REPAIR])
def test_who_was_compared_is_not_flagged_however_long_it_is_quiet(
    world: World, settings: dict[str, str]
) -> None:
    switch(world, settings)
    world.run()
    for hours in (24, 48, 72):
        world.next_hour(hours)
    assert world.notes("621") == []
    assert len(world.notes("631")) == 4


def test_off_again_flags_by_the_plain_rule_and_forgets_what_the_webhooks_were_like(world: World) -> None:
    switch(world, REPAIR)
    world.run()
    switch(world, OFF)
    run_at = world.next_hour()
    assert world.read("621")["flagged_at"] == run_at
    workspace = world.workspace_record()
    assert (workspace["watermark"], workspace["verified_from"]) == (NOW, NOW - DAY_MS)
    assert "webhook" not in workspace


def test_on_again_goes_on_from_the_watermark_and_misses_nothing(world: World, number: Number) -> None:
    switch(world, REPAIR)
    world.run()
    switch(world, OFF)
    world.next_hour()
    number.message("641", -2 * HOUR_MS, missed=True)
    world.next_hour(30)
    switch(world, REPAIR)
    run_at = world.next_hour(54)
    assert world.contacts()["641"]["repaired_at"] == run_at
    assert world.workspace_record()["verified_from"] == NOW - DAY_MS


def test_on_again_confirms_whom_it_confirmed_before(world: World) -> None:
    """The scan went on from the watermark: there is no gap in what was compared."""
    switch(world, REPAIR)
    world.run()
    switch(world, OFF)
    flagged_at = world.next_hour()
    assert world.read("621")["flagged_at"] == flagged_at
    switch(world, REPAIR)
    run_at = world.next_hour(26)
    assert world.read("621")["flagged_at"] == flagged_at
    assert world.counts("confirmed_quiet", "flagged", run_at=run_at) == (1, 1)


def test_off_is_the_plain_rule_for_who_is_behind_too(world: World, number: Number) -> None:
    """Nobody asks Kapso: nobody knows whether it is still behind."""
    switch(world, REPORT)
    number.missed("641", 8 * HOUR_MS, 3 * MINUTE_MS)
    number.missed("642", 40 * MINUTE_MS, 3 * MINUTE_MS)
    world.contact("642", 40 * MINUTE_MS, flagged_at=NOW - 23 * HOUR_MS)
    world.run()
    switch(world, OFF)
    world.next_hour(24)
    assert world.notes("641")[-1] == "Sync check: No activity for 32 hours"
    assert world.notes("642") == ["Sync check: No activity for 25 hours"]


def test_a_flag_of_the_time_without_verification_makes_nobody_suspect(world: World, number: Number) -> None:
    """Flagged for being quiet while it was off, and compared and in step ever after."""
    switch(world, REPAIR)
    world.run()
    switch(world, OFF)
    number.message("641", -2 * HOUR_MS)
    flagged_at = world.next_hour(4)
    switch(world, REPAIR)
    world.next_hour(5)
    world.next_hour(29)
    assert world.read("641")["flagged_at"] == flagged_at
    assert len(world.notes("641")) == 1


def test_who_was_reported_and_then_repaired_is_merely_quiet(world: World, number: Number) -> None:
    switch(world, REPORT)
    number.missed("641", 8 * HOUR_MS, 3 * MINUTE_MS)
    world.run()
    assert world.counts("reported") == (1,)
    switch(world, REPAIR)
    assert world.counts("repaired", run_at=world.next_hour()) == (1,)
    world.next_hour(26)
    assert world.read("641")["flagged_at"] == NOW
    assert len([note for note in world.notes("641") if note.startswith("Sync check:")]) == 1


def test_who_was_flagged_before_it_was_compared_and_then_repaired_is_merely_quiet(
    world: World, number: Number
) -> None:
    """An old contact writes a minute before a sweep: flagged by the plain rule, repaired by the next one."""
    switch(world, REPAIR)
    world.run()
    number.missed("641", 4 * DAY_MS, -HOUR_MS + MINUTE_MS)
    world.contact("641", 4 * DAY_MS)
    flagged_at = world.next_hour()
    assert world.read("641")["flagged_at"] == flagged_at
    assert world.counts("repaired", run_at=world.next_hour(2)) == (1,)
    world.next_hour(26)
    assert world.read("641")["flagged_at"] == flagged_at


def test_a_gap_of_deferred_runs_is_compared_when_kapso_answers_again(world: World, number: Number) -> None:
    switch(world, REPAIR)
    world.run()
    number.server.faults.add(answers.status(503))
    for hours in range(1, 4):
        number.message(f"65{hours}", -hours * HOUR_MS + 10 * MINUTE_MS, missed=True)
        assert world.counts("deferred", run_at=world.next_hour(hours)) == (1,)
    number.server.faults.clear()
    assert world.counts("deferred", "created", run_at=world.next_hour(4)) == (0, 3)


def test_another_number_of_the_workspace_does_not_confirm_what_was_never_compared(
    world: World, number: Number
) -> None:
    """The watermark is the workspace's; the window still begins where it ended."""
    switch(world, REPAIR)
    world.run()
    number.store.message(PHONE_ID, number.person("621"), "inbound", NOW + 10 * MINUTE_MS)
    assert world.counts("repaired", run_at=world.next_hour()) == (1,)
