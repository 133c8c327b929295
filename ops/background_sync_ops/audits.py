"""Audits on demand: their messages are sent, and their records followed until all are completed or failed."""

from collections.abc import Iterable
from typing import Any, Self

from background_sync.messages import AUDIT, Message
from background_sync.queue import WorkQueue
from background_sync.records.runs import AUDIT_PREFIX, COMPLETED, FAILED, Run, audit_key, find_all
from background_sync_ops.target import Target

COUNTS = ("contacts_checked", "fixed_missing", "fixed_outdated", "invalid", "lost_race")
Document = dict[str, Any]


class Audits:
    """The audits of some workspaces at `run_at` (ms), as documents.

    `status` and the counts are null before an audit has begun.
    """

    def __init__(self, workspace_ids: Iterable[str], run_at: int) -> None:
        self.run_at = run_at
        self._by_workspace = {each: self._document(each, None) for each in workspace_ids}

    @property
    def documents(self) -> list[Document]:
        return list(self._by_workspace.values())

    @property
    def failed(self) -> list[Document]:
        return [each for each in self.documents if each["status"] == FAILED]

    @property
    def still_open(self) -> list[str]:
        """The workspaces whose audit is neither completed nor failed."""
        return [each["workspace_id"] for each in self.documents if each["status"] not in (COMPLETED, FAILED)]

    @property
    def finished(self) -> bool:
        return not self.still_open

    def send(self, target: Target) -> None:
        """Raises `NotSent`."""
        queue = WorkQueue(target.outputs["WorkQueueUrl"], target.clock, target.client("sqs"))
        queue.send([Message(AUDIT, each, self.run_at) for each in self.still_open])

    def look(self) -> Self:
        """Read the records of the audits that are still open."""
        for run in find_all(map(audit_key, self.still_open), self.run_at):
            workspace_id = run.workspace_id.removeprefix(AUDIT_PREFIX)
            self._by_workspace[workspace_id] = self._document(workspace_id, run)
        return self

    def _document(self, workspace_id: str, run: Run | None) -> Document:
        found = {name: getattr(run, name, None) for name in ("status", *COUNTS, "error")}
        return {"workspace_id": workspace_id, "run_at": self.run_at, **found}
