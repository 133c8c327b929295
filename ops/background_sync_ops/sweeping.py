"""A sweep on demand: the dispatcher is invoked, and the sweep followed until its runs are closed."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from botocore.config import Config

from background_sync.clock import Clock
from background_sync.records.runs import COMPLETED, FAILED, find_all
from background_sync.records.sweeps import DISPATCHED, find_sweep
from background_sync.status.history import Document, sweep_document, sweep_runs
from background_sync_ops.target import Target

POLL_S = 0.5
INDEX_TRIES = 10
"""How often the index over all runs is read until it shows each: on AWS it comes a moment after the table."""
DISPATCHER_CONFIG = Config(
    read_timeout=910,  # the dispatcher may take its whole 15 minutes
    tcp_keepalive=True,
    retries={"total_max_attempts": 1},  # asked twice it would send twice what had failed
)


class DispatchError(Exception):
    """The dispatcher failed; the message says how."""


@dataclass(frozen=True)
class Sighting:
    """A sweep as it was at one moment; `document` is None before there is a record of it.

    `awaited` are workspaces whose runs had failed before, and were asked for again.
    """

    document: Document | None
    awaited: Sequence[str] = ()

    @property
    def expected(self) -> int | None:
        """How many runs it has; None until the dispatcher knows."""
        if self.document is None or self.document["status"] != DISPATCHED:
            return None
        return int(self.document["dispatched"])

    @property
    def closed(self) -> int:
        """How many of them are completed or failed."""
        if self.document is None:
            return 0
        return int(self.document["completed"] + self.document["failed"] - len(self.awaited))

    @property
    def finished(self) -> bool:
        """Whether no run is open any more."""
        return self.expected is not None and self.closed >= self.expected


@dataclass(frozen=True)
class Outcome:
    """What a sweep came to; `runs` are those with a record, whatever their state, where they were read."""

    sweep: Document
    runs: list[Document]
    finished: bool

    @property
    def failed(self) -> list[Document]:
        """The runs that failed."""
        return [run for run in self.runs if run["status"] == FAILED]

    @property
    def unfinished(self) -> list[str]:
        """The workspaces whose run is under way."""
        return [run["workspace_id"] for run in self.runs if run["status"] not in (COMPLETED, FAILED)]

    @property
    def still_open(self) -> int:
        """How many runs are neither completed nor failed, begun or not."""
        return int(self.sweep["dispatched"] - self.sweep["completed"] - self.sweep["failed"])

    @property
    def well(self) -> bool:
        """Whether it finished, and no run failed."""
        return self.finished and self.sweep["failed"] == 0

    def document(self) -> Document:
        """{"sweep": ..., "runs": [...]}, with the numbers of the records."""
        return {"sweep": self.sweep, "runs": self.runs}


def dispatch(target: Target, event: Mapping[str, Any]) -> None:
    """Invoke the dispatcher, and wait for it; raises `DispatchError`."""
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
class Watch:
    """Looks at one sweep.

    `failed_before` are the attempts, by workspace, of its runs that had failed when the sweep was asked for
    once more: they stand as failed until they are tried again.
    """

    run_at: int
    failed_before: Mapping[str, int]

    def look(self) -> Sighting:
        """The sweep as it is now; its counters are read last, so that they know of what was seen closed."""
        awaited, sweep = self._awaited(), find_sweep(self.run_at)
        return Sighting(None if sweep is None else sweep_document(sweep), awaited)

    def _awaited(self) -> list[str]:
        return [
            run.workspace_id
            for run in find_all(self.failed_before, self.run_at)
            if run.status == FAILED
            and (run.attempts <= self.failed_before[run.workspace_id] or run.lease_until is not None)
        ]


def watch(run_at: int) -> Watch:
    """A watch over the sweep at `run_at`, begun before the dispatcher is invoked."""
    sweep = find_sweep(run_at)
    if sweep is None or sweep_document(sweep)["failed"] == 0:
        return Watch(run_at, {})
    failed = (run for run in sweep_runs(run_at) if run["status"] == FAILED)
    return Watch(run_at, {run["workspace_id"]: run["attempts"] for run in failed})


def follow(look: Callable[[], Sighting], clock: Clock, timeout_s: float) -> Iterator[Sighting]:
    """Look until the sweep is finished or `timeout_s` is over; every sighting, the last one too."""
    end = clock.now() + timeout_s * 1000
    while True:
        sighting = look()
        yield sighting
        if sighting.finished or clock.now() >= end:
            return
        clock.sleep(POLL_S)


def outcome(run_at: int, last: Sighting, clock: Clock, *, every_run: bool) -> Outcome:
    """What the sweep came to, by its last sighting and the records of its runs; raises `DispatchError`.

    A sweep that is well may have a million runs, and is told without them unless `every_run` is asked for.
    """
    if last.document is None:
        raise DispatchError("the dispatcher left no record of the sweep")
    found = Outcome(last.document, [], last.finished)
    if found.well and not every_run:
        return found
    closed = last.document["completed"] + last.document["failed"]
    return replace(found, runs=_runs(run_at, closed, clock))


def _runs(run_at: int, closed: int, clock: Clock) -> list[Document]:
    for _ in range(INDEX_TRIES - 1):
        runs = sweep_runs(run_at)
        if len(runs) >= closed:
            return runs
        clock.sleep(POLL_S)
    return sweep_runs(run_at)
