"""Monitor: measures every few minutes how the sweeps are doing, and announces the finished ones."""

import os
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from background_sync.clock import SystemClock
from background_sync.notices import Notices
from background_sync.records.database import connect
from background_sync.settings import MonitorSettings, read_settings
from background_sync.status.announce import announce_sweeps
from background_sync.status.monitor import measure
from background_sync.telemetry import logger

settings = read_settings(MonitorSettings, os.environ)
clock = SystemClock(settings.clock_offset_ms)
database = connect(settings.tables, clock)
notices = Notices(settings.notices.bus, settings.notices.stack)


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, float]:  # noqa: ARG001
    """Handles EventBridge's scheduled event; the result is what was measured, for people who invoke it."""
    measured = measure(database, clock, settings.interval_ms)
    announce_sweeps(database, clock, notices)
    return measured
