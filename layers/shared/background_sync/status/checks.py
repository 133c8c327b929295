"""The health of sync itself, as application/health+json.

The report is public. It says nothing about tenants, and it gives shares and no counts, unless the totals are
public too.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from background_sync.clock import Clock
from background_sync.queue import WorkQueue
from background_sync.records.heard import last_heard
from background_sync.rules.policy import MINUTE_MS
from background_sync.rules.times import is_future
from background_sync.rules.version import VERSION
from background_sync.status.history import Document, SweepHistory
from background_sync.status.runbook import GUIDES, is_on_the_web, runbook_link
from background_sync.status.thresholds import (
    DEPTH_WARN,
    LATE_FAIL,
    State,
    failed_share_state,
    sweep_age_state,
    warn_if,
)

SWEEPS_READ = 48
COUNTS_READ = (
    "completed",
    "failed",
    "skipped",
    "contacts_checked",
    "stale_found",
    "confirmed_quiet",
    "flagged",
    "repaired",
    "created",
    "behind",
    "missing",
    "verified",
    "unreadable",
    "deferred",
    "uncompared",
    "webhook_off",
    "number_moved",
    "webhook_failing",
    "reception_lost",
    "intake_silent",
)
"""The totals that the checks and the status page need. To read all of them would cost half as much again."""
VERIFYING = ("verified", "confirmed_quiet", "deferred")
"""The totals that are above 0 only if a workspace asks for verification."""
KNOWN_BY_KAPSO = (
    "unreadable",
    "webhook_off",
    "number_moved",
    "webhook_failing",
    "reception_lost",
    "intake_silent",
)
CACHE_MS = 30_000
API_VERSION = "1"
NO_SWEEP_YET = "no sweep yet"
NONE_YET = "none yet"
SWEEP_IN_FUTURE = "the newest sweep is in the future"


@dataclass(frozen=True, slots=True)
class Observation:
    """What is judged at `now` (ms): the newest sweeps first, and how many messages are in each queue.

    Sweeps of a time in the future (`has_future`) are not among them. The intake last received something at
    `heard_at`; None if it never did.
    """

    now: int
    sweeps: Sequence[Document]
    waiting: int
    dead: int
    has_future: bool
    heard_at: int | None

    @property
    def last_finished(self) -> Document | None:
        return next((sweep for sweep in self.sweeps if sweep["finished"]), None)


@dataclass(frozen=True, slots=True)
class Check:
    """The result of one check.

    `unit` is `s` (seconds), `ratio` (a share of the runs), `messages`, or `sweeps`: the waiting messages as a
    multiple of one sweep's. A check that has nothing to judge passes and is not `is_known`.
    """

    name: str
    state: State
    value: float | None = None
    unit: str | None = None
    output: str | None = None
    is_known: bool = True


@dataclass(frozen=True, slots=True)
class Report:
    """The checks, what they judged, and the document that the API answers with."""

    observation: Observation
    checks: Sequence[Check]
    document: Document

    @property
    def state(self) -> State:
        """The worst state of the checks."""
        return max(check.state for check in self.checks)


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthChecker:
    """Makes the health report. `sweeps` has to read at least `COUNTS_READ`."""

    sweeps: SweepHistory
    queue: WorkQueue
    clock: Clock
    dead_letter_queue_url: str
    interval_ms: int
    public_totals: bool
    runbook_url: str

    def report(self) -> Report:
        now, newest = self.clock.now(), self.sweeps.newest(SWEEPS_READ)
        sweeps = [each for each in newest if not is_future(int(each["run_at"]), now)]
        waiting, dead = self.queue.depth(), self.queue.depth(self.dead_letter_queue_url)
        seen = Observation(now, sweeps, waiting, dead, len(sweeps) < len(newest), last_heard())
        checks = list(self._checks(seen))
        return Report(seen, checks, self._document(seen.now, checks))

    # ------------------------------------------------------------ the document

    def _document(self, now: int, checks: Sequence[Check]) -> Document:
        time = datetime.fromtimestamp(now / 1000, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        return {
            "status": str(max(check.state for check in checks)),
            "version": API_VERSION,
            "releaseId": VERSION,
            "serviceId": "background-sync",
            "description": f"mirror of WhatsApp contacts, checked every {self.interval_ms // MINUTE_MS} min",
            "links": {"about": "/", "service-desc": "/openapi.json"},
            "checks": {check.name: [self._check_document(check, time)] for check in checks},
        }

    def _check_document(self, check: Check, time: str) -> Document:
        problem = None if check.state is State.PASS else GUIDES[check.name].problem
        link = runbook_link(self.runbook_url, check.name)
        fields = {
            "status": str(check.state),
            "time": time,
            "observedValue": check.value,
            "observedUnit": check.unit,
            "output": check.output or problem,
            "links": {"runbook": link} if is_on_the_web(link) else None,
        }
        return {name: value for name, value in fields.items() if value is not None}

    # ------------------------------------------------------------ the checks

    def _checks(self, seen: Observation) -> Iterator[Check]:
        finished = seen.last_finished
        yield self._sweep_age(seen)
        yield self._share(finished, "runs:failed", "failed", failed_share_state, "runs failed")
        yield self._queue_age(seen)
        yield self._queue_depth(seen)
        yield self._dead_letters(seen)
        yield self._share(finished, "verification:deferred", "deferred", warn_if)
        yield self._share(finished, "verification:uncompared", "uncompared", warn_if)
        yield self._verification_age(seen)
        yield self._unreadable(finished)
        yield self._share(finished, "webhooks:off", "webhook_off", warn_if)
        yield self._share(finished, "numbers:moved", "number_moved", warn_if)
        yield self._share(finished, "webhooks:failing", "webhook_failing", warn_if)
        yield self._share(finished, "reception:lost", "reception_lost", failed_share_state)
        if seen.heard_at is not None:
            yield self._share(finished, "intake:silent", "intake_silent", warn_if)
            # An age alone is no problem: nobody may have written for long.
            yield _age("intake:age", State.PASS, seen.now - seen.heard_at)

    def _share(
        self,
        finished: Document | None,
        check: str,
        count_name: str,
        judge: Callable[[float], State],
        words: str = "runs",
    ) -> Check:
        """A check on the share of the last finished sweep's runs."""
        if finished is None or not (finished[count_name] or _shows(finished, count_name)):
            return _unknown(check)
        count, dispatched = int(finished[count_name]), int(finished["dispatched"])
        share = count / dispatched
        output = f"{count} of {dispatched} {words}" if self.public_totals else None
        return Check(check, judge(share), round(share, 4), "ratio", output)

    def _unreadable(self, finished: Document | None) -> Check:
        """Conversations that the last finished sweep could not read: their people are not confirmed quiet."""
        if finished is None or not _shows(finished, "unreadable"):
            return _unknown("verification:unreadable")
        count = int(finished["unreadable"])
        output = f"{count} conversations" if self.public_totals else None
        return Check("verification:unreadable", warn_if(count), output=output)

    def _sweep_age(self, seen: Observation) -> Check:
        if seen.has_future:
            return Check("sweep:age", State.FAIL, output=SWEEP_IN_FUTURE)
        if not seen.sweeps:
            return Check("sweep:age", State.WARN, output=NO_SWEEP_YET)
        # If none of these has finished, the last finished sweep is older than the oldest of them.
        sweep = seen.last_finished or seen.sweeps[-1]
        age_ms = max(0, seen.now - int(sweep["run_at"]))
        state = sweep_age_state(age_ms, self.interval_ms)
        if seen.last_finished is None and state is State.PASS:
            return _unknown("sweep:age")
        return _age("sweep:age", state, age_ms)

    def _queue_age(self, seen: Observation) -> Check:
        """The time since the oldest sweep with open runs began, because none of its messages is older.

        SQS reports the age of its oldest message only to CloudWatch.
        """
        begun = [int(each["started_at"] or each["run_at"]) for each in seen.sweeps if not each["finished"]]
        age_ms = seen.now - min(begun, default=seen.now)
        return _age("queue:age", warn_if(age_ms > self.interval_ms), age_ms)

    def _queue_depth(self, seen: Observation) -> Check:
        dispatched = next((int(each["dispatched"]) for each in seen.sweeps if each["dispatched"]), 0)
        depth = round(seen.waiting / dispatched, 4) if dispatched else None
        state = warn_if(depth is not None and depth > DEPTH_WARN)
        if self.public_totals:
            return Check("queue:depth", state, seen.waiting, "messages")
        return _unknown("queue:depth") if depth is None else Check("queue:depth", state, depth, "sweeps")

    def _dead_letters(self, seen: Observation) -> Check:
        state = warn_if(seen.dead)
        if self.public_totals:
            return Check("deadLetters:waiting", state, seen.dead, "messages")
        return Check("deadLetters:waiting", state)

    def _verification_age(self, seen: Observation) -> Check:
        """The time since the last sweep in which no run failed or was deferred.

        No watermark of an active workspace is older. Sweeps before the first one that shows any verification
        may have compared nothing, so they do not count.
        """
        finished = [each for each in seen.sweeps if each["finished"]]
        while finished and not any(finished[-1][name] for name in VERIFYING):
            finished.pop()
        if not finished:
            return _unknown("verification:age")
        complete = (each for each in finished if not each["failed"] and not each["deferred"])
        run_at = next((int(each["run_at"]) for each in complete), None)
        if run_at is None:
            none = NONE_YET if len(finished) < SWEEPS_READ else f"none in {SWEEPS_READ} sweeps"
            return Check("verification:age", State.WARN, output=none)
        lag_ms = int(finished[0]["run_at"]) - run_at
        return _age("verification:age", warn_if(lag_ms > LATE_FAIL * self.interval_ms), seen.now - run_at)


def _shows(sweep: Document, count_name: str) -> bool:
    """Runs that failed show nothing else, and deferred runs nothing of what only Kapso knows."""
    if count_name == "failed":
        return bool(sweep["completed"] or sweep["failed"])
    return int(sweep["completed"]) > (sweep["deferred"] if count_name in KNOWN_BY_KAPSO else 0)


def _unknown(check: str) -> Check:
    return Check(check, State.PASS, is_known=False)


def _age(check: str, state: State, age_ms: int) -> Check:
    return Check(check, state, max(0, age_ms) // 1000, "s")


class CachedReports:
    """The reports of a checker, each cached for `CACHE_MS`: requests of the public must not cost reads."""

    def __init__(self, checker: HealthChecker) -> None:
        self._checker = checker
        self._cached: Report | None = None

    def get(self) -> Report:
        """A report that is at most `CACHE_MS` old."""
        now = self._checker.clock.now()
        # The clock may have been set back since.
        if self._cached is None or not 0 <= now - self._cached.observation.now < CACHE_MS:
            self._cached = self._checker.report()
        return self._cached
