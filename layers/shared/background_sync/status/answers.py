"""Requests and answers of the HTTP API."""

import base64
import binascii
import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from aws_lambda_powertools.event_handler import Response

from background_sync.clock import Clock
from background_sync.queue import WorkQueue
from background_sync.records.database import Database
from background_sync.records.flagged import flagged_contacts
from background_sync.records.workspaces import find_workspace
from background_sync.rules.identity import RESERVED_PREFIX
from background_sync.settings import HealthSettings
from background_sync.status import history
from background_sync.status.checks import COUNTED, HealthChecker, KeptReport, Report
from background_sync.status.history import Document, Totals
from background_sync.status.page import local
from background_sync.status.page.html import Html
from background_sync.status.page.status import StatusPage
from background_sync.status.workspaces import WorkspaceStatus

DEFAULT_LIMIT = 10
MAX_LIMIT = 100
MAX_WORKSPACES = 20
"""Of one answer: each that does not succeed costs a request more."""
MAX_WORKSPACE_ID_BYTES = 2048
"""DynamoDB's bound on a partition key."""
OK = 200
NOT_MODIFIED = 304
PRIVATE = "private, no-cache"
"""What is not public must not be kept by anybody on the way, and be asked for again by who may keep it."""
PUBLIC = "public, max-age=30"
ALL = "all"


class BadParameter(ValueError):
    """A query parameter is unknown or unusable; `parameter` names it."""

    def __init__(self, parameter: str, message: str) -> None:
        super().__init__(message)
        self.parameter = parameter


@dataclass(frozen=True, slots=True)
class Listing:
    """What a list is asked for; `after` is the workspace id that the cursor stands for."""

    workspace_id: str | None
    limit: int
    after: str | None = None
    state: str | None = None


def read_listing(
    parameters: Mapping[str, str],
    allowed: Collection[str],
    *,
    max_limit: int = MAX_LIMIT,
    states: Collection[str] = (),
) -> Listing:
    """Check a list's query parameters; raises `BadParameter`."""
    for name in parameters:
        if name not in allowed:
            raise BadParameter(name, f"{name} is not known here; known: {', '.join(allowed)}")
    return Listing(
        _workspace_id(parameters),
        _limit(parameters, max_limit),
        _after(parameters),
        _state(parameters, states),
    )


def _limit(parameters: Mapping[str, str], highest: int) -> int:
    text = parameters.get("limit", str(DEFAULT_LIMIT))
    is_number = text.isascii() and text.isdigit() and len(text) <= len(str(highest))
    if not (is_number and 1 <= int(text) <= highest):
        raise BadParameter("limit", f"limit must be a whole number from 1 to {highest}")
    return int(text)


def _workspace_id(parameters: Mapping[str, str]) -> str | None:
    if "workspace_id" not in parameters:
        return None
    workspace_id = parameters["workspace_id"]
    if not _is_key(workspace_id):
        raise BadParameter("workspace_id", f"workspace_id must have 1 to {MAX_WORKSPACE_ID_BYTES} bytes")
    if workspace_id.startswith(RESERVED_PREFIX):
        raise BadParameter("workspace_id", f"workspace_id must not begin with {RESERVED_PREFIX}")
    return workspace_id


def _is_key(text: str) -> bool:
    return 0 < len(text.encode()) <= MAX_WORKSPACE_ID_BYTES


def _state(parameters: Mapping[str, str], states: Collection[str]) -> str | None:
    state = parameters.get("state", ALL)
    if state not in (ALL, *states):
        raise BadParameter("state", f"state must be one of {', '.join((ALL, *states))}")
    return None if state == ALL else state


def _after(parameters: Mapping[str, str]) -> str | None:
    if "cursor" not in parameters:
        return None
    try:
        after = base64.b64decode(parameters["cursor"].encode("ascii"), altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeError):
        after = ""
    if not _is_key(after):
        raise BadParameter("cursor", "cursor must be the next of an earlier answer")
    return after


def cursor(after: str | None) -> str | None:
    """The cursor that goes on after a workspace id; None at the end."""
    return None if after is None else base64.urlsafe_b64encode(after.encode()).decode()


