"""`background-sync audit`: reads contacts in full and mends what the activity index does not show."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Any

from rich.table import Table

from background_sync.clock import Clock
from background_sync.messages import AUDIT, Message
from background_sync.queue import WorkQueue
from background_sync.records.runs import AUDIT_PREFIX, COMPLETED, FAILED, Run, audit_key, find_all
from background_sync.records.workspaces import all_workspaces
from background_sync.rules.workspace import skip_reason
from background_sync_ops.cli.counts import count
from background_sync_ops.cli.errors import NOT_WELL, WELL
from background_sync_ops.cli.output import clean, console, grid, print_json, progress, state
from background_sync_ops.cli.times import SECOND_MS
from background_sync_ops.cli.where import Where, workspace_of
from background_sync_ops.target import Target

POLL_S = 0.5
CLOSED = (COMPLETED, FAILED)
COUNTS = ("contacts_checked", "fixed_missing", "fixed_outdated", "invalid", "lost_race")
HEADERS = ("Checked", "Missing", "Outdated", "Invalid", "Lost race")
Document = dict[str, Any]


class Audits:
    """The audits of some workspaces at `run_at` (ms), as documents; `status` is null before one is begun."""

    def __init__(self, workspace_ids: Iterable[str], run_at: int) -> None:
        self.run_at = run_at
        self._documents = {name: _document(name, run_at, None) for name in workspace_ids}

    @property
    def documents(self) -> list[Document]:
        """One for each workspace."""
        return list(self._documents.values())

    @property
    def still_open(self) -> list[str]:
        """The workspaces whose audit is neither completed nor failed."""
        return [name for name, each in self._documents.items() if each["status"] not in CLOSED]

    def follow(self, clock: Clock, timeout: timedelta) -> Iterator[int]:
        """Look until all are closed or the time is over; yields how many are."""
        end = clock.now() + timeout.total_seconds() * SECOND_MS
        while True:
            for run in find_all(map(audit_key, self.still_open), self.run_at):
                name = run.workspace_id.removeprefix(AUDIT_PREFIX)
                self._documents[name] = _document(name, self.run_at, run)
            yield len(self._documents) - len(self.still_open)
            if not self.still_open or clock.now() >= end:
                return
            clock.sleep(POLL_S)


def _document(workspace_id: str, run_at: int, run: Run | None) -> Document:
    found = {name: getattr(run, name, None) for name in ("status", *COUNTS, "error")}
    return {"workspace_id": workspace_id, "run_at": run_at, **found}


def audit(where: Where, workspace_id: str | None, timeout: timedelta, *, as_json: bool) -> int:
    """The exit status: whether every audit was completed."""
    target = where.target()
    audits = Audits(_chosen(target, workspace_id), target.clock.now())
    _send(target, audits)
    _follow(target, audits, timeout)
    if as_json:
        print_json({"audits": audits.documents})
    else:
        console().print(_table(audits.documents), "")
        console().print(_sentence(audits.documents))
    return _status(audits)


def _chosen(target: Target, workspace_id: str | None) -> list[str]:
    """The workspace that is named, else all active ones, as a sweep takes them."""
    database = target.connect()
    if workspace_id is None:
        return [str(each["workspace_id"]) for each in all_workspaces(database) if skip_reason(each) is None]
    return [str(workspace_of(target, database, workspace_id)["workspace_id"])]


def _send(target: Target, audits: Audits) -> None:
    queue = WorkQueue(target.outputs["WorkQueueUrl"], target.clock, target.client("sqs"))
    queue.send([Message(AUDIT, name, audits.run_at) for name in audits.still_open])


def _follow(target: Target, audits: Audits, timeout: timedelta) -> None:
    with progress() as bar:
        task = bar.add_task("auditing workspaces", total=len(audits.documents))
        for closed in audits.follow(target.clock, timeout):
            bar.update(task, completed=closed)


def _table(documents: Sequence[Document]) -> Table:
    table = grid(("Workspace", "Status", *HEADERS), right=HEADERS, fold=("Workspace",))
    for each in documents:
        status = state(each["status"] or "waiting")
        table.add_row(clean(each["workspace_id"]), status, *(count(each[name]) for name in COUNTS))
    return table


def _sentence(documents: Sequence[Document]) -> str:
    checked, missing, outdated = (sum(each[name] or 0 for each in documents) for name in COUNTS[:3])
    return (
        f"{checked} contacts checked; mended {missing} missing from the index and {outdated} outdated in it."
    )


def _status(audits: Audits) -> int:
    err, still_open = console(stderr=True), len(audits.still_open)
    failed = [each for each in audits.documents if each["status"] == FAILED]
    for each in failed:
        err.print(clean(f"failed: {each['workspace_id']}: {each['error']}"), soft_wrap=True)
    if still_open:
        total = len(audits.documents)
        err.print(f"error: {still_open} of {total} audits did not finish in time", soft_wrap=True)
    return NOT_WELL if failed or still_open else WELL
