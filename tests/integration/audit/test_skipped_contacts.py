"""A contact that an audit cannot repair is skipped, and the others are repaired."""

from decimal import Decimal

import pytest

from background_sync.rules.policy import DAY_MS
from tests.integration.audit.findings import findings, index, put
from tests.integration.faults import Faults
from tests.integration.world import NOW, World

OLD = NOW - DAY_MS
CLAIM = 1
"""The updates that an audit makes before its first repair."""


@pytest.fixture(autouse=True)
def a_workspace(world: World) -> None:
    world.workspace()


def test_a_contact_written_meanwhile_is_not_overwritten(world: World, faults: Faults) -> None:
    put(world, "628", last_activity_at=OLD)
    faults.meanwhile("UpdateItem", lambda: world.contact("628", last_activity_at=NOW), after=CLAIM)
    world.audit()
    assert index(world) == {"628": NOW}
    assert findings(world) == {"contacts_checked": 1, "lost_race": 1}


def test_a_contact_deleted_meanwhile_is_not_created_again(world: World, faults: Faults) -> None:
    put(world, "628", last_activity_at=OLD)
    faults.meanwhile("UpdateItem", lambda: world.delete_contact("628"), after=CLAIM)
    world.audit()
    assert world.contacts() == {}
    assert findings(world) == {"contacts_checked": 1, "lost_race": 1}


def test_a_contact_too_large_for_the_attribute_is_skipped(world: World) -> None:
    put(world, "621", last_activity_at=OLD, blob="x" * 404_930)
    put(world, "622", last_activity_at=OLD)
    assert world.audit()
    assert index(world) == {"622": OLD}
    assert world.record("#audit#w1").status == "completed"


@pytest.mark.parametrize("time", [Decimal("1E+50"), Decimal("1E+125")])
def test_a_contact_with_an_impossible_time_is_skipped(world: World, time: Decimal) -> None:
    put(world, "621", last_activity_at=time)
    put(world, "622", last_activity_at=OLD)
    assert world.audit()
    assert index(world)["622"] == OLD
    assert world.record("#audit#w1").status == "completed"
