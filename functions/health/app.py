"""Health: serves how sync itself is doing over HTTP, to programs and to people; reads only."""

import os
from collections.abc import Callable
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.utilities.typing import LambdaContext

from background_sync.clock import SystemClock
from background_sync.queue import WorkQueue
from background_sync.records.database import connect
from background_sync.settings import health_settings
from background_sync.status.answers import (
    MAX_WORKSPACES,
    PRIVATE,
    PUBLIC,
    BadParameter,
    HealthService,
    Listing,
    conditional,
    json_response,
    read_listing,
)
from background_sync.status.openapi import DOCUMENT
from background_sync.status.page import layout, local
from background_sync.status.thresholds import State
from background_sync.status.workspaces import STATES
from background_sync.telemetry import logger

READ = ["GET", "HEAD"]
settings = health_settings(os.environ)
clock = SystemClock(settings.runtime.clock_offset_ms)
queue = WorkQueue(settings.runtime.work_queue_url, clock)
service = HealthService(settings, connect(settings.runtime.tables), queue, clock)
app = APIGatewayHttpResolver()


@app.route("/", READ)
def get_page() -> Response[str]:
    """The status page."""
    if not service.settings.local_pages:
        return layout.page_response(200, service.page(), PUBLIC)
    asked = _listing("workspace_id", "cursor")
    page = service.local_page(asked)
    if page is None:
        return layout.page_response(404, local.not_found(service.clock.now()), "no-store")
    return layout.page_response(200, page, "no-store")


@app.route("/health", READ)
def get_health() -> Response[str]:
    """The overall state; 503 when it is `fail`."""
    report = service.report()
    status = 503 if report.state is State.FAIL else 200
    return json_response(status, report.document, "application/health+json", {"Cache-Control": PUBLIC})


@app.route("/health/runs", READ)
def get_runs() -> Response[str]:
    """The newest runs, of all workspaces or of `workspace_id`."""
    return _private(service.runs(_listing("workspace_id", "limit")))


@app.route("/health/sweeps", READ)
def get_sweeps() -> Response[str]:
    """The newest sweeps."""
    return _private(service.sweeps(_listing("limit")))


@app.route("/health/workspaces", READ)
def get_workspaces() -> Response[str]:
    """A page of the workspaces, of all or of those in `state`."""
    asked = read_listing(_parameters(), ("state", "limit", "cursor"), max_limit=MAX_WORKSPACES, states=STATES)
    return _private(service.workspaces(asked))


@app.route("/openapi.json", READ)
def get_openapi() -> Response[str]:
    """What there is to ask."""
    return json_response(200, DOCUMENT, headers={"Cache-Control": PUBLIC})


def _listing(*allowed: str) -> Listing:
    return read_listing(_parameters(), allowed)


def _parameters() -> dict[str, str]:
    return app.current_event.query_string_parameters


def _private(document: dict[str, Any]) -> Response[str]:
    return json_response(200, document, headers={"Cache-Control": PRIVATE})


def cheap(resolver: APIGatewayHttpResolver, answer: Callable[..., Response[str]]) -> Response[str]:
    """Middleware: an ETag, 304 for who has the answer already, and HEAD without a body."""
    response = conditional(answer(resolver), resolver.current_event.headers.get("if-none-match"))
    if not response.body or resolver.current_event.http_method == "HEAD":
        response.body, response.compress = "", False
    return response


app.use([cheap])


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
    if app.current_event.path == "/":
        return layout.page_response(500, layout.failure(), "no-store")
    return json_response(500, {"error": {"message": "the request could not be answered"}})


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Handle a request of the HTTP API (payload format 2.0)."""
    return app.resolve(event, context)
