"""One workspace's part of a sweep.

    claim -> superseded? -> verify against Kapso -> survey the index -> save the selection -> flag -> complete
                                  |                       |                                   |
                                  deadline near: save a checkpoint, free the lease, send a follow-up message

Any message of an unfinished run continues from what its record has saved. No contact is flagged before the
selection is saved, and later attempts flag from that selection alone. So however often a run is attempted,
and wherever it dies, it never writes more flags than the cap, and it counts each flag once.
"""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field

from pynamodb.expressions.update import Action

from background_sync.records import runs, workspaces
from background_sync.records.runs import Run
from background_sync.rules.contact import Confirmation
from background_sync.rules.counts import Flagging, Survey, run_counts
from background_sync.rules.scan import Verification, confirmation
from background_sync.rules.times import future_times
from background_sync.rules.workspace import Workspace, read_workspace, skip_reason
from background_sync.sync.flag import Flagger, FlagProgress
from background_sync.sync.survey import SurveyCheckpoint, Surveyor
from background_sync.sync.task import Job, close_expired
from background_sync.sync.verify import CONTINUE_LATER, saved_counts, saved_verification, verify
from background_sync.telemetry import emit, logger

LOOK_BACK = 3
"""How many earlier runs are checked for an expired lease."""


def reconcile(job: Job) -> None:
    """Work on a run until it is completed, or continue in a follow-up message."""
    for expired in runs.expired_before(job.workspace_id, job.run_at, job.now(), LOOK_BACK):
        close_expired(job.context, expired)
    record, is_newest = workspaces.claim_newest(job.database, job.workspace_id, job.run_at)
    reason = "no_workspace" if record is None else skip_reason(record)
    if record is None or reason is not None:
        _complete(job, {"skipped": 1}, Run.skip_reason.set(reason or ""))
        return
    future = future_times(record, workspaces.TIMES, job.now())
    if future:
        logger.warning("times in the future are not used, and replaced", attributes=future)
    run = _Reconciliation(job, read_workspace(record, job.now()), len(future))
    if is_newest:
        run.work()
    else:
        _complete(job, {"superseded": 1, **run.counts_so_far()})


