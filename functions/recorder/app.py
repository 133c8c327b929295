"""Recorder: writes what the intake received to the table of contacts."""

import os
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from background_sync.batch import handle_batch
from background_sync.clock import SystemClock
from background_sync.intake.record import Recorder
from background_sync.queue import WorkQueue
from background_sync.records.database import connect
from background_sync.records.forgotten import Forgotten
from background_sync.settings import RecorderSettings, read_settings
from background_sync.telemetry import logger
from background_sync.tokens import Tokens

settings = read_settings(RecorderSettings, os.environ)
clock = SystemClock(settings.clock_offset_ms)
queue = WorkQueue(settings.intake_queue_url, clock, dead_letter_url=settings.dead_letter_queue_url)
database = connect(settings.tables, clock)
recorder = Recorder(database, queue, Forgotten(database, Tokens(settings.erasure_key_parameter, clock)))


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001
    """Handle a batch of SQS messages; `batchItemFailures` lists those to deliver again."""
    return handle_batch(event, lambda record: recorder.handle(record["body"]))
