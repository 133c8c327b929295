"""The backfill: compares a workspace with Kapso over a window of the past, on command.

It is the scan of a run, with a record of its own: no watermark moves, and no sweep counts it. A dry run
counts what it finds and writes nothing on contacts. One that is larger than a key's share of a minute goes on
in the next minutes, however many they are.
"""

from background_sync.clock import Deadline
from background_sync.messages import Message, Window
from background_sync.records import runs, workspaces
from background_sync.records.runs import Run
from background_sync.rules.policy import read_policy
from background_sync.telemetry import emit, logger
from background_sync.usecases.compare import Mode
from background_sync.usecases.dispatch import skip_reason
from background_sync.usecases.task import Workbench, complete, work_on
from background_sync.usecases.verify import Kapso, Number, Scan, Verification, Verifier

PAUSES = ("budget_spent", "rate_limited")
PAUSE_S = 60
"""The window of Kapso's limit, and of our budget."""


class NotAnswered(RuntimeError):
    """Kapso did not answer all of it; what was compared so far is kept, and the next attempt goes on."""


def backfill(
    bench: Workbench, kapso: Kapso, message: Message, deadline: Deadline, *, first_delivery: bool
) -> None:
    """Work on a backfill until it is done, or go on in a follow-up message; raises as `work_on` does, and
    `NotAnswered`."""

    def work(record: Run) -> None:
        _work(bench, kapso, message, record, deadline)

    partition = runs.backfill_key(message.workspace_id)
    work_on(bench, partition, message.run_at, work, first_delivery=first_delivery)


def _work(bench: Workbench, kapso: Kapso, message: Message, record: Run, deadline: Deadline) -> None:
    workspace = workspaces.find_workspace(bench.database, message.workspace_id)
    if workspace is None or skip_reason(workspace) is not None or message.window is None:
        complete(bench, record, {"skipped": 1})
        return
    number = Number(
        message.workspace_id, str(workspace["kapso_phone_id"]), str(workspace["kapso_token_parameter"])
    )
    policy, _ = read_policy(workspace.get("settings"))
    mode = Mode.COUNT if message.window.dry_run else Mode.REPAIR
    verifier = Verifier(kapso, bench.database, number, policy, mode, message.run_at, deadline)
    scan = _begun(bench, record, message.window)
    come_to = verifier.go_on(scan)
    if isinstance(come_to, Scan):
        _go_on(bench, message, record, come_to)
    elif come_to.deferred is not None:
        _defer(bench, message, record, come_to, came_further=come_to.scan.pages > scan.pages)
    else:
        _complete(bench, record, come_to.scan)


def _begun(bench: Workbench, record: Run, window: Window) -> Scan:
    if record.scan is not None:
        return Scan.read(record.scan)
    return Scan(window.since, bench.clock.now(), window.until)


def _go_on(bench: Workbench, message: Message, record: Run, scan: Scan) -> None:
    runs.save_scan(record, scan.document())
    bench.queue.send([message])


def _defer(
    bench: Workbench, message: Message, record: Run, so_far: Verification, *, came_further: bool
) -> None:
    """Keep what was compared. One that came further is not given up for having had to pause before."""
    scan, reason = so_far.scan.document(), str(so_far.deferred)
    if came_further and reason in PAUSES:
        runs.save_scan(record, scan, Run.deferred_why.set(reason))
        bench.queue.send([message], delay_s=PAUSE_S)
        logger.info("the backfill pauses", reason=reason, verified=so_far.scan.verified.verified)
        return
    anew = [Run.tries.set(0)] if came_further else []
    runs.update_held(record, Run.scan.set(scan), *anew)
    raise NotAnswered(reason)


def _complete(bench: Workbench, record: Run, scan: Scan) -> None:
    if scan.incomplete:
        logger.warning("some contacts changed each time they were to be repaired")
    counts = scan.verified.counts()
    complete(bench, record, counts)
    emit({"backfills_completed": 1, **{f"backfill_{name}": count for name, count in counts.items()}})
    logger.info("the backfill is completed", counts=counts)
