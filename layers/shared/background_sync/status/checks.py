"""How sync itself is doing, from the records of its sweeps: application/health+json, without a word on
tenants."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from background_sync.clock import Clock
from background_sync.queue import WorkQueue
from background_sync.rules.policy import MINUTE_MS
from background_sync.status.history import Document, Totals, sweep_documents
from background_sync.status.runbook import runbook_link
from background_sync.status.thresholds import (
    State,
    dead_letters_state,
    deferred_state,
    failed_share_state,
    queue_age_state,
    queue_depth_state,
    sweep_age_state,
    verification_age_state,
    webhooks_state,
)

KEPT_MS = 30_000
OBSERVED = 48
"""Sweeps."""
COUNTED = (
    "completed",
    "failed",
    "skipped",
    "contacts_checked",
    "stale_found",
    "flagged",
    "repaired",
    "created",
    "behind",
    "missing",
    "verified",
    "deferred",
    "webhook_off",
)
"""What is looked at of each: of 48 sweeps, all their counts would cost half as much again."""


@dataclass(frozen=True, slots=True)
class HealthChecker:
    """What the health report is made from."""

    totals: Totals
    queue: WorkQueue
    clock: Clock
    dead_letter_queue_url: str
    interval_ms: int
    public_totals: bool
    runbook_url: str


@dataclass(frozen=True, slots=True)
class Observation:
    """What there is to see at `now` (ms): the newest sweeps first, and the messages of two queues."""

    now: int
    sweeps: Sequence[Document]
    waiting: int
    dead: int

    @property
    def finished(self) -> Document | None:
        """The last finished sweep."""
        return next((sweep for sweep in self.sweeps if sweep["finished"]), None)


@dataclass(frozen=True, slots=True)
class Check:
    """One check: an age in seconds (`s`), a share (`ratio`), or a number of messages or sweeps' worth."""

    name: str
    state: State
    value: float | None = None
    unit: str | None = None
    output: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """The overall state, the document that says why, and what both are from."""

    state: State
    document: dict[str, Any]
    checks: Sequence[Check]
    observation: Observation


def observe(doctor: HealthChecker) -> Observation:
    """Look at the sweeps and at the queues."""
    return Observation(
        doctor.clock.now(),
        sweep_documents(doctor.totals, OBSERVED),
        doctor.queue.depth(),
        doctor.queue.depth(doctor.dead_letter_queue_url),
    )


