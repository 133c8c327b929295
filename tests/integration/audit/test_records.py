"""An audit's own record: one, however often its message is delivered, and no part of any sweep."""

from typing import Any

from background_sync.messages import AUDIT, Message
from background_sync.records import runs
from background_sync.rules.policy import DAY_MS
from background_sync.status import history
from tests.integration.audit.findings import findings, put
from tests.integration.faults import Faults
from tests.integration.world import LEASE_MS, NOW, Received, World


def audited_at(world: World) -> object:
    [workspace] = world.items(world.database.tables.workspaces)
    return workspace.get("audited_at")


def test_it_is_completed_and_the_workspace_remembers_it(world: World) -> None:
    world.workspace()
    assert world.audit()
    record: Any = world.record("#audit#w1")
    assert (record.status, record.attempts, record.lease_until) == ("completed", 1, None)
    assert record.expires_at == (NOW + 90 * DAY_MS) // 1000
    assert audited_at(world) == NOW


def test_an_older_audit_moves_nothing_back(world: World) -> None:
    world.workspace(audited_at=NOW)
    assert world.audit(run_at=NOW - DAY_MS)
    assert audited_at(world) == NOW


def test_delivered_again_it_is_acknowledged_without_a_second_look(world: World) -> None:
    world.workspace()
    world.audit()
    put(world, "628", last_activity_at=5)
    assert world.audit(receive_count=2)
    assert findings(world) == {}


def test_an_audit_of_a_workspace_that_is_gone_makes_none(world: World) -> None:
    assert world.audit()
    assert world.items(world.database.tables.workspaces) == []


def test_owned_elsewhere_it_is_not_acknowledged(world: World) -> None:
    runs.claim("#audit#w1", NOW, world.clock.now(), LEASE_MS, first_delivery=True)
    assert not world.audit()
    assert world.record("#audit#w1").attempts == 1


def test_it_moves_no_counter_and_is_in_no_list_of_runs(world: World) -> None:
    world.workspace(audited_at=NOW - DAY_MS)
    world.audit_enabled = True
    world.contact("628", DAY_MS)
    sweep = world.sweep()
    assert world.record("#audit#w1").status == "completed"
    assert (sweep["dispatched"], sweep["completed"], sweep["contacts_checked"]) == (1, 1, 1)
    assert [run["workspace_id"] for run in history.latest_runs(world.database, 100)] == ["w1"]
    assert [run["workspace_id"] for run in history.sweep_runs(NOW)] == ["w1"]


def test_one_that_failed_says_why_and_the_next_delivery_mends_it(world: World, faults: Faults) -> None:
    world.workspace()
    put(world, "628", last_activity_at=5)
    faults.fail("Query", RuntimeError("boom"))
    assert not world.audit()
    record: Any = world.record("#audit#w1")
    assert (record.status, record.error, record.lease_until) == ("failed", "RuntimeError: boom", None)
    assert audited_at(world) is None
    assert world.audit(receive_count=2)
    record = world.record("#audit#w1")
    assert (record.status, record.error, record.attempts) == ("completed", None, 2)
    assert findings(world) == {"contacts_checked": 1, "fixed_missing": 1}


def test_a_repeat_tries_three_times(world: World, faults: Faults) -> None:
    for receive_count in range(1, 5):
        faults.fail("Query", RuntimeError("boom"))
        assert not world.audit(receive_count=receive_count)
    assert world.record("#audit#w1").attempts == runs.MAX_ATTEMPTS


def test_what_was_mended_before_it_failed_is_counted(world: World, faults: Faults) -> None:
    world.workspace()
    for contact_id in ("621", "622"):
        put(world, contact_id, last_activity_at=5)
    faults.fail("UpdateItem", RuntimeError("boom"), after=2)
    assert not world.audit()
    assert world.audit(receive_count=2)
    assert findings(world) == {"contacts_checked": 2, "fixed_missing": 2}


def test_two_deliveries_leave_one_record(world: World) -> None:
    world.workspace()
    message = Received(Message(AUDIT, "w1", NOW).body(), "none")
    assert world.deliver(message)
    assert world.deliver(message)
    tables = world.items(world.database.tables.sync_health)
    assert [each["workspace_id"] for each in tables] == ["#audit#w1"]
