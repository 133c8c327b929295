"""A record that cannot be read is counted, and stops nothing."""

from typing import Any

import pytest

from background_sync.rules.policy import DAY_MS
from tests.integration.world import NOW, World


def test_a_contact_without_a_time_is_invalid_and_the_rest_goes_on(world: World) -> None:
    world.workspace()
    world.contact("621", last_activity_at=None)
    world.contact("622", DAY_MS)
    world.run()
    record = world.record()
    assert (record.contacts_checked, record.invalid, record.stale_found, record.flagged) == (2, 1, 1, 1)


def test_a_time_of_0_counts_as_absent(world: World) -> None:
    world.workspace()
    world.contact("628", last_activity_at=0, updated_at=0, created_at=NOW - DAY_MS)
    world.run()
    assert world.flagged() == {"628"}


@pytest.mark.parametrize("wrong", [{"lead_status": 3}, {"flagged_at": "yesterday"}])
def test_a_wrong_type_is_invalid(world: World, wrong: dict[str, Any]) -> None:
    world.workspace()
    world.contact("628", DAY_MS, **wrong)
    world.run()
    assert (world.record().invalid, world.record().stale_found) == (1, 0)


def test_one_found_unreadable_only_when_it_is_read_moves_to_the_invalid_ones(world: World) -> None:
    world.workspace()
    world.contact("628", last_activity_at="last week", activity_at=NOW - DAY_MS)
    world.run()
    record = world.record()
    assert (record.contacts_checked, record.invalid, record.stale_found) == (1, 1, 0)


@pytest.mark.parametrize(
    ("attributes", "reason"),
    [
        ({"kapso_phone_id": None}, "no_phone"),
        ({"kapso_token_parameter": None}, "no_token"),
        ({"kapso_token_parameter": 7}, "invalid"),
    ],
)
def test_an_inactive_workspace_is_skipped_and_counted(
    world: World, attributes: dict[str, Any], reason: str
) -> None:
    world.workspace("w1", **attributes)
    world.workspace("w2")
    sweep = world.sweep()
    assert (sweep["dispatched"], sweep["skipped"], sweep["skipped_why"]) == (1, 1, {reason: 1})


def test_one_that_became_inactive_on_the_way_closes_as_skipped(world: World) -> None:
    world.workspace()
    world.stale_contacts(1)
    world.dispatch()
    world.workspace(kapso_token_parameter=None)
    world.work()
    assert (world.record().status, world.record().skip_reason) == ("completed", "no_token")
    assert world.swept()["skipped_runs"] == 1
    assert world.flagged() == set()
