"""Reconciler: works through queue messages, each a run, an audit or a backfill of one workspace."""

import os
from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from background_sync.clock import Deadline, SystemClock
from background_sync.messages import AUDIT, BACKFILL, RUN
from background_sync.queue import WorkQueue
from background_sync.records.database import connect
from background_sync.settings import reconciler_settings
from background_sync.sync.audit import audit
from background_sync.sync.backfill import backfill
from background_sync.sync.deliver import Delivery, MessageHandler, deliver
from background_sync.sync.reconcile import Reconciler, reconcile
from background_sync.sync.task import JobContext
from background_sync.sync.verify import Kapso
from background_sync.telemetry import logger
from background_sync.tokens import Tokens

settings = reconciler_settings(os.environ)
clock = SystemClock(settings.runtime.clock_offset_ms)
queue = WorkQueue(settings.runtime.work_queue_url, clock)
database = connect(settings.runtime.tables)
kapso = Kapso(settings.kapso_base_url, Tokens(settings.token_prefix, clock), clock)
reconciler = Reconciler(database, queue, clock, settings.lease_ms, kapso, settings.runtime.capacity_metered)
bench = JobContext(database, queue, clock, settings.lease_ms)
desk = MessageHandler(
    queue,
    clock,
    {
        RUN: lambda *args, **kwargs: reconcile(reconciler, *args, **kwargs),
        AUDIT: lambda *args, **kwargs: audit(bench, *args, **kwargs),
        BACKFILL: lambda *args, **kwargs: backfill(bench, kapso, *args, **kwargs),
    },
)
processor = BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False)


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> Any:  # noqa: ANN401 - Powertools' response
    """Handle a batch of SQS messages; those to be delivered again come back as `batchItemFailures`."""
    deadline = Deadline(clock, clock.now() + context.get_remaining_time_in_millis())

    def take(record: SQSRecord) -> None:
        receives = int(record.attributes.approximate_receive_count)
        deliver(desk, Delivery(record.body, record.receipt_handle, receives), deadline)

    return process_partial_response(event, take, processor, context)
