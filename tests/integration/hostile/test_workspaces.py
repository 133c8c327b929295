"""Workspaces with anything in the attributes that sync reads: the run does its work all the same."""

from decimal import Decimal
from typing import Any

import pytest

from background_sync.rules.policy import DAY_MS
from tests.integration.world import NOW, World

NO_TIMES = [None, "yesterday", [5]]


def put(world: World, **attributes: object) -> None:
    """A workspace with `attributes`; a null stays a null."""
    record = {
        "workspace_id": "w1",
        "kapso_phone_id": "1",
        "kapso_token_parameter": "/stack/kapso-tokens/abc",
        **attributes,
    }
    world.put_many(world.database.tables.workspaces, [record])
    world.contact("628", DAY_MS)


@pytest.mark.parametrize("value", NO_TIMES)
def test_a_latest_run_that_is_no_time_counts_as_none(world: World, value: object) -> None:
    put(world, latest_run_at=value)
    assert world.run()
    record: Any = world.record()
    assert (record.flagged, record.superseded) == (1, 0)


@pytest.mark.parametrize("value", NO_TIMES)
def test_a_latest_audit_that_is_no_time_costs_no_run(world: World, value: object) -> None:
    put(world, audited_at=value)
    assert world.run()
    assert world.record().flagged == 1


@pytest.mark.parametrize("value", NO_TIMES)
def test_nor_does_it_cost_the_audit(world: World, value: object) -> None:
    put(world, audited_at=value)
    assert world.audit()
    assert world.items(world.database.tables.workspaces)[0]["audited_at"] == NOW


@pytest.mark.parametrize("value", [None, "628", {"628"}, [1, None, {"a": 1}]])
def test_a_list_of_the_unwritable_that_is_none_costs_no_run(world: World, value: object) -> None:
    put(world, unwritable=value)
    assert world.run()
    assert world.record().flagged == 1


@pytest.mark.parametrize("value", ["no list", None, {"x"}])
def test_and_it_is_mended_when_there_is_something_to_remember(world: World, value: object) -> None:
    put(world, unwritable=value)
    world.contact("629", 2 * DAY_MS, notes="no list")
    assert world.run()
    assert world.record().unwritable == 1
    assert world.items(world.database.tables.workspaces)[0]["unwritable"] == ["629"]


@pytest.mark.parametrize("value", [None, "x", 5, [], True, {"max_flags_per_run": [1]}, {"a": {"b"}}])
def test_settings_of_any_type_leave_the_defaults(world: World, value: object) -> None:
    put(world, settings=value)
    assert world.run()
    assert world.record().flagged == 1


def test_a_cap_of_0_flags_nobody(world: World) -> None:
    put(world, settings={"max_flags_per_run": 0})
    world.run()
    assert (world.record().flagged, world.record().over_cap) == (0, 1)
    assert world.flagged() == set()


@pytest.mark.parametrize("phone", [b"1", 5, ["1"], {"1"}, {"id": "1"}, True, Decimal("1.5")])
def test_a_phone_of_a_wrong_type_is_skipped_as_invalid(world: World, phone: object) -> None:
    put(world, kapso_phone_id=phone)
    assert world.dispatch().skipped == 1
    assert world.swept()["skipped_why"] == {"invalid": 1}


def test_one_that_is_gone_is_skipped(world: World) -> None:
    assert world.run("gone")
    assert (world.record("gone").status, world.record("gone").skip_reason) == ("completed", "no_workspace")
    assert world.items(world.database.tables.workspaces) == []


def test_a_bad_workspace_costs_no_other_anything(world: World) -> None:
    put(world, latest_run_at="yesterday", unwritable="x", settings="x", audited_at={"x": 1})
    world.workspace("w2")
    world.contact("628", DAY_MS, "w2")
    sweep = world.sweep()
    assert (sweep["dispatched"], sweep["completed"], sweep["failed"], sweep["flagged"]) == (2, 2, 0, 2)
