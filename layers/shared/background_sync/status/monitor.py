"""How the sweeps are doing, as metrics for the alarms.

They are measured by the clock, because a sweep that does not start reports nothing. Values are in intervals,
in percent, and as counts of the last finished sweep: so one threshold fits every interval, and an alarm keeps
its state from one sweep to the next.
"""

from collections.abc import Sequence

from background_sync.clock import Clock
from background_sync.records.database import Database
from background_sync.rules.counts import DRIFT
from background_sync.rules.times import latest_own
from background_sync.status.history import Document, SweepHistory
from background_sync.telemetry import emit

LOOK_BACKS = (4, 48)
"""How many sweeps are read. The second, larger number only if none of the first has finished: somebody may
start sweeps by hand while nothing works."""


def measure(database: Database, clock: Clock, interval_ms: int) -> dict[str, float]:
    """Emit the metrics and return them. Before the first sweep there are none."""
    values = _measured(_sweeps(database, clock.now()), clock.now(), interval_ms)
    if values:
        emit(values)
    return values


def _sweeps(database: Database, now: int) -> Sequence[Document]:
    """The newest sweeps. One of a time in the future would keep the age at 0, so it is left out."""
    sweeps: Sequence[Document] = ()
    for look_back in LOOK_BACKS:
        sweeps = SweepHistory(database).newest(look_back, latest_own(now))
        if any(sweep["finished"] for sweep in sweeps):
            break
    return sweeps


def _measured(sweeps: Sequence[Document], now: int, interval_ms: int) -> dict[str, float]:
    if not sweeps:
        return {}
    finished = next((sweep for sweep in sweeps if sweep["finished"]), None)
    # If none of these has finished, the last finished sweep is older than the oldest of them.
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
        "last_sweep_reception_lost": int(finished["reception_lost"]),
    }


def _percent(sweep: Document, name: str) -> float:
    dispatched = int(sweep["dispatched"])
    return round(100 * int(sweep[name]) / dispatched, 2) if dispatched else 0.0