@dataclass(frozen=True, slots=True)
class _Reconciliation:
    """A run at work.

    `future_times` is how many times in the future its workspace has. `missed_activity` is the newest Kapso
    activity (ms) by contact, as its scan found it.
    """

    job: Job
    workspace: Workspace
    future_times: int = 0
    missed_activity: dict[str, int] = field(default_factory=dict)

    def work(self) -> None:
        workspace, record = self.workspace, self.job.record
        if workspace.invalid_settings:
            logger.warning("invalid settings, defaults used", settings=list(workspace.invalid_settings))
        verification = verify(self.job, workspace, self.missed_activity)
        if verification is CONTINUE_LATER:
            return
        confirmed = confirmation(workspace, verification)
        if record.selection is None and not self._survey(verification, confirmed):
            return
        flagging = self._flag(confirmed)
        if flagging is None:
            return
        counts = run_counts(_saved_survey(record), flagging, unverified=_flags_nobody(verification))
        counts["invalid_setting"] = len(workspace.invalid_settings)
        counts["future_times"] += self.future_times
        _complete(self.job, counts, verification=verification)

    def counts_so_far(self) -> dict[str, int]:
        """The counts of a run that had begun to flag before it was superseded."""
        record = self.job.record
        if record.selection is None:
            return {}
        flagging = self._flagger(None).counts_so_far(FlagProgress.read(record.progress))
        unverified = _flags_nobody(saved_verification(record))
        return run_counts(_saved_survey(record), flagging, unverified=unverified)

    def _survey(self, verification: Verification | None, confirmed: Confirmation | None) -> bool:
        """Survey the index and save the selection; False if the rest is left to a follow-up message."""
        surveyor = Surveyor(
            database=self.job.database,
            workspace_id=self.workspace.workspace_id,
            now=self.job.run_at,
            policy=self.workspace.policy,
            confirmation=confirmed,
            refused=self.workspace.unwritable,
            page_size=self.job.context.page_size,
            missed_activity=self.missed_activity,
        )
        begun = SurveyCheckpoint.read(self.job.record.checkpoint)
        checkpoint = surveyor.run_until_deadline(begun, self.job.deadline)
        saved = [] if verification is None else [Run.verification.set(verification.document())]
        if checkpoint.start is not None:
            self.job.follow_up(Run.checkpoint.set(checkpoint.document()), *saved)
            logger.debug("the survey continues in a follow-up message", survey=asdict(checkpoint.survey))
            return False
        candidates = () if _flags_nobody(verification) else checkpoint.candidates
        selection = {
            "survey": asdict(checkpoint.survey),
            "cap": self.workspace.policy.max_flags_per_run,
            "contact_ids": [each.contact_id for each in candidates],
            "not_stale": [at for at, each in enumerate(candidates) if not each.stale],
        }
        if checkpoint.candidates:
            self.job.save(Run.selection.set(selection), Run.checkpoint.remove(), *saved)
        else:  # Nobody can be flagged, so a later attempt may survey again.
            self.job.record.selection = selection
        return True

    def _flag(self, confirmed: Confirmation | None) -> Flagging | None:
        """Flag the selected contacts; None if the rest is left to a follow-up message."""
        flagger, begun = self._flagger(confirmed), FlagProgress.read(self.job.record.progress)
        repeated = self.job.record.attempts > 1
        progress, is_done = flagger.run_until_deadline(begun, self.job.deadline, repeated=repeated)
        if not is_done:
            self.job.follow_up(Run.progress.set(asdict(progress)))
            logger.debug("flagging continues in a follow-up message")
            return None
        self._remember_unwritable(progress.refused, flagger.selected)
        return progress.flagging

    def _flagger(self, confirmed: Confirmation | None) -> Flagger:
        selection = self.job.record.selection
        return Flagger(
            database=self.job.database,
            workspace_id=self.workspace.workspace_id,
            now=self.job.run_at,
            policy=self.workspace.policy,
            confirmation=confirmed,
            selected=selection["contact_ids"],
            not_stale=frozenset(selection["not_stale"]),
            cap=selection["cap"],
            missed_activity=self.missed_activity,
        )

    def _remember_unwritable(self, refused: Collection[str], tried: Collection[str]) -> None:
        known = (self.workspace.unwritable - set(tried)) | set(refused)
        if known != self.workspace.unwritable:
            workspaces.remember_unwritable(self.job.database, self.job.workspace_id, self.job.run_at, known)


def _complete(
    job: Job, counts: Mapping[str, int], *actions: Action, verification: Verification | None = None
) -> None:
    """Close the run with its counts and those of its scan."""
    counts = {**saved_counts(job.record), **counts}
    job.complete(counts, *_verification_actions(job.record, verification), *actions)
    unauthorized = int(verification is not None and verification.deferred == "unauthorized")
    metrics = {"runs_completed": 1, "kapso_unauthorized": unauthorized, **counts, **job.spent()}
    emit(metrics, job.workspace_id, run_duration=job.duration_ms)
    logger.info("the run is completed", counts=dict(counts))


def _verification_actions(record: Run, verification: Verification | None) -> list[Action]:
    if verification is None:
        return []
    record.webhook = verification.webhook
    texts = (
        (Run.deferred_why, verification.deferred),
        (Run.webhook, verification.webhook),
        (Run.webhook_missing, verification.webhook_missing),
    )
    return [attribute.set(text) for attribute, text in texts if text is not None]


def _flags_nobody(verification: Verification | None) -> bool:
    return verification is not None and verification.flags_nobody


def _saved_survey(record: Run) -> Survey:
    return Survey(**record.selection["survey"])
