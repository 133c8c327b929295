"""A backfill on command: its message is sent, and its record followed until it is closed."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from background_sync.clock import Clock
from background_sync.messages import BACKFILL, Message, Window
from background_sync.queue import WorkQueue
from background_sync.records.runs import COMPLETED, FAILED, MAX_ATTEMPTS, Run, backfill_key, find
from background_sync.rules.counts import TOTALLED, Verified
from background_sync_ops.target import Target

POLL_S = 0.5
COUNTS = tuple(name for name in TOTALLED if name in Verified().counts())
Document = dict[str, Any]


@dataclass(frozen=True)
class Sighting:
    """A backfill as it was at one moment; `run` is None before it is begun."""

    run: Run | None

    @property
    def closed(self) -> bool:
        """Whether nobody is going to work on it any more."""
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
    """One workspace's backfill, named by `run_at` (ms)."""

    workspace_id: str
    run_at: int
    window: Window

    def send(self, target: Target) -> None:
        """Ask for it; raises `NotSent`."""
        queue = WorkQueue(target.outputs["WorkQueueUrl"], target.clock, target.client("sqs"))
        queue.send([Message(BACKFILL, self.workspace_id, self.run_at, self.window)])

    def look(self) -> Sighting:
        """As it is now."""
        return Sighting(find(backfill_key(self.workspace_id), self.run_at))

    def follow(self, clock: Clock, timeout_s: float) -> Iterator[Sighting]:
        """Look until it is closed or the time is over; every sighting, the last one too."""
        end = clock.now() + timeout_s * 1000
        while True:
            sighting = self.look()
            yield sighting
            if sighting.closed or clock.now() >= end:
                return
            clock.sleep(POLL_S)

    def document(self, last: Sighting) -> Document:
        """What it came to; counts are null until it is completed."""
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
