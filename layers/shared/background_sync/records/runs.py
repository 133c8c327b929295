"""Runs and audits: one record each, however often its message is delivered.

    absent --claim--> running --complete--> completed
                         |  ^                    ^
                        fail|(lease over: claim) |
                         v  |                    |
                       failed ----complete-------+     (a failed run stays `failed` while it is tried again)

Who holds the lease may write; every write names the lease's owner in its condition, so one that was overtaken
changes nothing. Closing a run moves its sweep's counters in the same transaction.
"""

from collections.abc import Iterable
from uuid import uuid4

from pynamodb.attributes import JSONAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection

from background_sync.records.database import Record
from background_sync.rules.identity import RESERVED_PREFIX
from background_sync.rules.policy import DAY_MS
from background_sync.rules.values import shard_of

RUNNING = "running"
COMPLETED = "completed"
FAILED = "failed"
AUDIT_PREFIX = "#audit#"
BACKFILL_PREFIX = "#backfill#"
TIME_SHARDS = 16
RETENTION_MS = 90 * DAY_MS
MAX_ATTEMPTS = 3


class Outcomes:
    """Mixed into the records that keep outcome counts; null where nothing was counted yet."""

    contacts_checked = NumberAttribute(null=True)
    stale_found = NumberAttribute(null=True)
    flagged = NumberAttribute(null=True)
    fresh = NumberAttribute(null=True)
    closed_leads = NumberAttribute(null=True)
    invalid = NumberAttribute(null=True)
    in_cooldown = NumberAttribute(null=True)
    over_cap = NumberAttribute(null=True)
    lost_race = NumberAttribute(null=True)
    unwritable = NumberAttribute(null=True)
    confirmed_quiet = NumberAttribute(null=True)
    unverified = NumberAttribute(null=True)
    invalid_setting = NumberAttribute(null=True)
    superseded = NumberAttribute(null=True)
    skipped = NumberAttribute(null=True)
    verified = NumberAttribute(null=True)
    in_step = NumberAttribute(null=True)
    behind = NumberAttribute(null=True)
    missing = NumberAttribute(null=True)
    repaired = NumberAttribute(null=True)
    created = NumberAttribute(null=True)
    ahead = NumberAttribute(null=True)
    unknown = NumberAttribute(null=True)
    reported = NumberAttribute(null=True)
    renamed = NumberAttribute(null=True)
    unreadable = NumberAttribute(null=True)
    deferred = NumberAttribute(null=True)
    webhook_off = NumberAttribute(null=True)
    failed_deliveries = NumberAttribute(null=True)


class ByTime(GlobalSecondaryIndex["Run"]):  # type: ignore[no-untyped-call]
    """Runs over all workspaces by time, spread over `TIME_SHARDS` partitions.

    Keys only: it is written once a run, when the run is first claimed, and never when the run changes.
    """

    class Meta:
        index_name = "by_time"
        projection = KeysOnlyProjection()

    time_shard = UnicodeAttribute(hash_key=True)
    run_at = NumberAttribute(range_key=True)


class Run(Outcomes, Record):
    """A run (`workspace_id`, `run_at`), or an audit (`#audit#` + workspace id, `run_at`).

    Times in ms since the epoch, `expires_at` in seconds (DynamoDB's TTL). `scan` and `place` are where a scan
    of Kapso and a survey that did not fit one invocation go on, `verification` is what the scan came to,
    `selection` whom the run flags, and `progress` how far that has come; all are gone once it is completed.
    `attempts` counts claims, `tries` those since it last came further.
    """

    class Meta:
        table_name = ""

    table = "sync_health"

    workspace_id = UnicodeAttribute(hash_key=True)
    run_at = NumberAttribute(range_key=True)
    by_time = ByTime()
    time_shard = UnicodeAttribute(null=True)
    status = UnicodeAttribute(null=True)
    attempts = NumberAttribute(default=0)
    tries = NumberAttribute(default=0)
    lease_owner = UnicodeAttribute(null=True)
    lease_until = NumberAttribute(null=True)
    place = JSONAttribute(null=True)
    selection = JSONAttribute(null=True)
    progress = JSONAttribute(null=True)
    scan = JSONAttribute(null=True)
    verification = JSONAttribute(null=True)
    deferred_why = UnicodeAttribute(null=True)
    webhook = UnicodeAttribute(null=True)
    started_at = NumberAttribute(null=True)
    finished_at = NumberAttribute(null=True)
    duration_ms = NumberAttribute(null=True)
    read_units = NumberAttribute(null=True)
    write_units = NumberAttribute(null=True)
    error = UnicodeAttribute(null=True)
    skip_reason = UnicodeAttribute(null=True)
    expires_at = NumberAttribute(null=True)
    fixed_missing = NumberAttribute(null=True)
    fixed_outdated = NumberAttribute(null=True)


class OwnedElsewhere(Exception):
    """Somebody else holds the lease, until `lease_until` (ms): normal, and nobody's failure."""

    def __init__(self, lease_until: int) -> None:
        super().__init__(f"leased until {lease_until}")
        self.lease_until = lease_until


class AttemptsSpent(Exception):
    """The run was tried as often as one message may try it; `run` is as it now is."""

    def __init__(self, run: "Run") -> None:
        super().__init__(f"tried {run.attempts} times: {run.error}")
        self.run = run


