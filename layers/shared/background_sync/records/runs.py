"""Runs, audits and backfills: one record each, however often the message is delivered.

    absent --claim--> running --complete--> completed
                         |  ^                    ^
                        fail|(lease over: claim) |
                         v  |                    |
                       failed ----complete-------+     (a failed run stays `failed` while it is tried again)

Only the lease's owner may write: every write names the owner in its condition, so a delivery that lost its
lease changes nothing. Closing a run also moves its sweep's counters, in the same transaction.
"""

import json
from base64 import b85decode, b85encode
from collections.abc import Iterable
from typing import Any
from uuid import uuid4
from zlib import compress, decompress

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


class PackedAttribute(JSONAttribute):
    """JSON, compressed: each write pays for the whole record, and a scan may know thousands of people."""

    def serialize(self, value: Any) -> str:  # noqa: ANN401 - PynamoDB's
        return b85encode(compress(json.dumps(value).encode())).decode()

    def deserialize(self, value: str) -> Any:  # noqa: ANN401 - PynamoDB's
        is_plain = value.startswith("{")  # of an earlier version
        return json.loads(value if is_plain else decompress(b85decode(value)))


class Outcomes:
    """The counts of `rules.counts.TOTALLED` as attributes: of a run, and of a sweep's counters."""

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
    future_times = NumberAttribute(null=True)
    superseded = NumberAttribute(null=True)
    skipped = NumberAttribute(null=True)
    verified = NumberAttribute(null=True)
    in_step = NumberAttribute(null=True)
    behind = NumberAttribute(null=True)
    missing = NumberAttribute(null=True)
    repaired = NumberAttribute(null=True)
    created = NumberAttribute(null=True)
    deleted = NumberAttribute(null=True)
    ahead = NumberAttribute(null=True)
    unknown = NumberAttribute(null=True)
    reported = NumberAttribute(null=True)
    renamed = NumberAttribute(null=True)
    identity_changed = NumberAttribute(null=True)
    unreadable = NumberAttribute(null=True)
    deferred = NumberAttribute(null=True)
    uncompared = NumberAttribute(null=True)
    webhook_off = NumberAttribute(null=True)
    number_moved = NumberAttribute(null=True)
    webhook_failing = NumberAttribute(null=True)
    reception_lost = NumberAttribute(null=True)
    failed_deliveries = NumberAttribute(null=True)
    intake_silent = NumberAttribute(null=True)


class ByTime(GlobalSecondaryIndex["Run"]):  # type: ignore[no-untyped-call]
    """Runs of all workspaces by time, spread over `TIME_SHARDS` partitions.

    It has keys only, so it is written when a run is first claimed, and never when the run changes.
    """

    class Meta:
        index_name = "by_time"
        projection = KeysOnlyProjection()

    time_shard = UnicodeAttribute(hash_key=True)
    run_at = NumberAttribute(range_key=True)


class Run(Outcomes, Record):
    """A run (`workspace_id`, `run_at`), an audit (`#audit#` + its id) or a backfill (`#backfill#` + its id).

    Times are in ms, `expires_at` in seconds (DynamoDB's TTL). Work that does not fit one invocation continues
    from what is saved: `scan` (of Kapso) and `verification` (its result), `checkpoint` (of a survey or an
    audit), `selection` (the contacts to flag) and `progress` (how many of them are done). All of these are
    removed when the run completes. `webhook_was` and `reception_was` are earlier states, if it found another
    one. `attempts` counts all claims, `tries` those since it last made progress.
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
    checkpoint = PackedAttribute(null=True)
    selection = JSONAttribute(null=True)
    progress = JSONAttribute(null=True)
    scan = PackedAttribute(null=True)
    verification = JSONAttribute(null=True)
    deferred_why = UnicodeAttribute(null=True)
    webhook = UnicodeAttribute(null=True)
    webhook_missing = UnicodeAttribute(null=True)
    webhook_was = UnicodeAttribute(null=True)
    reception = UnicodeAttribute(null=True)
    reception_was = UnicodeAttribute(null=True)
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
    """Another delivery holds the lease until `lease_until` (ms). This is normal, and not a failure."""

    def __init__(self, lease_until: int) -> None:
        super().__init__(f"leased until {lease_until}")
        self.lease_until = lease_until


class AttemptsSpent(Exception):
    """The run failed `MAX_ATTEMPTS` times, and its message may not try again."""

    def __init__(self, run: "Run") -> None:
        super().__init__(f"tried {run.attempts} times: {run.error}")
        self.run = run


class LeaseLost(Exception):
    """The lease expired, and another delivery took the run over."""


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
    """Take the lease of a run, audit or backfill for `lease_ms`; each claim counts as an attempt.

    The first delivery of a message may always try: somebody asked for the run. The record comes back as it is
    now; its `status` is `completed` when there is nothing left to do.

    Raises:
        OwnedElsewhere: another delivery holds the lease.
        AttemptsSpent: it failed `MAX_ATTEMPTS` times, and this is a repeated delivery.
    """
    run = Run(partition, run_at)
    owner = uuid4().hex
    if run.update_if(_claimable(now, first_delivery), *_claim_actions(run, owner, now, lease_ms)):
        return run
    return _after_refused_claim(partition, run_at, owner, now)


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


def _after_refused_claim(partition: str, run_at: int, owner: str, now: int) -> Run:
    run = Run.get(partition, run_at, consistent_read=True)
    # The owner may be ourselves: the claim was written, but its answer was lost and the client tried again.
    if run.status == COMPLETED or run.lease_owner == owner:
        return run
    if run.lease_until is not None and run.lease_until > now:
        raise OwnedElsewhere(int(run.lease_until))
    # Without a lease the owner has just saved its checkpoint, so there is more to do right away.
    if run.tries < MAX_ATTEMPTS:
        raise OwnedElsewhere(now)
    raise AttemptsSpent(run)


def update_held(run: Run, *actions: Action) -> None:
    """Write on a run while its lease is ours.

    Raises:
        LeaseLost: another delivery took the run over.
    """
    held: Condition = (Run.lease_owner == run.lease_owner) & Run.lease_until.exists()
    if not run.update_if(held, *actions):
        raise LeaseLost


def release(run: Run, *actions: Action) -> None:
    """Save where the work continues, and free the lease, in one write; raises `LeaseLost`."""
    update_held(run, *actions, Run.tries.set(0), Run.lease_until.remove())


def find(partition: str, run_at: int) -> Run | None:
    """A run as it is now, or None."""
    return Run.find(partition, run_at)


def find_all(partitions: Iterable[str], run_at: int) -> list[Run]:
    """The runs at `run_at` that exist."""
    return list(Run.batch_get([(each, run_at) for each in partitions], consistent_read=True))


def expired_before(workspace_id: str, run_at: int, now: int, look_back: int) -> list[Run]:
    """The workspace's last `look_back` runs before `run_at` whose lease expired without a result."""
    earlier = Run.query(
        workspace_id, Run.run_at < run_at, scan_index_forward=False, limit=look_back, consistent_read=True
    )
    return [run for run in earlier if run.status == RUNNING and (run.lease_until or 0) <= now]
