"""Intake: answers a webhook of Kapso, once what it says is in the queue."""

import base64
import os
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from background_sync.clock import SystemClock
from background_sync.intake.receive import Receiver
from background_sync.intake.secrets import Senders
from background_sync.queue import WorkQueue
from background_sync.records.database import connect
from background_sync.settings import IntakeSettings, read_settings
from background_sync.telemetry import logger
from background_sync.tokens import Tokens

settings = read_settings(IntakeSettings, os.environ)
clock = SystemClock(settings.clock_offset_ms)
senders = Senders(connect(settings.tables, clock), Tokens(settings.secret_prefix, clock), clock)
receiver = Receiver(senders, WorkQueue(settings.intake_queue_url, clock))


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:  # noqa: ARG001
    """Handles POST /webhooks/kapso/{workspace_id} of the HTTP API (payload format 2.0)."""
    text = event.get("body") or ""
    body = base64.b64decode(text) if event.get("isBase64Encoded") else text.encode()
    status = receiver.receive(event["pathParameters"]["workspace_id"], event["headers"], body)
    return {"statusCode": status}
