"""Monitor: measures every few minutes how the sweeps are doing, for the alarms; reads only."""

import os
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from background_sync.clock import SystemClock
from background_sync.records.database import connect
from background_sync.settings import monitor_settings
from background_sync.status.monitor import measure
from background_sync.telemetry import logger

settings = monitor_settings(os.environ)
clock = SystemClock(settings.clock_offset_ms)
connect(settings.tables)


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, float]:  # noqa: ARG001
    """Handle EventBridge's scheduled event, whatever it says; the measured values come back."""
    return measure(clock, settings.interval_ms)
