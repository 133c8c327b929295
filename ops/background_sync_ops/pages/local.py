"""What the local stack serves at `/`: the status page with a list of the workspaces, and a page for each."""

from werkzeug.wrappers import Request, Response

from background_sync.clock import SystemClock
from background_sync.queue import WorkQueue
from background_sync.records.workspaces import find_workspace
from background_sync.settings import HealthSettings, read_settings
from background_sync.status.answers import BadParameter, HealthService, Listing, read_listing
from background_sync.status.history import Document, workspace_runs
from background_sync.status.page.html import Html
from background_sync.status.page.layout import HEADERS, message
from background_sync.status.workspaces import EXAMINED, WorkspaceStatus
from background_sync_ops.findings import FLAGGED, MISSED, REPAIRED, find
from background_sync_ops.pages.workspaces import (
    NAV,
    not_found,
    workspace_page,
    workspaces_section,
    worst_first,
)
from background_sync_ops.stack.stack import LocalStack
from background_sync_ops.target import running_target

SHOWN = 25
"""How many workspaces, runs or contacts a page lists."""
EXAMINED_CONTACTS = 1000
"""Of how many contacts a page looks for the flagged, the repaired and the missed ones."""


class LocalPages:
    """Answers requests. From now on the layer's records of this process are bound to the stack's tables."""

    def __init__(self, stack: LocalStack) -> None:
        self._stack = stack
        self._settings = read_settings(HealthSettings, stack.functions["HealthFunction"].environment)
        self._database = running_target(stack.state_dir).connect()

    def __call__(self, request: Request) -> Response:
        clock = SystemClock(self._stack.clock_offset_ms)
        try:
            status, page = self._page(read_listing(request.args, ("workspace_id", "cursor")), clock)
        except BadParameter as error:
            status, page = 400, message("This address is not valid", f"{error}.", clock.now(), NAV)
        headers = {"Cache-Control": "no-store", **HEADERS}
        return Response(page, status, headers, content_type="text/html; charset=utf-8")

    def _page(self, listing: Listing, clock: SystemClock) -> tuple[int, Html]:
        # The stack's clock may be set, so nothing is cached from one request to the next.
        queue = WorkQueue(self._settings.work_queue_url, clock, self._stack.client("sqs"))
        service = HealthService(self._settings, self._database, queue, clock)
        if listing.workspace_id is not None:
            return self._workspace(service, listing.workspace_id, clock.now())
        workspaces = worst_first(_all_workspaces(service.workspace_status))
        ids = [each["workspace_id"] for each in workspaces]
        begin = ids.index(listing.after) + 1 if listing.after in ids else 0
        section = workspaces_section(workspaces, begin, SHOWN)
        return 200, service.status_page.page(service.report(), section, nav=NAV)

    def _workspace(self, service: HealthService, workspace_id: str, now: int) -> tuple[int, Html]:
        record = find_workspace(self._database, workspace_id)
        if record is None:
            return 404, not_found(now)
        workspace = service.workspace_status.one(record)
        runs = workspace_runs(workspace_id, SHOWN, now)
        findings = {
            what: find(self._database, workspace_id, what, 0, EXAMINED_CONTACTS)[:SHOWN]
            for what in (FLAGGED, REPAIRED, MISSED)
        }
        return 200, workspace_page(workspace, runs, findings, now)


def _all_workspaces(status: WorkspaceStatus) -> list[Document]:
    """All of them, because those with a problem are shown first."""
    page = status.page(EXAMINED)
    found = page.workspaces
    while page.after is not None:
        page = status.page(EXAMINED, page.after)
        found += page.workspaces
    return found