def json_response(
    status: int,
    document: Mapping[str, Any],
    content_type: str = "application/json",
    headers: Mapping[str, str] | None = None,
) -> Response[str]:
    """An answer; what is not said to be otherwise must not be kept by anybody."""
    return Response(
        status_code=status,
        content_type=content_type,
        body=json.dumps(document),
        headers={"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", **(headers or {})},
    )


def conditional(response: Response[str], if_none_match: str | None) -> Response[str]:
    """The answer with its ETag; 304 without a body where the caller has it already.

    The tag is a weak one: compressed or not, it is the same answer.
    """
    if response.status_code != OK:
        return response
    digest = hashlib.sha256((response.body or "").encode()).hexdigest()[:32]
    response.headers["ETag"] = f'W/"{digest}"'
    if _names(if_none_match, digest):
        response.status_code, response.body = NOT_MODIFIED, ""
        response.headers.pop("Content-Type", None)
    return response


def _names(if_none_match: str | None, digest: str) -> bool:
    tags = [tag.strip().removeprefix("W/") for tag in (if_none_match or "").split(",")]
    return "*" in tags or f'"{digest}"' in tags


SHOWN = 25
"""Workspaces, runs and contacts on a page of the local stack."""


@dataclass
class HealthService:
    """Answers with what the tables and queues hold; only the report is kept for a while."""

    settings: HealthSettings
    database: Database
    queue: WorkQueue
    clock: Clock
    _totals: Totals = field(init=False)
    _kept: KeptReport = field(init=False)
    _registrar: WorkspaceStatus = field(init=False)
    _publisher: StatusPage = field(init=False)

    def __post_init__(self) -> None:
        settings = self.settings
        self._totals = Totals(self.database)
        self._kept = KeptReport(
            HealthChecker(
                Totals(self.database, COUNTED),
                self.queue,
                self.clock,
                settings.dead_letter_queue_url,
                settings.interval_ms,
                settings.public_totals,
                settings.runbook_url,
            )
        )
        self._registrar = WorkspaceStatus(self.database, self.clock, settings.interval_ms)
        self._publisher = StatusPage(settings.interval_ms, settings.public_totals, settings.runbook_url)

    def report(self) -> Report:
        """The overall state and why."""
        return self._kept.get()

    def runs(self, asked: Listing) -> Document:
        """The newest runs, of all workspaces or of one."""
        if asked.workspace_id is None:
            runs = history.latest_runs(self.database, asked.limit)
        else:
            runs = history.workspace_runs(asked.workspace_id, asked.limit)
        return {"runs": runs, "summary": history.summary(runs)}

    def sweeps(self, asked: Listing) -> Document:
        """The newest sweeps."""
        sweeps = history.sweep_documents(self._totals, asked.limit)
        return {"sweeps": sweeps, "summary": history.summary(sweeps)}

    def workspaces(self, asked: Listing) -> Document:
        """A page of the workspaces; `next` is the cursor of the one after it, null at the end."""
        page = self._registrar.page(asked.limit, asked.after, asked.state)
        return {"workspaces": page.workspaces, "next": cursor(page.after)}

    def page(self) -> Html:
        """The status page, without a word on tenants."""
        return self._publisher.page(self._kept.get())

    def local_page(self, asked: Listing) -> Html | None:
        """On the local stack: a workspace's page, None where there is none, or the status page with a page
        of the workspaces."""
        if asked.workspace_id is not None:
            return self._workspace_page(asked.workspace_id)
        found = self._registrar.page(SHOWN, asked.after)
        section = local.workspaces_section(found, cursor(found.after))
        return self._publisher.page(self._kept.get(), section, nav=local.NAV)

    def _workspace_page(self, workspace_id: str) -> Html | None:
        record = find_workspace(self.database, workspace_id)
        if record is None:
            return None
        return local.workspace_page(
            self._registrar.one(record),
            history.workspace_runs(workspace_id, SHOWN),
            flagged_contacts(self.database, workspace_id, SHOWN),
            self.clock.now(),
        )
