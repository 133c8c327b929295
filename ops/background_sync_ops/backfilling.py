"""A backfill on demand: its message is sent, and its record followed until nothing works on it any more."""

from dataclasses import dataclass
from typing import Any

from background_sync.messages import BACKFILL, Message, Window
from background_sync.queue import WorkQueue
from background_sync.records.runs import COMPLETED, FAILED, MAX_ATTEMPTS, Run, backfill_key, find
from background_sync.rules.counts import TOTALLED, Verified
from background_sync_ops.target import Target

COUNTS = tuple(name for name in TOTALLED if name in Verified().counts())
Document = dict[str, Any]


@dataclass(frozen=True)
class BackfillSnapshot:
    """A backfill at one moment; `run` is None before it has begun."""

    run: Run | None

    @property
    def finished(self) -> bool:
        """Whether it is completed, or failed on its last attempt."""
        if self.run is None:
            return False
        spent = self.run.tries >= MAX_ATTEMPTS and self.run.lease_until is None
        return self.run.status == COMPLETED or (self.run.status == FAILED and spent)

    @property
    def compared(self) -> int:
        """How many people it has compared so far."""
        if self.run is None:
            return 0
        if self.run.scan is None:
            return int(self.run.verified or 0)
        return Verified(**self.run.scan["verified"]).verified

    @property
    def paused(self) -> bool:
        """Whether it waits for the next minute's requests."""
        return bool(self.run and self.run.deferred_why and not self.run.lease_until)

    @property
    def error(self) -> str | None:
        """Why the last attempt failed."""
        return None if self.run is None or self.run.status == COMPLETED else self.run.error


@dataclass(frozen=True)
class Backfill:
    """The backfill of one workspace at `run_at` (ms)."""

    workspace_id: str
    run_at: int
    window: Window

    def send(self, target: Target) -> None:
        """Raises `NotSent`."""
        queue = WorkQueue(target.outputs["WorkQueueUrl"], target.clock, target.client("sqs"))
        queue.send([Message(BACKFILL, self.workspace_id, self.run_at, self.window)])

    def look(self) -> BackfillSnapshot:
        return BackfillSnapshot(find(backfill_key(self.workspace_id), self.run_at))

    def document(self, last: BackfillSnapshot) -> Document:
        """Its window and result; counts are null until it is completed."""
        names = ("status", "attempts", "started_at", "finished_at", *COUNTS, "skipped")
        return {
            "workspace_id": self.workspace_id,
            "run_at": self.run_at,
            "since": self.window.since,
            "until": self.window.until,
            "dry_run": self.window.dry_run,
            **{name: getattr(last.run, name, None) for name in names},
            "error": last.error,
        }
