"""Workspaces with any content in the attributes that sync reads: runs do their work anyway."""

from decimal import Decimal

import pytest

from background_sync.rules.policy import DAY_MS
from tests.integration.world import ACTIVE, NOW, World

INVALID: dict[str, list[object]] = {
    "latest_run_at": [None, "yesterday", [5]],
    "audited_at": [None, "yesterday", [5]],
    "unwritable": [None, "628", {"628"}, [1, None, {"a": 1}]],
    "settings": [None, "x", 5, [], True, {"max_flags_per_run": [1]}, {"a": {"b"}}],
}


def put(world: World, **attributes: object) -> None:
    """Put a workspace with `attributes` and one stale contact; None is stored as a null."""
    world.put_many(world.database.tables.workspaces, [{"workspace_id": "w1", **ACTIVE, **attributes}])
    world.contact("628", DAY_MS)


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in INVALID.items() for value in values]
)
def test_an_invalid_attribute_stops_neither_run_nor_audit(world: World, name: str, value: object) -> None:
    put(world, **{name: value})
    assert world.run()
    assert world.counts("flagged", "superseded") == (1, 0)
    assert world.audit()
    assert world.workspace_record()["audited_at"] == NOW


@pytest.mark.parametrize("value", ["not a list", None, {"x"}])
def test_an_invalid_list_of_unwritable_contacts_is_replaced(world: World, value: object) -> None:
    put(world, unwritable=value)
    world.contact("629", 2 * DAY_MS, notes="not a list")
    assert world.run()
    assert world.record().unwritable == 1
    assert world.workspace_record()["unwritable"] == ["629"]


def test_a_cap_of_0_flags_nobody(world: World) -> None:
    put(world, settings={"max_flags_per_run": 0})
    world.run()
    assert (world.record().flagged, world.record().over_cap) == (0, 1)
    assert world.flagged() == set()


@pytest.mark.parametrize("phone", [b"1", 5, ["1"], {"1"}, {"id": "1"}, True, Decimal("1.5")])
def test_a_phone_id_of_a_wrong_type_is_skipped_as_invalid(world: World, phone: object) -> None:
    put(world, kapso_phone_id=phone)
    assert world.dispatch().skipped == 1
    assert world.swept()["skipped_why"] == {"invalid": 1}


def test_a_deleted_workspace_is_skipped(world: World) -> None:
    assert world.run("gone")
    assert (world.record("gone").status, world.record("gone").skip_reason) == ("completed", "no_workspace")
    assert world.items(world.database.tables.workspaces) == []


def test_an_invalid_workspace_does_not_affect_others(world: World) -> None:
    put(world, latest_run_at="yesterday", unwritable="x", settings="x", audited_at={"x": 1})
    world.workspace("w2")
    world.contact("628", DAY_MS, "w2")
    sweep = world.sweep()
    assert (sweep["dispatched"], sweep["completed"], sweep["failed"], sweep["flagged"]) == (2, 2, 0, 2)
