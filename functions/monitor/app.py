"""Monitor: measures every few minutes how the sweeps are doing, for the alarms. It only reads."""

import os
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from background_sync.clock import SystemClock
from background_sync.records.database import connect
from background_sync.settings import MonitorSettings, read_settings
from background_sync.status.monitor import measure
from background_sync.telemetry import logger

settings = read_settings(MonitorSettings, os.environ)
clock = SystemClock(settings.clock_offset_ms)
database = connect(settings.tables, clock)


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, float]:  # noqa: ARG001
    """Handles EventBridge's scheduled event; the result is what was measured, for people who invoke it."""
    return measure(database, clock, settings.interval_ms)
