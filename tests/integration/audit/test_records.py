"""An audit has one record, however often its message is delivered, and belongs to no sweep."""

from typing import Any

from background_sync.rules.policy import DAY_MS
from background_sync.status import history
from tests.integration.audit.findings import findings, put
from tests.integration.faults import Faults
from tests.integration.world import NOW, World


def audited_at(world: World) -> object:
    return world.workspace_record().get("audited_at")


def test_an_audit_completes_and_the_workspace_remembers_it(world: World) -> None:
    world.workspace()
    assert world.audit()
    record: Any = world.record("#audit#w1")
    assert (record.status, record.attempts, record.lease_until) == ("completed", 1, None)
    assert record.expires_at == (NOW + 90 * DAY_MS) // 1000
    assert audited_at(world) == NOW


def test_an_older_audit_does_not_move_the_time_back(world: World) -> None:
    world.workspace(audited_at=NOW)
    assert world.audit(run_at=NOW - DAY_MS)
    assert audited_at(world) == NOW


def test_a_completed_audit_is_acknowledged_and_not_repeated(world: World) -> None:
    world.workspace()
    world.audit()
    put(world, "628", last_activity_at=NOW - 5)
    assert world.audit(receive_count=2)
    assert findings(world) == {}
    records = world.items(world.database.tables.sync_health)
    assert [each["workspace_id"] for each in records] == ["#audit#w1"]


def test_an_audit_of_a_deleted_workspace_does_not_create_it(world: World) -> None:
    assert world.audit()
    assert world.items(world.database.tables.workspaces) == []


def test_an_audit_counts_in_no_sweep_and_is_not_listed_as_a_run(world: World) -> None:
    world.workspace(audited_at=NOW - DAY_MS)
    world.audit_enabled = True
    world.contact("628", DAY_MS)
    sweep = world.sweep()
    assert world.record("#audit#w1").status == "completed"
    assert (sweep["dispatched"], sweep["completed"], sweep["contacts_checked"]) == (1, 1, 1)
    assert [run["workspace_id"] for run in history.latest_runs(world.database, 100, NOW)] == ["w1"]
    assert [run["workspace_id"] for run in history.sweep_runs(NOW)] == ["w1"]


def test_a_failed_audit_stores_its_error_and_is_completed_later(world: World, faults: Faults) -> None:
    world.workspace()
    put(world, "628", last_activity_at=NOW - 5)
    faults.fail("Query", RuntimeError("boom"))
    assert not world.audit()
    record: Any = world.record("#audit#w1")
    assert (record.status, record.error, record.lease_until) == ("failed", "RuntimeError: boom", None)
    assert audited_at(world) is None
    assert world.audit(receive_count=2)
    record = world.record("#audit#w1")
    assert (record.status, record.error, record.attempts) == ("completed", None, 2)
    assert findings(world) == {"contacts_checked": 1, "fixed_missing": 1}


def test_repairs_before_a_failure_are_counted(world: World, faults: Faults) -> None:
    world.workspace()
    for contact_id in ("621", "622"):
        put(world, contact_id, last_activity_at=NOW - 5)
    faults.fail("UpdateItem", RuntimeError("boom"), after=2)
    assert not world.audit()
    assert world.audit(receive_count=2)
    assert findings(world) == {"contacts_checked": 2, "fixed_missing": 2}
