"""Verifying a workspace against Kapso: one scan of the conversations that changed since the last scan.

    scan from the watermark, less an overlap -> compare each page -> look at the number's webhooks

Kapso lists only what it hears from Meta. Whether it does is asked with the audit, by each run while it does
not, and by a run when the last answer is two days old, because a workspace's audits may be days apart.

The watermark moves to the time before the scan began, and only when everything was compared and written. A
scan that does not fit one invocation continues from its checkpoint. A scan that Kapso does not answer is
deferred, which is not a failure: the watermark stays, and the next run's scan begins where this one did.
"""

from dataclasses import replace
from enum import Enum

from pynamodb.expressions.update import Action

from background_sync.records import workspaces
from background_sync.records.runs import Run
from background_sync.rules.notices import reception_changed, webhook_changed
from background_sync.rules.policy import DAY_MS
from background_sync.rules.reception import LOST, UNKNOWN, latest_reception
from background_sync.rules.scan import (
    Scan,
    Verification,
    begin_scan,
    following_scan,
    is_intake_silent,
    is_uncompared,
    settled_period,
    verified_from,
)
from background_sync.rules.workspace import Workspace
from background_sync.sync.scanner import MARGIN_MS, Scanner
from background_sync.sync.task import Job
from background_sync.telemetry import logger

WAITING_SHARE = 3
"""A run waits for its key in the first third of an interval: a sweep that ended later would count as late."""
SPREAD_MS = 20_000
RECEPTION_MS = 2 * DAY_MS


class ContinueLater(Enum):
    """The rest of the scan is left to a follow-up message."""

    CONTINUE_LATER = "continue later"


CONTINUE_LATER = ContinueLater.CONTINUE_LATER


def verify(
    job: Job, workspace: Workspace, missed_activity: dict[str, int]
) -> Verification | ContinueLater | None:
    """What Kapso says about a run's workspace; None when the workspace does not ask for verification.

    `missed_activity` receives the newest Kapso activity (ms) by contact that the scan finds and does not
    repair.
    """
    if workspace.mode is None:
        remembered = (workspace.pending_scan, workspace.webhook, workspace.reception)
        if any(each is not None for each in remembered):
            workspaces.forget_verification(job.database, workspace.workspace_id, job.run_at)
        return None
    verification = saved_verification(job.record)
    if verification is None:
        scanner = Scanner(
            job=job,
            account=workspace.account,
            policy=workspace.policy,
            mode=workspace.mode,
            settled=workspace.settled,
            missed_activity=missed_activity,
        )
        scan = _scan(scanner, workspace)
        if isinstance(scan, Scan):
            job.follow_up(Run.scan.set(scan.document()))
            logger.debug("the scan continues in a follow-up message", verified=scan.verified.verified)
            return CONTINUE_LATER
        turn = _turn(job, workspace, scan)
        if turn is not None:
            delay_s = job.pause(turn, Run.scan.set(scan.scan.document()))
            logger.debug(
                "the run waits until its key may be used again", reason=scan.deferred, seconds=delay_s
            )
            return CONTINUE_LATER
        verification = replace(
            scan.as_last_seen(workspace),
            uncompared=is_uncompared(workspace, scan, job.run_at),
            reception=ask_reception(job, workspace) if _asks(workspace, job) else workspace.reception,
            intake_silent=is_intake_silent(workspace, scan),
        )
        # The result is saved before anything depends on it: a later attempt must conclude the same.
        change = _webhook_change(workspace, verification)
        if job.record.scan is None and verification.found_nothing and not change:  # saved with the selection
            job.record.verification = verification.document()
        else:
            job.save(Run.verification.set(verification.document()), Run.scan.remove(), *change)
    _remember(job, workspace, verification)
    return verification


def ask_reception(job: Job, workspace: Workspace) -> str | None:
    """Ask whether Kapso hears Meta about the number; returns what is stored now.

    None, without asking, if the workspace is not verified.
    """
    if workspace.mode is None:
        return None
    scanner = Scanner(job=job, account=workspace.account, policy=workspace.policy, mode=workspace.mode)
    known = workspace.reception
    reception = latest_reception(known, scanner.ask_reception())
    if reception_changed(known, reception):
        job.save(Run.reception.set(reception), Run.reception_was.set(known or UNKNOWN))
    workspaces.remember_reception(job.database, workspace.account, reception, job.now())
    return reception


