"""The monitor function, as its schedule invokes it."""

from datetime import UTC, datetime

from background_sync_ops.stack.schedule import scheduled_event
from background_sync_ops.stack.stack import LocalStack
from tests.integration.world import World

AT = datetime(2026, 1, 1, 10, tzinfo=UTC)


def test_the_scheduled_event_makes_the_function_measure(world: World, engine: LocalStack) -> None:
    [schedule] = [each for each in engine.deployment.schedules if each.function == "MonitorFunction"]
    event = scheduled_event(AT, schedule.rule_arn)
    assert engine.invoke(schedule.function, event).result() == {}
    world.sweep()
    measured = engine.invoke(schedule.function, event).result()
    assert measured["sweep_age_intervals"] > 1
    assert measured["last_sweep_failed_share"] == 0
