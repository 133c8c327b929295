"""Sweeps, and how far each of their scan segments has come.

A sweep is dispatched in passes. The first pass sends a message for every active workspace. When the same
scheduled time is asked for again, a dispatched sweep opens another pass, which sends messages only for runs
that are missing or failed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pynamodb.attributes import BooleanAttribute, JSONAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from background_sync.records.database import Record
from background_sync.records.runs import LeaseLost, expiry
from background_sync.rules.policy import DAY_MS
from background_sync.rules.times import latest_own

SWEEP_KEY = "#sweep"
DISPATCHING = "dispatching"
DISPATCHED = "dispatched"
DEFAULT_SHARDS = 16


class Sweep(Record):
    """A sweep (`#sweep`, `run_at`); `dispatched` and `skipped` count its workspaces once it is dispatched.

    `noticed_at` is when its notice was sent. A pass that `recounts` counts them anew, and sends messages
    for workspaces without a run. A pass that does not leaves such workspaces alone: their messages are
    still in the queue.
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
    noticed_at = NumberAttribute(null=True)


class Segment(Record):
    """One segment (`#sweep-segment#NNN`, `run_at`) of a sweep's scan, in the sweep's current pass.

    `cursor` is the last workspace whose message was sent; the counts include it and all before it.
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
class PageResult:
    """The counts of one page of a segment's scan; `cursor` is None at the segment's end."""

    cursor: str | None
    dispatched: int
    skipped_why: Mapping[str, int]


def segment_key(segment: int) -> str:
    return f"#sweep-segment#{segment:03d}"


def find_sweep(run_at: int) -> Sweep | None:
    """The sweep at `run_at` as it is now, or None."""
    return Sweep.find(SWEEP_KEY, run_at)


_known_shards: dict[int, int] = {}


def counter_shards(run_at: int) -> int:
    """How many counters the sweep at `run_at` was opened with.

    The last sweep's number is kept, so that a process reads its record once and not for each run.
    """
    if run_at not in _known_shards:
        sweep = find_sweep(run_at)
        if sweep is None:
            return DEFAULT_SHARDS
        _known_shards.clear()
        _known_shards[run_at] = int(sweep.shards)
    return _known_shards[run_at]


def latest_sweeps(limit: int, until: int | None = None) -> list[Sweep]:
    """The newest sweeps first; only those until `until` (ms) if it is given."""
    earlier = None if until is None else Sweep.run_at <= until
    return list(Sweep.query(SWEEP_KEY, earlier, scan_index_forward=False, limit=limit, consistent_read=True))


def remove_future_sweeps(now: int) -> int:
    """Remove the sweeps that are in the future at `now` (ms), and return how many.

    Health judges the newest sweep, so one of a time far ahead would hide all true ones.
    """
    found = list(Sweep.query(SWEEP_KEY, Sweep.run_at > latest_own(now), consistent_read=True))
    for sweep in found:
        sweep.delete()
    return len(found)


def unclosed_sweeps(before: int, interval_ms: int) -> list[Sweep]:
    """Sweeps before `before` (ms) whose dispatching has not ended, the oldest first.

    They are looked for one day and one interval back, so that the previous sweep of a daily schedule is found
    even if this one starts a moment late.
    """
    recent = Sweep.run_at.between(before - DAY_MS - interval_ms, before - 1)
    found = Sweep.query(SWEEP_KEY, recent, consistent_read=True)
    return [sweep for sweep in found if sweep.status == DISPATCHING]


def open_sweep(run_at: int, now: int, *, shards: int, segments: int) -> Sweep:
    """The sweep at `run_at`, created if it does not exist yet. A second caller works on the same one."""
    sweep = Sweep(
        SWEEP_KEY, run_at, shards=shards, segments=segments, started_at=now, expires_at=expiry(run_at)
    )
    if sweep.save_if(Sweep.run_at.does_not_exist()):
        return sweep
    return Sweep.get(SWEEP_KEY, run_at, consistent_read=True)


def reopen(sweep: Sweep, *, recounts: bool) -> Sweep:
    """Open the next pass of a dispatched sweep. A second caller works on the same one."""
    same = (Sweep.status == DISPATCHED) & (Sweep.pass_number == sweep.pass_number)
    opened = [Sweep.status.set(DISPATCHING), Sweep.recounts.set(recounts), Sweep.pass_number.add(1)]
    return _move(sweep, opened, same)


def close(sweep: Sweep, now: int, dispatched: int, skipped_why: Mapping[str, int]) -> Sweep:
    """dispatching -> dispatched; a pass that recounts stores its counts."""
    same = (Sweep.status == DISPATCHING) & (Sweep.pass_number == sweep.pass_number)
    actions: list[Action] = [Sweep.status.set(DISPATCHED), Sweep.dispatched_at.set(now)]
    if sweep.recounts:
        actions += [
            Sweep.dispatched.set(dispatched),
            Sweep.skipped.set(sum(skipped_why.values())),
            Sweep.skipped_why.set(dict(skipped_why)),
        ]
    return _move(sweep, actions, same)


def remember_notice(sweep: Sweep, now: int) -> bool:
    """Store that the sweep's notice was sent; False if that is stored, or the record has expired."""
    unsaid = Sweep.status.exists() & Sweep.noticed_at.does_not_exist()
    return sweep.update_if(unsaid, Sweep.noticed_at.set(now))


