"""The backfill: compares a workspace with Kapso over a window of the past, on command.

It is the scan of a run, with a record of its own: no watermark moves, and no sweep counts it. A dry run
counts what it finds and writes nothing on contacts. One that is larger than a key's share of a minute goes on
in the next minutes, however many they are.
"""

from math import ceil

from background_sync.clock import Deadline
from background_sync.messages import Message, Window
from background_sync.records import runs, workspaces
from background_sync.records.runs import Run
from background_sync.rules.policy import DAY_MS, read_policy
from background_sync.rules.scan import Scan, Verification
from background_sync.rules.workspace import Mode, Number, skip_reason
from background_sync.sync.task import JobContext, complete, work_on
from background_sync.sync.verify import Kapso, Verifier
from background_sync.telemetry import emit, logger

MAX_PAUSE_S = 900
"""The longest that SQS holds a message back."""
MAX_PAUSED_MS = DAY_MS
"""How long a key may keep a backfill waiting, all in all."""


class NotAnswered(RuntimeError):
    """Kapso did not answer all of it; what was compared so far is kept, and the next attempt goes on."""


def backfill(
    bench: JobContext, kapso: Kapso, message: Message, deadline: Deadline, *, first_delivery: bool
) -> None:
    """Work on a backfill until it is done, or go on in a follow-up message; raises as `work_on` does, and
    `NotAnswered`."""

    def work(record: Run) -> None:
        _work(bench, kapso, message, record, deadline)

    partition = runs.backfill_key(message.workspace_id)
    work_on(bench, partition, message.run_at, work, first_delivery=first_delivery)


def _work(bench: JobContext, kapso: Kapso, message: Message, record: Run, deadline: Deadline) -> None:
    workspace = workspaces.find_workspace(bench.database, message.workspace_id)
    if workspace is None or skip_reason(workspace) is not None or message.window is None:
        compared = {} if record.scan is None else Scan.read(record.scan).verified.counts()
        complete(bench, record, {**compared, "skipped": 1})
        return
    number = Number(
        message.workspace_id, str(workspace["kapso_phone_id"]), str(workspace["kapso_token_parameter"])
    )
    policy, _ = read_policy(workspace.get("settings"))
    mode = Mode.COUNT if message.window.dry_run else Mode.REPAIR
    begun_at = int(record.started_at)
    verifier = Verifier(kapso, bench.database, number, policy, mode, message.run_at, begun_at, deadline)
    scan = _begun(bench, record, number.phone_id, message.window)
    come_to = verifier.run_until_deadline(scan)
    if isinstance(come_to, Scan):
        _go_on(bench, message, record, come_to)
    elif come_to.deferred is not None:
        _defer(bench, message, record, come_to, came_further=come_to.scan.pages > scan.pages)
    else:
        _complete(bench, record, come_to.scan)


def _begun(bench: JobContext, record: Run, phone_id: str, window: Window) -> Scan:
    if record.scan is not None and record.scan["phone_id"] == phone_id:
        return Scan.read(record.scan)
    return Scan(phone_id, window.since, bench.clock.now(), window.until)


def _go_on(bench: JobContext, message: Message, record: Run, scan: Scan) -> None:
    runs.save_scan(record, scan.document())
    bench.queue.send([message])


def _defer(
    bench: JobContext, message: Message, record: Run, so_far: Verification, *, came_further: bool
) -> None:
    """Keep what was compared. One whose key has to rest pauses, and that is no failed attempt; nor does one
    that came further count the failures before."""
    scan, reason, now = so_far.scan.document(), str(so_far.deferred), bench.clock.now()
    if so_far.again_at is not None and now - int(record.started_at) < MAX_PAUSED_MS:
        pause_s = min(max(1, ceil((so_far.again_at - now) / 1000)), MAX_PAUSE_S)
        runs.save_scan(record, scan, Run.deferred_why.set(reason))
        bench.queue.send([message], delay_s=pause_s)
        logger.info("the backfill pauses", reason=reason, seconds=pause_s)
        return
    anew = [Run.tries.set(0)] if came_further else []
    runs.update_held(record, Run.scan.set(scan), Run.deferred_why.remove(), *anew)
    raise NotAnswered(reason)


def _complete(bench: JobContext, record: Run, scan: Scan) -> None:
    if scan.incomplete:
        logger.warning("some contacts changed each time they were to be repaired")
    counts = scan.verified.counts()
    complete(bench, record, counts)
    emit({"backfills_completed": 1, **{f"backfill_{name}": count for name, count in counts.items()}})
    logger.info("the backfill is completed", counts=counts)
