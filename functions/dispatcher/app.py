"""Dispatcher: opens a sweep and sends one message per active workspace."""

import json
import os
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from background_sync.aws import LazyClient
from background_sync.clock import Deadline, SystemClock
from background_sync.messages import read_scheduled
from background_sync.queue import WorkQueue
from background_sync.records.database import connect
from background_sync.settings import DispatcherSettings, read_settings
from background_sync.sync.dispatch import Dispatcher, dispatch
from background_sync.telemetry import logger

settings = read_settings(DispatcherSettings, os.environ)
clock = SystemClock(settings.clock_offset_ms)
functions = LazyClient("lambda")


def invoke_itself(run_at: int) -> None:
    """Start another invocation that continues the sweep."""
    functions.invoke(
        FunctionName=settings.function_name,
        InvocationType="Event",
        Payload=json.dumps({"run_at": run_at, "resume": True}),
    )


dispatcher = Dispatcher(
    database=connect(settings.tables, clock),
    queue=WorkQueue(settings.work_queue_url, clock),
    clock=clock,
    invoke_itself=invoke_itself,
    shards=settings.sweep_shards,
    segments=settings.dispatch_segments,
    audit_enabled=settings.audit_enabled,
    interval_ms=settings.interval_ms,
)


@logger.inject_lambda_context(clear_state=True)
def handler(event: object, context: LambdaContext) -> dict[str, Any]:
    """Handle the hourly EventBridge event, or `{"run_at": ms}` from an operator."""
    asked = read_scheduled(event, clock.now())
    deadline = Deadline(clock, clock.now() + context.get_remaining_time_in_millis())
    with logger.append_context_keys(run_at=asked.run_at):
        done = dispatch(dispatcher, asked.run_at, deadline, resume=asked.resume)
        logger.info("dispatched", dispatched=done.dispatched, skipped=done.skipped, complete=done.complete)
    return {
        "run_at": done.run_at,
        "dispatched": done.dispatched,
        "skipped": done.skipped,
        "complete": done.complete,
    }