def _move(sweep: Sweep, actions: Sequence[Action], condition: Condition) -> Sweep:
    if not sweep.update_if(condition, *actions):
        sweep.refresh(consistent_read=True)  # another dispatcher was first
    return sweep


def read_segments(sweep: Sweep) -> list[Segment]:
    """The segments of the sweep's current pass that were started."""
    run_at = int(sweep.run_at)
    keys = [(segment_key(number), run_at) for number in range(int(sweep.segments))]
    found = Segment.batch_get(keys, consistent_read=True)
    return [segment for segment in found if segment.pass_number == sweep.pass_number]


def claim_segment(sweep: Sweep, number: int, owner: str, now: int, lease_ms: int) -> Segment | None:
    """Take the lease of a segment; None if it is done, or another dispatcher holds the lease.

    The first claim of a pass resets the segment.
    """
    key, run_at = segment_key(number), int(sweep.run_at)
    current = Segment.find(key, run_at)
    if current is not None and current.pass_number == sweep.pass_number:
        return _take_over(current, owner, now, lease_ms)
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


def advance(segment: Segment, page: PageResult, lease_until: int) -> None:
    """Move a segment's cursor and counts, and renew its lease, in one write.

    Raises:
        LeaseLost: another dispatcher took the segment over.
    """
    same_cursor = (
        Segment.cursor.does_not_exist() if segment.cursor is None else Segment.cursor == segment.cursor
    )
    done = page.cursor is None
    moved = Segment.cursor.remove() if page.cursor is None else Segment.cursor.set(page.cursor)
    counted = added(segment.skipped_why, page.skipped_why)
    actions: list[Action] = [
        moved,
        Segment.done.set(done),
        Segment.dispatched.add(page.dispatched),
        Segment.skipped_why.set(counted),
        Segment.lease_until.remove() if done else Segment.lease_until.set(lease_until),
    ]
    owned = (Segment.lease_owner == segment.lease_owner) & (Segment.pass_number == segment.pass_number)
    # The last page removes the cursor, so the cursor alone would let a repeated write count that page twice.
    owned &= Segment.done == False  # noqa: E712 - PynamoDB's
    if not segment.update_if(owned & same_cursor, *actions):
        raise LeaseLost


def free_segment(segment: Segment) -> None:
    """Free a segment's lease, so that the next invocation can continue at once; raises `LeaseLost`."""
    if not segment.update_if(Segment.lease_owner == segment.lease_owner, Segment.lease_until.remove()):
        raise LeaseLost


def added(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    """The sums of two sets of counts by reason."""
    return {reason: one.get(reason, 0) + other.get(reason, 0) for reason in sorted({*one, *other})}
