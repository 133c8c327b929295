"""Health: serves how sync itself is doing over HTTP; reads only."""

import os
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.utilities.typing import LambdaContext

from background_sync.clock import SystemClock
from background_sync.queue import WorkQueue
from background_sync.records import history
from background_sync.records.database import connect
from background_sync.responses import BadParameter, Listing, json_response, read_listing
from background_sync.rules.health import State
from background_sync.settings import health_settings
from background_sync.telemetry import logger
from background_sync.usecases.health import Doctor, KeptReport

settings = health_settings(os.environ)
clock = SystemClock(settings.runtime.clock_offset_ms)
connect(settings.runtime.tables)
report = KeptReport(
    Doctor(
        WorkQueue(settings.runtime.work_queue_url, clock),
        clock,
        settings.dead_letter_queue_url,
        settings.interval_ms,
        settings.public_totals,
    )
)
app = APIGatewayHttpResolver()


@app.get("/health")
def get_health() -> Response[str]:
    """The overall state; 503 when it is `fail`."""
    found = report.get()
    status = 503 if found.state is State.FAIL else 200
    return json_response(
        status, found.document, "application/health+json", {"Cache-Control": "public, max-age=30"}
    )


@app.get("/health/runs")
def get_runs() -> Response[str]:
    """The newest runs, of all workspaces or of `workspace_id`."""
    asked = _listing("workspace_id", "limit")
    if asked.workspace_id is None:
        runs = history.latest_runs(asked.limit)
    else:
        runs = history.workspace_runs(asked.workspace_id, asked.limit)
    return json_response(200, {"runs": runs, "summary": history.summary(runs)})


@app.get("/health/sweeps")
def get_sweeps() -> Response[str]:
    """The newest sweeps."""
    sweeps = history.sweep_documents(_listing("limit").limit)
    return json_response(200, {"sweeps": sweeps, "summary": history.summary(sweeps)})


def _listing(*allowed: str) -> Listing:
    return read_listing(app.current_event.query_string_parameters or {}, allowed)


@app.exception_handler(BadParameter)  # type: ignore[untyped-decorator]
def bad_parameter(error: BadParameter) -> Response[str]:
    """400, naming the parameter."""
    return json_response(400, {"error": {"parameter": error.parameter, "message": str(error)}})


@app.not_found
def not_found(_: NotFoundError) -> Response[str]:
    """404."""
    return json_response(404, {"error": {"message": "there is nothing at this path"}})


@app.exception_handler(Exception)  # type: ignore[untyped-decorator]
def failed(_: Exception) -> Response[str]:
    """500; what went wrong stands in the log alone."""
    logger.exception("the request failed")
    return json_response(500, {"error": {"message": "the request could not be answered"}})


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Handle a request of the HTTP API (payload format 2.0)."""
    return app.resolve(event, context)
