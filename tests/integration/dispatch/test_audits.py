"""An audit for each workspace that is due, once."""

import pytest

from background_sync.rules.policy import DAY_MS, HOUR_MS
from tests.integration.dispatch.many import put_workspaces, sent
from tests.integration.world import NOW, World


@pytest.fixture(autouse=True)
def with_audits(world: World) -> None:
    world.audit_enabled = True


def test_one_audited_a_day_ago_is_due(world: World) -> None:
    world.workspace("w1", audited_at=NOW - DAY_MS)
    world.workspace("w2", audited_at=NOW - DAY_MS + 1)
    world.dispatch()
    assert sent(world, "audit") == {"w1": 1}


def test_one_that_takes_no_part_is_not(world: World) -> None:
    world.workspace("w1", audited_at=NOW - DAY_MS, kapso_phone_id=None)
    world.dispatch()
    assert not sent(world, "audit")


def test_switched_off_none_is(world: World) -> None:
    world.audit_enabled = False
    world.workspace("w1", audited_at=NOW - DAY_MS)
    world.dispatch()
    assert not sent(world, "audit")


def test_the_sweep_called_again_asks_for_no_second_audit(world: World) -> None:
    world.workspace("w1", audited_at=NOW - DAY_MS)
    world.dispatch()
    assert sent(world, "audit") == {"w1": 1}
    world.dispatch()
    assert not sent(world, "audit")


def test_after_its_audit_it_is_due_a_day_later(world: World) -> None:
    world.workspace("w1", audited_at=NOW - DAY_MS)
    world.sweep(NOW)
    for hour in (1, 23):
        world.dispatch(NOW + hour * HOUR_MS)
    assert not sent(world, "audit")
    world.dispatch(NOW + DAY_MS)
    assert sent(world, "audit") == {"w1": 1}


def test_never_audited_each_is_due_once_in_a_day(world: World) -> None:
    active = put_workspaces(world, 5)
    hours = []
    for hour in range(24):
        world.dispatch(NOW + hour * HOUR_MS)
        hours.append(sent(world, "audit"))
    assert sum(map(len, hours)) == len(active)
    assert {name for hour in hours for name in hour} == set(active)


@pytest.mark.parametrize("audited_at", ["yesterday", -5])
def test_a_time_of_the_last_audit_that_cannot_be_read_counts_as_never(
    world: World, audited_at: object
) -> None:
    world.workspace("w1", audited_at=audited_at)
    for hour in range(24):
        world.dispatch(NOW + hour * HOUR_MS)
    assert sent(world, "audit") == {"w1": 1}
