"""Sweeps, and how far each of their scan segments has come.

A sweep is walked in passes. The first sends a message for every active workspace. Asked for the same
scheduled time again, a sweep that was dispatched opens another pass, which sends only what is missing or
failed and counts anew.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pynamodb.attributes import BooleanAttribute, JSONAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from background_sync.records.database import Record
from background_sync.records.runs import LeaseLost, expiry
from background_sync.rules.policy import DAY_MS

SWEEP_KEY = "#sweep"
DISPATCHING = "dispatching"
DISPATCHED = "dispatched"
DEFAULT_SHARDS = 16


class Sweep(Record):
    """A sweep (`#sweep`, `run_at`); `dispatched` and `skipped` count its workspaces once it is dispatched.

    A pass that `recounts` sends what has no run; another leaves that, which waits in the queue, and counts.
    """

    class Meta:
        table_name = ""

    table = "sync_health"

    workspace_id = UnicodeAttribute(hash_key=True, default=SWEEP_KEY)
    run_at = NumberAttribute(range_key=True)
    status = UnicodeAttribute(default=DISPATCHING)
    pass_number = NumberAttribute(default=1)
    recounts = BooleanAttribute(default=True)
    shards = NumberAttribute(default=DEFAULT_SHARDS)
    segments = NumberAttribute(default=1)
    started_at = NumberAttribute(null=True)
    dispatched_at = NumberAttribute(null=True)
    dispatched = NumberAttribute(default=0)
    skipped = NumberAttribute(default=0)
    skipped_why = JSONAttribute(default=dict)
    expires_at = NumberAttribute(null=True)


class Segment(Record):
    """One segment (`#sweep-segment#NNN`, `run_at`) of a sweep's scan, in the sweep's present pass.

    `cursor` is the last workspace whose message is sent; the counts go as far as it does.
    """

    class Meta:
        table_name = ""

    table = "sync_health"

    workspace_id = UnicodeAttribute(hash_key=True)
    run_at = NumberAttribute(range_key=True)
    pass_number = NumberAttribute(default=1)
    cursor = UnicodeAttribute(null=True)
    done = BooleanAttribute(default=False)
    dispatched = NumberAttribute(default=0)
    skipped_why = JSONAttribute(default=dict)
    lease_owner = UnicodeAttribute(null=True)
    lease_until = NumberAttribute(null=True)
    expires_at = NumberAttribute(null=True)


@dataclass(frozen=True, slots=True)
class Progress:
    """What one page of a segment's scan came to; `cursor` is None at the segment's end."""

    cursor: str | None
    dispatched: int
    skipped_why: Mapping[str, int]


def segment_key(segment: int) -> str:
    """The partition of one segment."""
    return f"#sweep-segment#{segment:03d}"


def find_sweep(run_at: int) -> Sweep | None:
    """The sweep at `run_at` as it is now, or None."""
    return Sweep.find(SWEEP_KEY, run_at)


def latest_sweeps(limit: int, before: int | None = None) -> list[Sweep]:
    """The newest sweeps first, of those before `before` (ms)."""
    earlier = None if before is None else Sweep.run_at < before
    return list(Sweep.query(SWEEP_KEY, earlier, scan_index_forward=False, limit=limit, consistent_read=True))


def unclosed_sweeps(before: int) -> list[Sweep]:
    """The sweeps of the day before `before` (ms) that were never dispatched to their end, the oldest
    first."""
    day = Sweep.run_at.between(before - DAY_MS, before - 1)
    return [
        sweep for sweep in Sweep.query(SWEEP_KEY, day, consistent_read=True) if sweep.status == DISPATCHING
    ]


def open_sweep(run_at: int, now: int, shards: int, segments: int) -> Sweep:
    """The sweep at `run_at`, made if it is not there yet; who comes second works on the same one."""
    sweep = Sweep(
        SWEEP_KEY, run_at, shards=shards, segments=segments, started_at=now, expires_at=expiry(run_at)
    )
    if sweep.save_if(Sweep.run_at.does_not_exist()):
        return sweep
    return Sweep.get(SWEEP_KEY, run_at, consistent_read=True)


def reopen(sweep: Sweep, *, recounts: bool) -> Sweep:
    """Open a dispatched sweep's next pass; who comes second works on the same one."""
    same = (Sweep.status == DISPATCHED) & (Sweep.pass_number == sweep.pass_number)
    opened = [Sweep.status.set(DISPATCHING), Sweep.recounts.set(recounts), Sweep.pass_number.add(1)]
    return _move(sweep, opened, same)


