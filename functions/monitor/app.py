"""Monitor: measures every few minutes how the sweeps are doing, for the alarms; reads only."""

import os
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from background_sync.clock import SystemClock
from background_sync.records.database import connect
from background_sync.rules.policy import MINUTE_MS
from background_sync.settings import Environment, Tables
from background_sync.telemetry import logger
from background_sync.usecases.monitor import measure

environment = Environment(os.environ)
interval_ms = environment.whole("SWEEP_INTERVAL_MINUTES", 1, 24 * 60) * MINUTE_MS
clock = SystemClock(environment.whole("CLOCK_OFFSET_MS", -(2**53), 2**53, default=0))
connect(
    Tables(
        workspaces=environment.text("WORKSPACES_TABLE"),
        contacts=environment.text("CONTACTS_TABLE"),
        sync_health=environment.text("SYNC_HEALTH_TABLE"),
    )
)


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, float]:  # noqa: ARG001
    """Handle EventBridge's scheduled event, whatever it says; the measured values come back."""
    return measure(clock, interval_ms)
