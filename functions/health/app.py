"""Health: serves how sync itself is doing over HTTP, to programs and to people. It only reads."""

import os
from collections.abc import Callable
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.utilities.typing import LambdaContext

from background_sync.clock import SystemClock
from background_sync.queue import WorkQueue
from background_sync.records.database import connect
from background_sync.settings import HealthSettings, read_settings
from background_sync.status.answers import (
    MAX_LIMIT,
    MAX_WORKSPACES,
    OPENAPI,
    PRIVATE,
    PUBLIC,
    BadParameter,
    HealthService,
    Listing,
    error_response,
    json_response,
    read_listing,
    with_etag,
)
from background_sync.status.page.layout import failure, page_response
from background_sync.status.thresholds import State
from background_sync.telemetry import logger

READ = ["GET", "HEAD"]
settings = read_settings(HealthSettings, os.environ)
clock = SystemClock(settings.clock_offset_ms)
queue = WorkQueue(settings.work_queue_url, clock)
service = HealthService(settings, connect(settings.tables, clock), queue, clock)
app = APIGatewayHttpResolver()


@app.route("/", READ)
def get_page() -> Response[str]:
    return page_response(200, service.page(), PUBLIC)


@app.route("/health", READ)
def get_health() -> Response[str]:
    report = service.report()
    status = 503 if report.state is State.FAIL else 200
    return json_response(status, report.document, "application/health+json", PUBLIC)


@app.route("/health/runs", READ)
def get_runs() -> Response[str]:
    return json_response(200, service.runs(_listing("workspace_id", "limit")), cache_control=PRIVATE)


@app.route("/health/sweeps", READ)
def get_sweeps() -> Response[str]:
    return json_response(200, service.sweeps(_listing("limit")), cache_control=PRIVATE)


@app.route("/health/workspaces", READ)
def get_workspaces() -> Response[str]:
    listing = _listing("state", "limit", "cursor", max_limit=MAX_WORKSPACES)
    return json_response(200, service.workspaces(listing), cache_control=PRIVATE)


@app.route("/openapi.json", READ)
def get_openapi() -> Response[str]:
    return json_response(200, OPENAPI, cache_control=PUBLIC)


def _listing(*allowed: str, max_limit: int = MAX_LIMIT) -> Listing:
    return read_listing(app.current_event.query_string_parameters, allowed, max_limit=max_limit)


def conditional(resolver: APIGatewayHttpResolver, answer: Callable[..., Response[str]]) -> Response[str]:
    """Middleware: adds an ETag, answers 304 if the caller has the answer already, and HEAD without a body."""
    response = with_etag(answer(resolver), resolver.current_event.headers.get("if-none-match"))
    if not response.body or resolver.current_event.http_method == "HEAD":
        response.body, response.compress = "", False
    return response


app.use([conditional])


@app.exception_handler(BadParameter)  # type: ignore[untyped-decorator]
def bad_parameter(error: BadParameter) -> Response[str]:
    return error_response(error.status, str(error), error.parameter)


@app.not_found
def not_found(_: NotFoundError) -> Response[str]:
    return error_response(404, "Not Found")


@app.exception_handler(Exception)  # type: ignore[untyped-decorator]
def failed(_: Exception) -> Response[str]:
    """The reason is only logged, because the caller may be anybody."""
    logger.exception("the request failed")
    if app.current_event.path == "/":
        return page_response(500, failure(clock.now()), "no-store")
    return error_response(500, "Internal Server Error")


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Handles a request of the HTTP API (payload format 2.0)."""
    return app.resolve(event, context)