class LeaseLost(Exception):
    """The lease ran out and somebody else took the run over."""


def audit_key(workspace_id: str) -> str:
    """The partition of a workspace's audits."""
    return AUDIT_PREFIX + workspace_id


def backfill_key(workspace_id: str) -> str:
    """The partition of a workspace's backfills."""
    return BACKFILL_PREFIX + workspace_id


def expiry(run_at: int) -> int:
    """When a record of the sweep at `run_at` expires, in seconds."""
    return (run_at + RETENTION_MS) // 1000


def claim(partition: str, run_at: int, now: int, lease_ms: int, *, first_delivery: bool) -> Run:
    """Take the lease of a run (or audit) for `lease_ms`; the claim counts as an attempt.

    A message's first delivery may always try: it was sent because somebody asked for the run again. The run
    comes back as it now is; its `status` is `completed` when there is nothing left to do.

    Raises:
        OwnedElsewhere: another delivery is at it.
        AttemptsSpent: it failed `MAX_ATTEMPTS` times, and this is a repeat.
    """
    run = Run(partition, run_at)
    owner = uuid4().hex
    if run.update_if(_claimable(now, first_delivery), *_claim_actions(run, owner, now, lease_ms)):
        return run
    return _settle_refused_claim(partition, run_at, owner, now)


def _claim_actions(run: Run, owner: str, now: int, lease_ms: int) -> list[Action]:
    actions: list[Action] = [
        Run.status.set(Run.status | RUNNING),
        Run.lease_owner.set(owner),
        Run.lease_until.set(now + lease_ms),
        Run.started_at.set(Run.started_at | now),
        Run.attempts.add(1),
        Run.tries.add(1),
        Run.expires_at.set(expiry(int(run.run_at))),
    ]
    if not run.workspace_id.startswith(RESERVED_PREFIX):
        actions.append(Run.time_shard.set(str(shard_of(run.workspace_id, TIME_SHARDS))))
    return actions


def _claimable(now: int, first_delivery: bool) -> Condition:
    unfinished = Run.status.does_not_exist() | (Run.status != COMPLETED)
    free = Run.lease_until.does_not_exist() | (Run.lease_until <= now)
    claimable: Condition = unfinished & free
    if not first_delivery:
        claimable &= Run.tries.does_not_exist() | (Run.tries < MAX_ATTEMPTS)
    return claimable


def _settle_refused_claim(partition: str, run_at: int, owner: str, now: int) -> Run:
    run = Run.get(partition, run_at, consistent_read=True)
    if run.status == COMPLETED or run.lease_owner == owner:  # ours: the answer to the first try was lost
        return run
    if run.lease_until is not None and run.lease_until > now:
        raise OwnedElsewhere(int(run.lease_until))
    if run.tries < MAX_ATTEMPTS:
        raise OwnedElsewhere(now)  # its owner has just freed it: there is more to do, and nothing to wait for
    raise AttemptsSpent(run)


def held_by(run: Run) -> Condition:
    """The condition of every write on a claimed run."""
    held: Condition = (Run.lease_owner == run.lease_owner) & Run.lease_until.exists()
    return held


def update_held(run: Run, *actions: Action) -> None:
    """Write on a run whose lease is ours.

    Raises:
        LeaseLost: it is somebody else's by now.
    """
    if not run.update_if(held_by(run), *actions):
        raise LeaseLost


def save_checkpoint(run: Run, place: object, *more: Action) -> None:
    """Remember where to go on, and free the lease, in one write; raises `LeaseLost`."""
    update_held(run, Run.place.set(place), Run.tries.set(0), Run.lease_until.remove(), *more)


def save_scan(run: Run, scan: object, *more: Action) -> None:
    """Remember how far the scan of Kapso has come, and free the lease, in one write; raises `LeaseLost`."""
    update_held(run, Run.scan.set(scan), Run.tries.set(0), Run.lease_until.remove(), *more)


def save_verification(run: Run, verification: object) -> None:
    """Remember what the scan came to, before anything rests on it; raises `LeaseLost`."""
    update_held(run, Run.verification.set(verification), Run.scan.remove())


def save_selection(run: Run, selection: object) -> None:
    """Remember whom the run flags, before the first of them is; raises `LeaseLost`."""
    update_held(run, Run.selection.set(selection), Run.place.remove())


def save_progress(run: Run, progress: object, *more: Action) -> None:
    """Remember how far flagging has come, and free the lease, in one write; raises `LeaseLost`."""
    update_held(run, Run.progress.set(progress), Run.tries.set(0), Run.lease_until.remove(), *more)


def find(partition: str, run_at: int) -> Run | None:
    """A run as it is now, or None."""
    return Run.find(partition, run_at)


def find_all(partitions: Iterable[str], run_at: int) -> list[Run]:
    """Those of the runs at `run_at` that are there."""
    return list(Run.batch_get([(each, run_at) for each in partitions], consistent_read=True))


def expired_before(workspace_id: str, run_at: int, now: int, look_back: int) -> list[Run]:
    """Of the workspace's `look_back` runs before `run_at`, those whose owner died without a word."""
    earlier = Run.query(
        workspace_id, Run.run_at < run_at, scan_index_forward=False, limit=look_back, consistent_read=True
    )
    return [run for run in earlier if run.status == RUNNING and (run.lease_until or 0) <= now]