def close(sweep: Sweep, now: int, dispatched: int, skipped_why: Mapping[str, int]) -> Sweep:
    """dispatching -> dispatched, with the counts of a pass that recounts."""
    same = (Sweep.status == DISPATCHING) & (Sweep.pass_number == sweep.pass_number)
    actions: list[Action] = [Sweep.status.set(DISPATCHED), Sweep.dispatched_at.set(now)]
    if sweep.recounts:
        actions += [
            Sweep.dispatched.set(dispatched),
            Sweep.skipped.set(sum(skipped_why.values())),
            Sweep.skipped_why.set(dict(skipped_why)),
        ]
    return _move(sweep, actions, same)


def _move(sweep: Sweep, actions: Sequence[Action], condition: Condition) -> Sweep:
    if not sweep.update_if(condition, *actions):
        sweep.refresh(consistent_read=True)  # somebody else was first
    return sweep


def read_segments(sweep: Sweep) -> list[Segment]:
    """The segments of the sweep's present pass that were begun."""
    run_at = int(sweep.run_at)
    keys = [(segment_key(number), run_at) for number in range(int(sweep.segments))]
    found = Segment.batch_get(keys, consistent_read=True)
    return [segment for segment in found if segment.pass_number == sweep.pass_number]


def claim_segment(sweep: Sweep, number: int, owner: str, now: int, lease_ms: int) -> Segment | None:
    """Take the lease of a segment that is not done, or None: it is done, or somebody else is at it.

    The first claim of a pass starts the segment afresh.
    """
    key, run_at = segment_key(number), int(sweep.run_at)
    present = Segment.find(key, run_at)
    if present is not None and present.pass_number == sweep.pass_number:
        return _take_over(present, owner, now, lease_ms)
    segment = Segment(
        key,
        run_at,
        pass_number=sweep.pass_number,
        lease_owner=owner,
        lease_until=now + lease_ms,
        expires_at=expiry(run_at),
    )
    earlier = Segment.run_at.does_not_exist() | (Segment.pass_number < sweep.pass_number)
    return segment if segment.save_if(earlier) else None


def _take_over(segment: Segment, owner: str, now: int, lease_ms: int) -> Segment | None:
    free = Segment.lease_until.does_not_exist() | (Segment.lease_until <= now)
    same = (Segment.done == False) & (Segment.pass_number == segment.pass_number)  # noqa: E712 - PynamoDB's
    taken = segment.update_if(
        same & (free | (Segment.lease_owner == owner)),
        Segment.lease_owner.set(owner),
        Segment.lease_until.set(now + lease_ms),
    )
    return segment if taken else None


def advance(segment: Segment, progress: Progress, lease_until: int) -> None:
    """Move a segment's cursor and counts on, and renew its lease, in one write.

    Raises:
        LeaseLost: somebody else took the segment over.
    """
    where = Segment.cursor.does_not_exist() if segment.cursor is None else Segment.cursor == segment.cursor
    done = progress.cursor is None
    moved = Segment.cursor.remove() if progress.cursor is None else Segment.cursor.set(progress.cursor)
    counted = added(segment.skipped_why, progress.skipped_why)
    actions: list[Action] = [
        moved,
        Segment.done.set(done),
        Segment.dispatched.add(progress.dispatched),
        Segment.skipped_why.set(counted),
        Segment.lease_until.remove() if done else Segment.lease_until.set(lease_until),
    ]
    owned = (Segment.lease_owner == segment.lease_owner) & (Segment.pass_number == segment.pass_number)
    owned &= Segment.done == False  # noqa: E712 - PynamoDB's; a lost answer must not count the last page twice
    if not segment.update_if(owned & where, *actions):
        raise LeaseLost


def free_segment(segment: Segment) -> None:
    """Let the next invocation go on with a segment at once; raises `LeaseLost`."""
    if not segment.update_if(Segment.lease_owner == segment.lease_owner, Segment.lease_until.remove()):
        raise LeaseLost


def added(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    """Two sets of counts by reason, summed."""
    return {reason: one.get(reason, 0) + other.get(reason, 0) for reason in sorted({*one, *other})}