def examine(doctor: HealthChecker) -> Report:
    """Judge what there is to see."""
    seen = observe(doctor)
    checks = list(_checks(doctor, seen))
    state = max(check.state for check in checks)
    time = datetime.fromtimestamp(seen.now / 1000, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    document = {
        "status": str(state),
        "serviceId": "background-sync",
        "description": f"mirror of WhatsApp contacts, checked every {doctor.interval_ms // MINUTE_MS} min",
        "links": {"about": "/", "service-desc": "/openapi.json"},
        "checks": {check.name: [_check_document(check, time, doctor.runbook_url)] for check in checks},
    }
    return Report(state, document, checks, seen)


def _check_document(check: Check, time: str, runbook_url: str) -> Document:
    observed = {"observedValue": check.value, "observedUnit": check.unit, "output": check.output}
    return {
        "status": str(check.state),
        "time": time,
        **{name: value for name, value in observed.items() if value is not None},
        "links": {"runbook": runbook_link(runbook_url, check.name)},
    }


def _checks(doctor: HealthChecker, seen: Observation) -> Iterator[Check]:
    yield _sweep_age(doctor, seen)
    yield _failed_runs(doctor, seen.finished)
    yield _queue_age(doctor, seen)
    yield _queue_depth(doctor, seen)
    yield _dead_letters(doctor, seen)
    yield _share(doctor, seen.finished, "verification:deferred", "deferred", deferred_state)
    yield _verification_age(doctor, seen)
    yield _share(doctor, seen.finished, "webhooks:off", "webhook_off", webhooks_state)


def _age(check: str, state: State, age_ms: int) -> Check:
    return Check(check, state, max(0, age_ms) // 1000, "s")


def _sweep_age(doctor: HealthChecker, seen: Observation) -> Check:
    """Where none has finished, the last that did is older than the oldest of these."""
    sweep = seen.finished or (seen.sweeps[-1] if seen.sweeps else None)
    if sweep is None:
        state = sweep_age_state(None, doctor.interval_ms)
        return Check("sweep:age", state, output="no sweep yet")
    age_ms = max(0, seen.now - int(sweep["run_at"]))
    return _age("sweep:age", sweep_age_state(age_ms, doctor.interval_ms), age_ms)


def _failed_runs(doctor: HealthChecker, finished: Document | None) -> Check:
    if finished is None:
        return Check("runs:failed", State.PASS)
    failed, dispatched = int(finished["failed"]), int(finished["dispatched"])
    share = failed / dispatched if dispatched else 0.0
    output = f"{failed} of {dispatched} runs failed" if doctor.public_totals else None
    return Check("runs:failed", failed_share_state(share), round(share, 4), "ratio", output)


def _queue_age(doctor: HealthChecker, seen: Observation) -> Check:
    """Since the oldest sweep with open runs began: SQS itself tells its oldest message's age to CloudWatch
    alone, and no message of that sweep is older."""
    begun = [int(each["started_at"] or each["run_at"]) for each in seen.sweeps if not each["finished"]]
    age_ms = seen.now - min(begun, default=seen.now)
    return _age("queue:age", queue_age_state(age_ms, doctor.interval_ms), age_ms)


def _queue_depth(doctor: HealthChecker, seen: Observation) -> Check:
    """In the messages of one sweep, unless totals are public."""
    dispatched = next((int(each["dispatched"]) for each in seen.sweeps if each["dispatched"]), 0)
    depth = round(seen.waiting / dispatched, 4) if dispatched else None
    state = queue_depth_state(depth)
    if doctor.public_totals:
        return Check("queue:depth", state, seen.waiting, "messages")
    return Check("queue:depth", state, depth, None if depth is None else "sweeps")


def _dead_letters(doctor: HealthChecker, seen: Observation) -> Check:
    state = dead_letters_state(seen.dead)
    if doctor.public_totals:
        return Check("deadLetters:waiting", state, seen.dead, "messages")
    return Check("deadLetters:waiting", state)


def _verification_age(doctor: HealthChecker, seen: Observation) -> Check:
    """Since the last sweep in which no run failed or was deferred: no watermark is older, of those that
    workspaces keep. Where there was none, at least since the oldest that is seen; where nobody was ever
    compared, there is nothing to say."""
    finished = [each for each in seen.sweeps if each["finished"]]
    if not any(each["verified"] or each["deferred"] for each in finished):
        return Check("verification:age", State.PASS)
    complete = (each for each in finished if not each["failed"] and not each["deferred"])
    run_at = int(next(complete, finished[-1])["run_at"])
    state = verification_age_state(int(finished[0]["run_at"]) - run_at, doctor.interval_ms)
    return _age("verification:age", state, seen.now - run_at)


def _share(
    doctor: HealthChecker, finished: Document | None, check: str, name: str, judge: Callable[[int], State]
) -> Check:
    """A check on a count of the last finished sweep; in public it is a share of the runs."""
    if finished is None:
        return Check(check, State.PASS)
    count, dispatched = int(finished[name]), int(finished["dispatched"])
    share = round(count / dispatched, 4) if dispatched else 0.0
    output = f"{count} of {dispatched} runs" if doctor.public_totals else None
    return Check(check, judge(count), share, "ratio", output)


class KeptReport:
    """The report, kept for `KEPT_MS`: page and endpoint are public, and must not become a way to spend our
    reads."""

    def __init__(self, doctor: HealthChecker) -> None:
        self._doctor = doctor
        self._kept: tuple[int, Report] | None = None

    def get(self) -> Report:
        """The report, at most `KEPT_MS` old."""
        now = self._doctor.clock.now()
        if self._kept is None or not 0 <= now - self._kept[0] < KEPT_MS:
            self._kept = now, examine(self._doctor)
        return self._kept[1]
