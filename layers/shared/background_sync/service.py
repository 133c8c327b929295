"""What the HTTP API answers, from plain values: documents for programs, pages for people."""

from dataclasses import dataclass, field

from background_sync.clock import Clock
from background_sync.page import local
from background_sync.page.html import Html
from background_sync.page.status import Publisher
from background_sync.queue import WorkQueue
from background_sync.records import history
from background_sync.records.database import Database
from background_sync.records.flagged import flagged_contacts
from background_sync.records.history import Document
from background_sync.records.totals import Totals
from background_sync.records.workspaces import find_workspace
from background_sync.responses import Listing, cursor
from background_sync.settings import HealthSettings
from background_sync.usecases.health import COUNTED, Doctor, KeptReport, Report
from background_sync.usecases.workspaces import Registrar

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
    _registrar: Registrar = field(init=False)
    _publisher: Publisher = field(init=False)

    def __post_init__(self) -> None:
        settings = self.settings
        self._totals = Totals(self.database)
        self._kept = KeptReport(
            Doctor(
                Totals(self.database, COUNTED),
                self.queue,
                self.clock,
                settings.dead_letter_queue_url,
                settings.interval_ms,
                settings.public_totals,
                settings.runbook_url,
            )
        )
        self._registrar = Registrar(self.database, self.clock, settings.interval_ms)
        self._publisher = Publisher(settings.interval_ms, settings.public_totals, settings.runbook_url)

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
