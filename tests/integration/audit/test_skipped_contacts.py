"""A contact that an audit cannot mend is counted, and the others are mended all the same."""

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


def test_a_write_at_the_same_moment_is_not_overwritten(world: World, faults: Faults) -> None:
    put(world, "628", last_activity_at=OLD)
    faults.meanwhile("UpdateItem", lambda: world.contact("628", last_activity_at=NOW), after=CLAIM)
    world.audit()
    assert index(world) == {"628": NOW}
    assert findings(world) == {"contacts_checked": 1, "lost_race": 1}


def test_one_that_is_deleted_at_the_same_moment_is_not_made_again(world: World, faults: Faults) -> None:
    put(world, "628", last_activity_at=OLD)
    key = {"workspace_id": {"S": "w1"}, "contact_id": {"S": "628"}}
    table = world.database.tables.contacts
    faults.meanwhile(
        "UpdateItem", lambda: world.database.client.delete_item(TableName=table, Key=key), after=CLAIM
    )
    world.audit()
    assert world.items(table) == []
    assert findings(world) == {"contacts_checked": 1, "lost_race": 1}


def test_one_too_large_to_take_another_attribute(world: World) -> None:
    put(world, "621", last_activity_at=OLD, blob="x" * 404_930)
    put(world, "622", last_activity_at=OLD)
    assert world.audit()
    assert index(world) == {"622": OLD}
    assert world.record("#audit#w1").status == "completed"


@pytest.mark.parametrize("time", [Decimal("1E+50"), Decimal("1E+125")])
def test_one_with_a_time_beyond_all_times(world: World, time: Decimal) -> None:
    put(world, "621", last_activity_at=time)
    put(world, "622", last_activity_at=OLD)
    assert world.audit()
    assert index(world)["622"] == OLD
    assert world.record("#audit#w1").status == "completed"
