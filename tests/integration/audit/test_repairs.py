"""No contact is invisible, and none is judged by the wrong moment."""

from decimal import Decimal

import pytest

from background_sync.rules.policy import DAY_MS, HOUR_MS
from tests.integration.audit.findings import findings, index, put
from tests.integration.world import NOW, World

OLD = NOW - DAY_MS


@pytest.fixture(autouse=True)
def a_workspace(world: World) -> None:
    world.workspace()


def test_an_invisible_contact_is_flagged_by_the_run_after_the_audit(world: World) -> None:
    put(world, "628", last_activity_at=OLD)
    world.run(run_at=NOW)
    assert (world.record().contacts_checked, world.flagged()) == (0, set())
    assert world.audit()
    assert findings(world) == {"contacts_checked": 1, "fixed_missing": 1}
    world.run(run_at=NOW + HOUR_MS)
    assert world.flagged() == {"628"}


@pytest.mark.parametrize("wrong", [1, NOW, OLD + 1, Decimal(OLD) + Decimal("0.5")])
def test_one_out_of_date_is_mended(world: World, wrong: object) -> None:
    put(world, "628", last_activity_at=OLD, activity_at=wrong)
    world.audit()
    assert index(world) == {"628": OLD}
    assert findings(world) == {"contacts_checked": 1, "fixed_outdated": 1}


def test_one_that_is_right_is_not_written(world: World) -> None:
    put(world, "628", last_activity_at=OLD, activity_at=OLD)
    world.audit()
    assert findings(world) == {"contacts_checked": 1}


def test_the_other_times_stand_in_where_there_is_no_activity(world: World) -> None:
    put(world, "621", updated_at=OLD, created_at=5)
    put(world, "622", last_activity_at=0, updated_at=None, created_at=OLD)
    world.audit()
    assert index(world) == {"621": OLD, "622": OLD}


@pytest.mark.parametrize(
    "times", [{}, {"last_activity_at": "yesterday"}, {"updated_at": -1}, {"created_at": 0}]
)
def test_one_without_a_readable_time_stands_at_0_and_is_invalid(
    world: World, times: dict[str, object]
) -> None:
    put(world, "628", **times)
    world.audit()
    assert index(world) == {"628": 0}
    assert findings(world) == {"contacts_checked": 1, "fixed_missing": 1, "invalid": 1}
    world.run()
    assert (world.record().contacts_checked, world.record().invalid) == (1, 1)


def test_and_stays_invalid_without_being_written_again(world: World) -> None:
    put(world, "628", activity_at=0)
    world.audit()
    assert findings(world) == {"contacts_checked": 1, "invalid": 1}


def test_nothing_else_of_a_contact_is_changed(world: World) -> None:
    put(
        world,
        "628",
        last_activity_at=OLD,
        tags={"a", "b"},
        notes=[{"by": None}],
        score=Decimal("1.50"),
        x=b"\0",
    )
    [before] = world.items(world.database.tables.contacts)
    world.audit()
    [after] = world.items(world.database.tables.contacts)
    assert after == {**before, "activity_at": OLD}


def test_another_workspaces_contacts_are_not_looked_at(world: World) -> None:
    put(world, "628", workspace_id="w2", last_activity_at=OLD)
    world.audit()
    assert index(world, "w2") == {}
    assert findings(world) == {}
