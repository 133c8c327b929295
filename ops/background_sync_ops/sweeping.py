"""A sweep on demand: the dispatcher is invoked, and the sweep followed until no run is open."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from botocore.config import Config

from background_sync.clock import Clock
from background_sync.records.database import Database
from background_sync.records.runs import COMPLETED, FAILED, find_all
from background_sync.records.sweeps import DISPATCHED, find_sweep
from background_sync.status.history import Document, SweepHistory, sweep_runs
from background_sync_ops.errors import CommandError
from background_sync_ops.following import POLL_S
from background_sync_ops.target import Target

INDEX_TRIES = 10
"""How often the index of all runs is read until it shows each of them: on AWS it lags behind the table."""
DISPATCHER_CONFIG = Config(
    read_timeout=910,  # the dispatcher may take up to 15 minutes
    tcp_keepalive=True,
    retries={"total_max_attempts": 1},  # a second call would send the failed runs a second time
)


class DispatchError(CommandError):
    """The dispatcher failed."""


@dataclass(frozen=True)
class SweepSnapshot:
    """A sweep at one moment; `document` is None before it has a record.

    `awaited` are the workspaces whose runs had failed before, and are now retried.
    """

    document: Document | None
    awaited: Sequence[str] = ()

    @property
    def expected(self) -> int | None:
        """How many runs it has; None until the dispatcher has sent them all."""
        if self.document is None or self.document["status"] != DISPATCHED:
            return None
        return int(self.document["dispatched"])

    @property
    def closed(self) -> int:
        """How many runs are completed or failed."""
        if self.document is None:
            return 0
        return int(self.document["completed"] + self.document["failed"] - len(self.awaited))

    @property
    def finished(self) -> bool:
        return self.expected is not None and self.closed >= self.expected


@dataclass(frozen=True)
class SweepOutcome:
    """The result of a sweep; `runs` are those that have a record, if they were read."""

    sweep: Document
    runs: list[Document]
    finished: bool

    @property
    def failed(self) -> list[Document]:
        return [run for run in self.runs if run["status"] == FAILED]

    @property
    def under_way(self) -> list[str]:
        """The workspaces whose run has begun and is neither completed nor failed."""
        return [run["workspace_id"] for run in self.runs if run["status"] not in (COMPLETED, FAILED)]

    @property
    def still_open(self) -> int:
        """How many runs are neither completed nor failed, begun or not."""
        return int(self.sweep["dispatched"] - self.sweep["completed"] - self.sweep["failed"])

    @property
    def all_sent(self) -> bool:
        """Whether the dispatcher has sent all messages."""
        return bool(self.sweep["status"] == DISPATCHED)

    @property
    def succeeded(self) -> bool:
        """Whether it finished and no run failed."""
        return self.finished and self.sweep["failed"] == 0

    def document(self) -> Document:
        return {"sweep": self.sweep, "runs": self.runs}


def dispatch(target: Target, event: Mapping[str, Any]) -> None:
    """Invoke the dispatcher and wait for it; raises `DispatchError`."""
    answer = target.client("lambda", DISPATCHER_CONFIG).invoke(
        FunctionName=target.outputs["DispatcherFunctionName"], Payload=json.dumps(event).encode()
    )
    payload = answer["Payload"].read()
    if "FunctionError" in answer:
        raise DispatchError(f"the dispatcher failed: {_reason(payload)}")


def _reason(payload: bytes) -> str:
    try:
        error = json.loads(payload)
        return f"{error['errorType']}: {error['errorMessage']}"
    except (ValueError, KeyError, TypeError):
        return payload.decode(errors="replace")[:500] or "no answer"


@dataclass(frozen=True)
class SweepMonitor:
    """Looks at one sweep.

    `failed_before` are the runs that had failed when the sweep was requested again: their attempts by
    workspace. Their records say failed until they are retried.
    """

    database: Database
    run_at: int
    failed_before: Mapping[str, int]

    @classmethod
    def before_dispatch(cls, database: Database, run_at: int) -> "SweepMonitor":
        """Made before the dispatcher is invoked, so that it knows which runs are about to be retried."""
        sweep = find_sweep(run_at)
        if sweep is None or SweepHistory(database).one(sweep)["failed"] == 0:
            return cls(database, run_at, {})
        failed = (run for run in sweep_runs(run_at) if run["status"] == FAILED)
        return cls(database, run_at, {run["workspace_id"]: run["attempts"] for run in failed})

    def look(self) -> SweepSnapshot:
        # The counters are read last: a run that closes in between is then counted as closed.
        awaited, sweep = self._awaited(), find_sweep(self.run_at)
        return SweepSnapshot(None if sweep is None else SweepHistory(self.database).one(sweep), awaited)

    def _awaited(self) -> list[str]:
        return [
            run.workspace_id
            for run in find_all(self.failed_before, self.run_at)
            if run.status == FAILED
            and (run.attempts <= self.failed_before[run.workspace_id] or run.lease_until is not None)
        ]


def sweep_outcome(run_at: int, last: SweepSnapshot, clock: Clock, *, every_run: bool) -> SweepOutcome:
    """The result of a sweep, from its last snapshot and the records of its runs; raises `DispatchError`.

    A sweep may have a million runs, so those of a sweep that succeeded are read only with `every_run`.
    """
    if last.document is None:
        raise DispatchError("the dispatcher left no record of the sweep")
    outcome = SweepOutcome(last.document, [], last.finished)
    if outcome.succeeded and not every_run:
        return outcome
    closed = last.document["completed"] + last.document["failed"]
    return replace(outcome, runs=_runs(run_at, closed, clock))


def _runs(run_at: int, closed: int, clock: Clock) -> list[Document]:
    for _ in range(INDEX_TRIES - 1):
        runs = sweep_runs(run_at)
        if len(runs) >= closed:
            return runs
        clock.sleep(POLL_S)
    return sweep_runs(run_at)
