"""Runs or audits of some workspaces on demand: their messages are sent, and their records followed."""

from collections.abc import Iterable, Sequence
from typing import Any, Self

from background_sync.messages import Message
from background_sync.queue import WorkQueue
from background_sync.records.runs import COMPLETED, FAILED, Run, find_all
from background_sync.sync.task import PARTITIONS
from background_sync_ops.target import Target

Document = dict[str, Any]


class Jobs:
    """The jobs of one kind at `run_at` (ms), as documents with the attributes `names` of their records.

    All of them are null before a job has begun.
    """

    def __init__(self, kind: str, workspace_ids: Iterable[str], run_at: int, names: Sequence[str]) -> None:
        self.run_at = run_at
        self._kind = kind
        self._names = ("status", "error", *names)
        self._by_workspace = {each: self._document(each, None) for each in workspace_ids}

    @property
    def documents(self) -> list[Document]:
        return list(self._by_workspace.values())

    @property
    def failed(self) -> list[Document]:
        return [each for each in self.documents if each["status"] == FAILED]

    @property
    def still_open(self) -> list[str]:
        """The workspaces whose job is neither completed nor failed."""
        return [each["workspace_id"] for each in self.documents if each["status"] not in (COMPLETED, FAILED)]

    @property
    def finished(self) -> bool:
        return not self.still_open

    def send(self, target: Target) -> None:
        """Raises `NotSent`."""
        queue = WorkQueue(target.outputs["WorkQueueUrl"], target.clock, target.client("sqs"))
        queue.send([Message(self._kind, each, self.run_at) for each in self.still_open])

    def look(self) -> Self:
        """Read the records of the jobs that are still open."""
        partitions = {PARTITIONS[self._kind](each): each for each in self.still_open}
        for run in find_all(partitions, self.run_at):
            workspace_id = partitions[run.workspace_id]
            self._by_workspace[workspace_id] = self._document(workspace_id, run)
        return self

    def _document(self, workspace_id: str, run: Run | None) -> Document:
        found = {name: getattr(run, name, None) for name in self._names}
        return {**found, "workspace_id": workspace_id, "run_at": self.run_at}
