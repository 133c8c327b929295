"""Recorder: writes what the intake received to the table of contacts."""

import os
from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from background_sync.clock import SystemClock
from background_sync.intake.record import Recorder
from background_sync.queue import WorkQueue
from background_sync.records.database import connect
from background_sync.settings import RecorderSettings, read_settings
from background_sync.telemetry import logger

settings = read_settings(RecorderSettings, os.environ)
clock = SystemClock(settings.clock_offset_ms)
queue = WorkQueue(settings.intake_queue_url, clock, dead_letter_url=settings.dead_letter_queue_url)
recorder = Recorder(connect(settings.tables, clock), queue)
processor = BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False)


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> Any:  # noqa: ANN401 - Powertools' response
    """Handle a batch of SQS messages; `batchItemFailures` lists those to deliver again."""

    def handle(record: SQSRecord) -> None:
        recorder.handle(record.body)

    return process_partial_response(event, handle, processor, context)
