"""How the sweeps are doing, as metrics for alarms.

Measured by the clock and not by the sweeps: one that does not start says nothing, and its age tells all the
same. In intervals, shares and counts of the last finished sweep, so that an alarm's threshold holds for every
interval and its state from one sweep to the next.
"""

from collections.abc import Sequence

from background_sync.clock import Clock
from background_sync.records.sweeps import latest_sweeps
from background_sync.status.history import Document, sweep_document
from background_sync.telemetry import emit

LOOK_BACKS = (4, 48)
"""A sweep may still be under way when the next one begins; further back only where none of them has finished,
as when people sweep by hand while nothing works."""
DRIFT = ("repaired", "created", "behind", "missing")
"""What a sweep found that a webhook should have told: mended, or only reported."""


def measure(clock: Clock, interval_ms: int) -> dict[str, float]:
    """Emit, and return, how the sweeps are doing: nothing at all as long as there was no sweep."""
    values = _measured(_sweeps(), clock.now(), interval_ms)
    if values:
        emit(values)
    return values


def _sweeps() -> Sequence[Document]:
    sweeps: Sequence[Document] = ()
    for look_back in LOOK_BACKS:
        sweeps = [sweep_document(sweep) for sweep in latest_sweeps(look_back)]
        if any(sweep["finished"] for sweep in sweeps):
            break
    return sweeps


def _measured(sweeps: Sequence[Document], now: int, interval_ms: int) -> dict[str, float]:
    if not sweeps:
        return {}
    finished = next((sweep for sweep in sweeps if sweep["finished"]), None)
    # Where none has finished, the last that did is older than the oldest of these.
    age_ms = max(0, now - int((finished or sweeps[-1])["run_at"]))
    return {"sweep_age_intervals": round(age_ms / interval_ms, 3), **_outcome(finished)}


def _outcome(finished: Document | None) -> dict[str, float]:
    if finished is None:
        return {}
    return {
        "last_sweep_failed_share": _percent(finished, "failed"),
        "last_sweep_deferred_share": _percent(finished, "deferred"),
        "last_sweep_drift": sum(int(finished[name]) for name in DRIFT),
        "last_sweep_webhooks_off": int(finished["webhook_off"]),
    }


def _percent(sweep: Document, name: str) -> float:
    dispatched = int(sweep["dispatched"])
    return round(100 * int(sweep[name]) / dispatched, 2) if dispatched else 0.0
