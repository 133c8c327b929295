"""Reconciler: works on queue messages, each a run, an audit or a backfill of one workspace."""

import os
from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from background_sync.batch import handle_batch
from background_sync.clock import Deadline, SystemClock
from background_sync.messages import AUDIT, BACKFILL, RUN
from background_sync.notices import Notices
from background_sync.queue import WorkQueue
from background_sync.records.database import connect
from background_sync.records.forgotten import Forgotten
from background_sync.settings import ReconcilerSettings, read_settings
from background_sync.sync.audit import audit
from background_sync.sync.backfill import backfill
from background_sync.sync.deliver import Delivery, MessageHandler
from background_sync.sync.reconcile import reconcile
from background_sync.sync.task import JobContext, Kapso
from background_sync.telemetry import logger
from background_sync.tokens import Tokens

settings = read_settings(ReconcilerSettings, os.environ)
clock = SystemClock(settings.clock_offset_ms)
database = connect(settings.tables, clock)
context = JobContext(
    database=database,
    queue=WorkQueue(settings.work_queue_url, clock, dead_letter_url=settings.dead_letter_queue_url),
    clock=clock,
    kapso=Kapso(
        base_url=settings.kapso_base_url,
        # A sweep finds the keys of the one before, where the environment still lives.
        tokens=Tokens(settings.token_prefix, clock, kept_ms=2 * settings.interval_ms),
    ),
    forgotten=Forgotten(database, Tokens(settings.erasure_key_parameter, clock)),
    lease_ms=settings.lease_ms,
    interval_ms=settings.interval_ms,
    capacity_metered=settings.capacity_metered,
)
messages = MessageHandler(
    context=context,
    work={RUN: reconcile, AUDIT: audit, BACKFILL: backfill},
    notices=Notices(settings.notices.bus, settings.notices.stack),
)


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Handle a batch of SQS messages; `batchItemFailures` lists those to deliver again."""
    deadline = Deadline(clock, clock.now() + context.get_remaining_time_in_millis())
    return handle_batch(event, lambda record: messages.handle(_delivery(record), deadline))


def _delivery(record: Mapping[str, Any]) -> Delivery:
    return Delivery(
        body=record["body"],
        receipt_handle=record["receiptHandle"],
        receive_count=int(record["attributes"]["ApproximateReceiveCount"]),
    )
