"""How sync itself is doing, from the records of its sweeps: application/health+json, without a word on
tenants."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from background_sync.clock import Clock
from background_sync.queue import WorkQueue
from background_sync.records.history import Document, sweep_document
from background_sync.records.sweeps import latest_sweeps
from background_sync.rules.health import (
    State,
    dead_letters_state,
    deferred_state,
    failed_share_state,
    sweep_age_state,
    webhooks_state,
)

KEPT_MS = 30_000
LOOK_BACK = 4
"""A sweep may still be under way when the next one begins."""


@dataclass(frozen=True, slots=True)
class Doctor:
    """What the health report is made from."""

    queue: WorkQueue
    clock: Clock
    dead_letter_queue_url: str
    interval_ms: int
    public_totals: bool


@dataclass(frozen=True, slots=True)
class Report:
    """The overall state, and the document that says why."""

    state: State
    document: dict[str, Any]


def examine(doctor: Doctor) -> Report:
    """Look at the last finished sweep and at the dead-letter queue."""
    now = doctor.clock.now()
    sweeps = [sweep_document(sweep) for sweep in latest_sweeps(LOOK_BACK)]
    finished = next((sweep for sweep in sweeps if sweep["finished"]), None)
    checks = {
        "sweep:age": _sweep_age(doctor, finished or _unfinished(sweeps), now),
        "runs:failed": _failed_runs(doctor, finished),
        "verification:deferred": _share(doctor, finished, "deferred", deferred_state),
        "webhooks:off": _share(doctor, finished, "webhook_off", webhooks_state),
        "deadLetters:waiting": _dead_letters(doctor),
    }
    state = max(found for found, _ in checks.values())
    time = datetime.fromtimestamp(now / 1000, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return Report(
        state,
        {
            "status": str(state),
            "serviceId": "background-sync",
            "description": "mirror of WhatsApp contacts, checked every hour",
            "checks": {
                name: [{"status": str(found), "time": time, **values}]
                for name, (found, values) in checks.items()
            },
        },
    )


def _unfinished(sweeps: Sequence[Document]) -> Document | None:
    """Where none has finished, the last that did is older than the oldest of these."""
    return sweeps[-1] if sweeps else None


def _sweep_age(doctor: Doctor, sweep: Document | None, now: int) -> tuple[State, Document]:
    if sweep is None:
        return sweep_age_state(None, doctor.interval_ms), {"output": "no sweep yet"}
    age_ms = max(0, now - int(sweep["run_at"]))
    return sweep_age_state(age_ms, doctor.interval_ms), {
        "observedValue": age_ms // 1000,
        "observedUnit": "s",
    }


def _failed_runs(doctor: Doctor, finished: Document | None) -> tuple[State, Document]:
    if finished is None:
        return State.PASS, {}
    failed, dispatched = int(finished["failed"]), int(finished["dispatched"])
    share = failed / dispatched if dispatched else 0.0
    values: Document = {"observedValue": round(share, 4), "observedUnit": "ratio"}
    if doctor.public_totals:
        values["output"] = f"{failed} of {dispatched} runs failed"
    return failed_share_state(share), values


def _share(
    doctor: Doctor, finished: Document | None, name: str, judge: Callable[[int], State]
) -> tuple[State, Document]:
    """A check on a count of the last finished sweep; in public it is a share of the runs."""
    if finished is None:
        return State.PASS, {}
    count, dispatched = int(finished[name]), int(finished["dispatched"])
    share = round(count / dispatched, 4) if dispatched else 0.0
    values: Document = {"observedValue": share, "observedUnit": "ratio"}
    if doctor.public_totals:
        values["output"] = f"{count} of {dispatched} runs"
    return judge(count), values


def _dead_letters(doctor: Doctor) -> tuple[State, Document]:
    waiting = doctor.queue.depth(doctor.dead_letter_queue_url)
    values: Document = {"observedValue": waiting, "observedUnit": "messages"} if doctor.public_totals else {}
    return dead_letters_state(waiting), values


class KeptReport:
    """The report, kept for `KEPT_MS`: the endpoint is public, and must not become a way to spend our
    reads."""

    def __init__(self, doctor: Doctor) -> None:
        self._doctor = doctor
        self._kept: tuple[int, Report] | None = None

    def get(self) -> Report:
        """The report, at most `KEPT_MS` old."""
        now = self._doctor.clock.now()
        if self._kept is None or not 0 <= now - self._kept[0] < KEPT_MS:
            self._kept = now, examine(self._doctor)
        return self._kept[1]
