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


@pytest.mark.parametrize(
    "record",
    [
        {"last_activity_at": OLD, "blob": "x" * 404_930},
        {"last_activity_at": Decimal("1E+50")},
        {"last_activity_at": Decimal("1E+125")},
    ],
    ids=["too large for the attribute", "an impossible time", "the largest number"],
)
def test_a_contact_that_cannot_be_repaired_is_skipped(world: World, record: dict[str, object]) -> None:
    put(world, "621", **record)
    put(world, "622", last_activity_at=OLD)
    assert world.audit()
    assert index(world)["622"] == OLD
    assert world.record("#audit#w1").status == "completed"