def saved_verification(run: Run) -> Verification | None:
    """The scan that an earlier attempt of the run completed."""
    return None if run.verification is None else Verification.read(run.verification)


def saved_counts(run: Run) -> dict[str, int]:
    """The counts of the run's scan so far, whether it has ended or not."""
    verification = saved_verification(run)
    if verification is not None:
        return verification.counts()
    return {} if run.scan is None else Scan.read(run.scan).verified.counts()


def _scan(scanner: Scanner, workspace: Workspace) -> Scan | Verification:
    job, saved = scanner.job, scanner.job.record.scan
    if saved and saved["phone_id"] == workspace.account.phone_id:
        begun = Scan.read(saved)
    else:
        # The window is fixed when the run is first claimed, so that a repeated attempt scans the same one.
        begun = begin_scan(workspace, int(job.record.started_at))
    ended = scanner.run_until_deadline(begun)
    if isinstance(ended, Scan) or not ended.moves_watermark or not scanner.is_resumed(ended.scan):
        return ended
    # A resumed scan ends at the time when it began, in an earlier run. What happened since is compared too,
    # before any contact is judged.
    following = following_scan(ended, job.now())
    return following if job.deadline.within(MARGIN_MS) else scanner.run_until_deadline(following)


def _turn(job: Job, workspace: Workspace, ended: Verification) -> int | None:
    """When a run whose key is used up tries again (ms); None if it does not: the sweep must end in time.

    Workspaces that share a key wait for the same minute. Those that have waited longest try first.
    """
    if ended.again_at is None:
        return None
    interval_ms = job.context.interval_ms
    intervals = max(0, job.run_at - (workspace.watermark or 0)) // interval_ms
    turn = ended.again_at + SPREAD_MS // (1 + intervals)
    return turn if turn <= job.run_at + interval_ms // WAITING_SHARE else None


def _asks(workspace: Workspace, job: Job) -> bool:
    """Whether this run asks for the reception, because it was lost or the last answer is old."""
    answered_at = workspace.reception_at
    is_old = answered_at is not None and job.run_at - answered_at >= RECEPTION_MS
    return is_old or workspace.reception in LOST


def _webhook_change(workspace: Workspace, verification: Verification) -> list[Action]:
    """What the run's record says of a change: a later attempt sees the workspace with the new state."""
    found, known = verification.webhook, workspace.webhook
    differs = found is not None and _webhook_differs(workspace, verification)
    return [Run.webhook_was.set(known or UNKNOWN)] if differs and webhook_changed(known, str(found)) else []


def _webhook_differs(workspace: Workspace, verification: Verification) -> bool:
    return any(
        getattr(workspace, each) != getattr(verification, each) for each in ("webhook", "webhook_missing")
    )


def _remember(job: Job, workspace: Workspace, verification: Verification) -> None:
    scan, webhook = verification.scan, verification.webhook
    if verification.moves_watermark:
        compared = workspaces.Compared(
            phone_id=scan.phone_id,
            verified_from=verified_from(workspace, verification),
            watermark=scan.started_at,
            scan_ms=verification.took_ms,
            settled=settled_period(workspace, verification),
        )
        workspaces.remember_scan(job.database, workspace.workspace_id, compared)
    if verification.pending is not None:
        workspaces.remember_pending(job.database, workspace.workspace_id, verification.pending)
    missing = verification.webhook_missing
    if webhook is not None and _webhook_differs(workspace, verification):
        ended = verification.finished_at
        workspaces.remember_webhook(
            job.database, workspace.workspace_id, job.run_at, webhook, ended, missing=missing
        )
    failing = verification.webhook_failing
    if failing is not None and failing != workspace.webhook_failing:
        workspaces.remember_failing(job.database, workspace.workspace_id, job.run_at, failing)
