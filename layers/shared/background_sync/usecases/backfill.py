"""The backfill: compares a workspace with Kapso over a window of the past, on command.

It is the scan of a run, with a record of its own: no watermark moves, and no sweep counts it. A dry run
counts what it finds and writes nothing on contacts.
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
    _settle(bench, message, record, verifier.go_on(scan))


def _begun(bench: Workbench, record: Run, window: Window) -> Scan:
    if record.scan is not None:
        return Scan.read(record.scan)
    return Scan(window.since, bench.clock.now(), window.until)


def _settle(bench: Workbench, message: Message, record: Run, come_to: Scan | Verification) -> None:
    if isinstance(come_to, Scan):
        runs.save_scan(record, come_to.document())
        bench.queue.send([message])
        return
    if come_to.deferred is not None:
        runs.update_held(record, Run.scan.set(come_to.scan.document()))
        raise NotAnswered(come_to.deferred)
    counts = come_to.scan.verified.counts()
    complete(bench, record, counts)
    emit({"backfills_completed": 1, **{f"backfill_{name}": count for name, count in counts.items()}})
    logger.info("the backfill is completed", counts=counts)
