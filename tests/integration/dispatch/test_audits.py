"""Each workspace that is due gets one audit message."""

import pytest

from background_sync.rules.policy import DAY_MS, HOUR_MS
from tests.integration.dispatch.many import sent
from tests.integration.world import NOW, World


@pytest.fixture(autouse=True)
def audits_are_enabled(world: World) -> None:
    world.audit_enabled = True


def test_a_workspace_audited_a_day_ago_is_due(world: World) -> None:
    world.workspace("w1", audited_at=NOW - DAY_MS)
    world.workspace("w2", audited_at=NOW - DAY_MS + 1)
    world.dispatch()
    assert sent(world, "audit") == {"w1": 1}


@pytest.mark.parametrize(
    "settings", ["none", {"audit_interval_ms": "weekly"}, {"audit_interval_ms": 7 * DAY_MS}]
)
def test_only_a_valid_interval_of_a_workspace_replaces_the_day(world: World, settings: object) -> None:
    is_weekly = settings == {"audit_interval_ms": 7 * DAY_MS}
    for name, days in (("w1", 1), ("w7", 7)):
        world.workspace(name, audited_at=NOW - days * DAY_MS, settings=settings)
    world.dispatch()
    assert sent(world, "audit") == {"w7": 1} | ({} if is_weekly else {"w1": 1})


@pytest.mark.parametrize(("enabled", "phone_id"), [(True, None), (False, "1")])
def test_no_audit_if_inactive_or_switched_off(world: World, enabled: bool, phone_id: str | None) -> None:
    world.audit_enabled = enabled
    world.workspace("w1", audited_at=NOW - DAY_MS, kapso_phone_id=phone_id)
    world.dispatch()
    assert not sent(world, "audit")


def test_a_repeated_dispatch_sends_no_second_audit(world: World) -> None:
    world.workspace("w1", audited_at=NOW - DAY_MS)
    world.dispatch()
    assert sent(world, "audit") == {"w1": 1}
    world.dispatch()
    assert not sent(world, "audit")


@pytest.mark.parametrize("audited_at", [None, "yesterday", -5])
def test_without_a_valid_time_of_its_last_audit_it_is_due_in_a_day(world: World, audited_at: object) -> None:
    world.workspace("w1", audited_at=audited_at)
    for hour in range(24):
        world.dispatch(NOW + hour * HOUR_MS)
    assert sent(world, "audit") == {"w1": 1}
