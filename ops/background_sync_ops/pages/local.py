"""What the local stack serves at `/`: the status page with a list of the workspaces, and a page for each."""

from werkzeug.exceptions import BadRequest
from werkzeug.wrappers import Request, Response

from background_sync.clock import SystemClock
from background_sync.queue import WorkQueue
from background_sync.records.workspaces import find_workspace
from background_sync.settings import HealthSettings, read_settings
from background_sync.status.answers import BadParameter, HealthService, Listing, read_listing, to_cursor
from background_sync.status.history import workspace_runs
from background_sync.status.page.html import Html
from background_sync.status.page.layout import HEADERS
from background_sync_ops.pages.flagged import flagged_contacts
from background_sync_ops.pages.workspaces import NAV, not_found, workspace_page, workspaces_section
from background_sync_ops.stack.stack import LocalStack
from background_sync_ops.target import running_target

SHOWN = 25
"""How many workspaces, runs or contacts a page lists."""


class LocalPages:
    """Answers requests. From now on the layer's records of this process are bound to the stack's tables."""

    def __init__(self, stack: LocalStack) -> None:
        self._stack = stack
        self._settings = read_settings(HealthSettings, stack.functions["HealthFunction"].environment)
        self._database = running_target(stack.state_dir).connect()

    def __call__(self, request: Request) -> Response:
        try:
            listing = read_listing(request.args, ("workspace_id", "cursor"))
        except BadParameter as error:
            raise BadRequest(str(error)) from None
        status, page = self._page(listing)
        headers = {"Cache-Control": "no-store", **HEADERS}
        return Response(page, status, headers, content_type="text/html; charset=utf-8")

    def _page(self, listing: Listing) -> tuple[int, Html]:
        # The stack's clock may be set, so nothing is cached from one request to the next.
        clock = SystemClock(self._stack.clock_offset_ms)
        queue = WorkQueue(self._settings.work_queue_url, clock, self._stack.client("sqs"))
        service = HealthService(self._settings, self._database, queue, clock)
        if listing.workspace_id is not None:
            return self._workspace(service, listing.workspace_id, clock.now())
        found = service.workspace_status.page(SHOWN, listing.after)
        section = workspaces_section(found, to_cursor(found.after))
        return 200, service.status_page.page(service.report(), section, nav=NAV)

    def _workspace(self, service: HealthService, workspace_id: str, now: int) -> tuple[int, Html]:
        record = find_workspace(self._database, workspace_id)
        if record is None:
            return 404, not_found(now)
        workspace = service.workspace_status.one(record)
        runs = workspace_runs(workspace_id, SHOWN, now)
        contacts = flagged_contacts(self._database, workspace_id, SHOWN)
        return 200, workspace_page(workspace, runs, contacts, now)
