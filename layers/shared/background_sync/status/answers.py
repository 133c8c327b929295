"""The HTTP API: what a list may be asked for, the answers, and how they are sent."""

import base64
import binascii
import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from aws_lambda_powertools.event_handler import Response

from background_sync.clock import Clock
from background_sync.queue import WorkQueue
from background_sync.records.database import Database
from background_sync.records.workspaces import find_workspace
from background_sync.rules.identity import MAX_WORKSPACE_ID_BYTES, RESERVED_PREFIX, is_key
from background_sync.settings import HealthSettings
from background_sync.status.checks import COUNTS_READ, CachedReports, HealthChecker, Report
from background_sync.status.history import (
    Document,
    SweepHistory,
    latest_runs,
    summary,
    workspace_runs,
)
from background_sync.status.page.html import Html
from background_sync.status.page.status import StatusPage
from background_sync.status.workspaces import STATES, WorkspaceStatus

DEFAULT_LIMIT = 10
MAX_LIMIT = 100
MAX_WORKSPACES = 20
"""The highest limit of a list of workspaces, because each that does not succeed costs one more request."""
ALL = "all"
PUBLIC = "public, max-age=30"
PRIVATE = "private, no-cache"
"""No shared cache may keep the answer, and the caller's own must ask whether it has changed."""
OK = 200
NOT_MODIFIED = 304
OPENAPI: Document = json.loads((files("background_sync.status") / "openapi.json").read_text(encoding="utf-8"))


# ---------------------------------------------------------------- answers


class HealthService:
    """Answers from the tables and queues. Only the report is cached, and the totals of finished sweeps."""

    def __init__(self, settings: HealthSettings, database: Database, queue: WorkQueue, clock: Clock) -> None:
        self.checker = HealthChecker(
            sweeps=SweepHistory(database, COUNTS_READ),
            queue=queue,
            clock=clock,
            dead_letter_queue_url=settings.dead_letter_queue_url,
            interval_ms=settings.interval_ms,
            public_totals=settings.public_totals,
            runbook_url=settings.runbook_url,
        )
        self.status_page = StatusPage(settings.interval_ms, settings.public_totals, settings.runbook_url)
        self.workspace_status = WorkspaceStatus(database, clock, settings.interval_ms)
        self._database = database
        self._reports = CachedReports(self.checker)
        self._sweeps = SweepHistory(database)

    def page(self) -> Html:
        return self.status_page.page(self.report())

    def report(self) -> Report:
        return self._reports.get()

    def runs(self, listing: "Listing") -> Document:
        now = self.checker.clock.now()
        if listing.workspace_id is None:
            runs = latest_runs(self._database, listing.limit, now)
        else:
            runs = workspace_runs(listing.workspace_id, listing.limit, now)
            if not runs and find_workspace(self._database, listing.workspace_id) is None:
                raise BadParameter("workspace_id", "there is no workspace of this workspace_id", 404)
        return {"runs": runs, "summary": summary(runs)}

    def sweeps(self, listing: "Listing") -> Document:
        sweeps = self._sweeps.newest(listing.limit)
        return {"sweeps": sweeps, "summary": summary(sweeps)}

    def workspaces(self, listing: "Listing") -> Document:
        page = self.workspace_status.page(listing.limit, listing.after, listing.state)
        return {"workspaces": page.workspaces, "next": to_cursor(page.after)}


# ---------------------------------------------------------------- parameters


class BadParameter(ValueError):
    """A query parameter is unknown or invalid, or names what does not exist (`status` 404)."""

    def __init__(self, parameter: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.parameter, self.status = parameter, status


@dataclass(frozen=True, slots=True)
class Listing:
    """What a list is asked for; `after` is the workspace id that the cursor stands for."""

    workspace_id: str | None
    limit: int
    after: str | None = None
    state: str | None = None


def read_listing(
    parameters: Mapping[str, str], allowed: Collection[str], *, max_limit: int = MAX_LIMIT
) -> Listing:
    """Raises `BadParameter`."""
    for name in parameters:
        if name not in allowed:
            raise BadParameter(name, f"unknown parameter {name}, expected one of: {', '.join(allowed)}")
    return Listing(
        _workspace_id(parameters), _limit(parameters, max_limit), _after(parameters), _state(parameters)
    )


def _limit(parameters: Mapping[str, str], highest: int) -> int:
    text = parameters.get("limit", str(DEFAULT_LIMIT))
    # The length is checked first, because Python refuses to convert very long numbers.
    is_number = text.isascii() and text.isdigit() and len(text) <= len(str(highest))
    if not (is_number and 1 <= int(text) <= highest):
        raise BadParameter("limit", f"limit must be a whole number from 1 to {highest}")
    return int(text)


def _workspace_id(parameters: Mapping[str, str]) -> str | None:
    workspace_id = parameters.get("workspace_id")
    if workspace_id is None:
        return None
    if not is_key(workspace_id, MAX_WORKSPACE_ID_BYTES):
        raise BadParameter("workspace_id", f"workspace_id must have 1 to {MAX_WORKSPACE_ID_BYTES} bytes")
    if workspace_id.startswith(RESERVED_PREFIX):
        raise BadParameter("workspace_id", f"workspace_id must not begin with {RESERVED_PREFIX}")
    return workspace_id


def _state(parameters: Mapping[str, str]) -> str | None:
    state = parameters.get("state", ALL)
    if state not in (ALL, *STATES):
        raise BadParameter("state", f"state must be one of: {', '.join((ALL, *STATES))}")
    return None if state == ALL else state


def _after(parameters: Mapping[str, str]) -> str | None:
    if "cursor" not in parameters:
        return None
    try:
        after = base64.b64decode(parameters["cursor"].encode("ascii"), altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeError):
        after = ""
    if not is_key(after, MAX_WORKSPACE_ID_BYTES):
        raise BadParameter("cursor", "cursor must be the `next` of an earlier answer")
    return after


def to_cursor(after: str | None) -> str | None:
    """The cursor that continues after a workspace id; None at the end."""
    return None if after is None else base64.urlsafe_b64encode(after.encode()).decode()


# ---------------------------------------------------------------- responses


def error_response(status: int, message: str, parameter: str | None = None) -> Response[str]:
    """An error in API Gateway's own form, which cannot be changed: so all errors look the same."""
    return json_response(status, {"message": message} | ({"parameter": parameter} if parameter else {}))


def json_response(
    status: int,
    document: Mapping[str, Any],
    content_type: str = "application/json",
    cache_control: str = "no-store",
) -> Response[str]:
    return Response(
        status_code=status,
        content_type=content_type,
        body=json.dumps(document),
        headers={"Cache-Control": cache_control, "X-Content-Type-Options": "nosniff"},
    )


def with_etag(response: Response[str], if_none_match: str | None) -> Response[str]:
    """A response of 200 with its ETag; 304 without a body if the caller has it already.

    The tag is weak, because the answer is the same whether it is compressed or not.
    """
    if response.status_code != OK:
        return response
    digest = hashlib.sha256((response.body or "").encode()).hexdigest()[:32]
    response.headers["ETag"] = f'W/"{digest}"'
    if _matches(if_none_match, digest):
        response.status_code, response.body = NOT_MODIFIED, ""
        response.headers.pop("Content-Type", None)
    return response


def _matches(if_none_match: str | None, digest: str) -> bool:
    tags = [tag.strip().removeprefix("W/") for tag in (if_none_match or "").split(",")]
    return "*" in tags or f'"{digest}"' in tags
