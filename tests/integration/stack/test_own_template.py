"""The service's own template on the local stack."""

from datetime import UTC, datetime

from background_sync_ops.stack.schedule import rate, scheduled_event
from background_sync_ops.stack.stack import LocalStack


def test_the_scheduled_event_starts_a_sweep(engine: LocalStack) -> None:
    [schedule] = [each for each in engine.deployment.schedules if each.function == "DispatcherFunction"]
    at = datetime(2026, 1, 1, 10, tzinfo=UTC)
    answer = engine.invoke(schedule.function, scheduled_event(at, schedule.rule_arn)).result()
    assert answer["run_at"] == int(at.timestamp() * 1000)


def test_every_schedule_has_a_rate(engine: LocalStack) -> None:
    minutes = {each.function: rate(each.expression).seconds // 60 for each in engine.deployment.schedules}
    assert minutes == {"DispatcherFunction": 60, "MonitorFunction": 5}


def test_the_queue_invokes_the_reconciler(engine: LocalStack) -> None:
    spec = engine.mapping.spec
    assert (spec.function, spec.queue_url) == ("ReconcilerFunction", engine.outputs["WorkQueueUrl"])
    assert spec.reports_item_failures


def test_a_failed_dispatch_is_sent_to_its_queue(engine: LocalStack) -> None:
    dispatcher = engine.find("DispatcherFunction").spec
    assert dispatcher.on_failure_queue_url == engine.outputs["DispatcherFailuresQueueUrl"]
