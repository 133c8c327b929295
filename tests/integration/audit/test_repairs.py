"""An audit repairs the index attribute, so that runs see each contact at its true last activity."""

from decimal import Decimal

import pytest

from background_sync.rules.policy import DAY_MS, HOUR_MS
from tests.integration.audit.findings import findings, index, put
from tests.integration.faults import Faults
from tests.integration.world import NOW, World

OLD = NOW - DAY_MS


@pytest.fixture(autouse=True)
def a_workspace(world: World) -> None:
    world.workspace()


def test_a_contact_missing_in_the_index_is_flagged_after_an_audit(world: World) -> None:
    put(world, "628", last_activity_at=OLD)
    world.run(run_at=NOW)
    assert (world.record().contacts_checked, world.flagged()) == (0, set())
    assert world.audit()
    assert findings(world) == {"contacts_checked": 1, "fixed_missing": 1}
    world.run(run_at=NOW + HOUR_MS)
    assert world.flagged() == {"628"}


@pytest.mark.parametrize("wrong", [1, NOW, OLD + 1, Decimal(OLD) + Decimal("0.5")])
def test_an_outdated_index_attribute_is_repaired(world: World, wrong: object) -> None:
    put(world, "628", last_activity_at=OLD, activity_at=wrong)
    world.audit()
    assert index(world) == {"628": OLD}
    assert findings(world) == {"contacts_checked": 1, "fixed_outdated": 1}


@pytest.mark.parametrize(
    ("record", "found"),
    [({"last_activity_at": OLD, "activity_at": OLD}, {}), ({"activity_at": 0}, {"invalid": 1})],
)
def test_a_correct_index_attribute_is_not_written(
    world: World, record: dict[str, object], found: dict[str, int]
) -> None:
    put(world, "628", **record)
    world.audit()
    assert findings(world) == {"contacts_checked": 1, **found}


def test_other_times_are_used_if_there_is_no_last_activity(world: World) -> None:
    put(world, "621", updated_at=OLD, created_at=5)
    put(world, "622", last_activity_at=0, updated_at=None, created_at=OLD)
    world.audit()
    assert index(world) == {"621": OLD, "622": OLD}


@pytest.mark.parametrize(
    "times", [{}, {"last_activity_at": "yesterday"}, {"updated_at": -1}, {"created_at": 0}]
)
def test_a_contact_without_a_valid_time_is_indexed_at_0(world: World, times: dict[str, object]) -> None:
    put(world, "628", **times)
    world.audit()
    assert index(world) == {"628": 0}
    assert findings(world) == {"contacts_checked": 1, "fixed_missing": 1, "invalid": 1}
    world.run()
    assert (world.record().contacts_checked, world.record().invalid) == (1, 1)


def test_an_audit_changes_no_other_attribute(world: World) -> None:
    extras = {"tags": {"a", "b"}, "notes": [{"by": None}], "score": Decimal("1.50"), "x": b"\0"}
    put(world, "628", last_activity_at=OLD, **extras)
    before = world.contacts()["628"]
    world.audit()
    assert world.contacts()["628"] == {**before, "activity_at": OLD}


def test_an_audit_leaves_other_workspaces_alone(world: World) -> None:
    put(world, "628", workspace_id="w2", last_activity_at=OLD)
    world.audit()
    assert index(world, "w2") == {}
    assert findings(world) == {}


CLAIM = 1
"""The updates that an audit makes before its first repair."""


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
