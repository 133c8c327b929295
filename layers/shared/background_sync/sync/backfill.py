"""The backfill: compares a workspace with Kapso over a window of the past, on command.

It is the scan of a run, with a record of its own: it moves no watermark, and belongs to no sweep. A dry run
counts what it finds and writes nothing on contacts. A backfill that needs more requests than the key's share
of a minute continues in the minutes that follow.
"""

from background_sync.messages import Window
from background_sync.records import workspaces
from background_sync.records.runs import Run
from background_sync.rules.policy import DAY_MS
from background_sync.rules.scan import Scan, Verification
from background_sync.rules.workspace import Mode, read_workspace, skip_reason
from background_sync.sync.scanner import Scanner
from background_sync.sync.task import Job
from background_sync.sync.verify import saved_counts
from background_sync.telemetry import emit, logger

MAX_PAUSED_MS = DAY_MS
"""How long a key may keep a backfill waiting, all in all."""


class NotAnswered(RuntimeError):
    """Kapso did not answer everything. What was compared is saved, and the next attempt continues."""


def backfill(job: Job) -> None:
    """Work on a backfill to its end, or continue in a follow-up message; raises `NotAnswered`."""
    record, window = workspaces.find_workspace(job.database, job.workspace_id), job.message.window
    if record is None or skip_reason(record) is not None or window is None:
        job.complete({**saved_counts(job.record), "skipped": 1})
        return
    workspace = read_workspace(record, job.now())
    scanner = Scanner(
        job=job,
        account=workspace.account,
        policy=workspace.policy,
        settled=workspace.settled,
        mode=Mode.COUNT if window.dry_run else Mode.REPAIR,
    )
    begun = _begun_scan(job, scanner.account.phone_id, window)
    ended = scanner.run_until_deadline(begun)
    if isinstance(ended, Scan):
        job.follow_up(Run.scan.set(ended.document()))
    elif ended.is_deferred:
        _defer(job, ended, made_progress=ended.scan.pages > begun.pages)
    else:
        _complete(job, ended.scan)


def _begun_scan(job: Job, phone_id: str, window: Window) -> Scan:
    saved = job.record.scan
    if saved is not None and saved["phone_id"] == phone_id:
        return Scan.read(saved)
    return Scan(phone_id, window.since, job.now(), window.until)


def _defer(job: Job, ended: Verification, *, made_progress: bool) -> None:
    """Save what was compared, and pause if the key must rest: that is not a failed attempt.

    An attempt that made progress resets the number of tries.
    """
    scan, reason, now = ended.scan.document(), str(ended.deferred), job.now()
    if ended.again_at is not None and now - int(job.record.started_at) < MAX_PAUSED_MS:
        pause_s = job.pause(ended.again_at, Run.scan.set(scan), Run.deferred_why.set(reason))
        logger.debug("the backfill pauses", reason=reason, seconds=pause_s)
        return
    tries = [Run.tries.set(0)] if made_progress else []
    job.save(Run.scan.set(scan), Run.deferred_why.remove(), *tries)
    raise NotAnswered(reason)


def _complete(job: Job, scan: Scan) -> None:
    if scan.incomplete:
        logger.warning("some contacts changed at each attempt to repair them")
    counts = scan.verified.counts()
    job.complete(counts)
    emit({"backfills_completed": 1, **{f"backfill_{name}": count for name, count in counts.items()}})
    logger.info("the backfill is completed", counts=counts)
