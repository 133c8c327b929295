"""One workspace's part of a sweep.

    claim -> superseded? -> verify against Kapso -> survey the index -> save the selection -> flag -> complete
                                  |                       |                                   |
                                  deadline near: save the place, free the lease, send a follow-up

Any message of an unfinished run goes on from what its record has saved. Nothing is flagged before the
selection is saved, and later deliveries flag from that selection alone, so that however often a run is
attempted, and wherever it dies, no more than the cap is flagged and every flag is counted once.
"""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import Enum

from pynamodb.expressions.update import Action

from background_sync.clock import Clock, Deadline
from background_sync.messages import RUN, Message
from background_sync.queue import WorkQueue
from background_sync.records import runs, workspaces
from background_sync.records.counters import Closing
from background_sync.records.database import Database, Usage
from background_sync.records.runs import COMPLETED, RUNNING, Run
from background_sync.records.sweeps import DEFAULT_SHARDS, find_sweep
from background_sync.rules.contact import Confirmation
from background_sync.rules.counts import Flagging, Survey, run_counts
from background_sync.rules.scan import Scan, Verification, first_scan, next_scan, resumed_scan
from background_sync.rules.workspace import Mode, Workspace, read_workspace, skip_reason
from background_sync.sync.flag import Flagger, Progress
from background_sync.sync.survey import Place, Surveyor
from background_sync.sync.task import error_text
from background_sync.sync.verify import MARGIN_MS as SCAN_MARGIN_MS
from background_sync.sync.verify import Kapso, Verifier
from background_sync.telemetry import emit, logger

LOOK_BACK = 3


@dataclass(frozen=True, slots=True)
class Reconciler:
    """What reconciling works with; `page_size` bounds a page of the survey, None is DynamoDB's 1 MB."""

    database: Database
    queue: WorkQueue
    clock: Clock
    lease_ms: int
    kapso: Kapso
    capacity_metered: bool = True
    page_size: int | None = None

    @property
    def closing(self) -> Closing:
        """Closes runs."""
        return Closing(self.database.connection, self.clock)


class ContinueLater(Enum):
    """The scan is left to a follow-up message."""

    LATER = "later"


CONTINUE_LATER = ContinueLater.LATER


def reconcile(reconciler: Reconciler, message: Message, deadline: Deadline, *, first_delivery: bool) -> None:
    """Work on a run until it is completed, or go on in a follow-up message; returns when that is settled.

    Raises:
        OwnedElsewhere, AttemptsSpent: nothing was done, see `runs.claim`.
        LeaseLost: somebody else took the run over.
        Exception: whatever made the attempt fail; the run says so.
    """
    with reconciler.database.metered() as usage:
        run = _claim(reconciler, message, first_delivery=first_delivery)
        if run.status == COMPLETED:
            logger.info("the run is completed already")
            return
        attempt = _Attempt(reconciler, run, deadline, usage, _shards(message.run_at))
        try:
            attempt.work()
        except runs.LeaseLost:
            raise
        except Exception as error:
            attempt.fail(error)
            raise


def _claim(reconciler: Reconciler, message: Message, *, first_delivery: bool) -> Run:
    """Claim the run; one whose every try died without a word is closed as failed."""
    now = reconciler.clock.now()
    try:
        return runs.claim(
            message.workspace_id, message.run_at, now, reconciler.lease_ms, first_delivery=first_delivery
        )
    except runs.AttemptsSpent as spent:
        if spent.run.status == RUNNING:
            _close_dead(reconciler, spent.run)
        raise


def _close_dead(reconciler: Reconciler, dead: Run) -> None:
    """Close a run whose owner died without a word."""
    now = reconciler.clock.now()
    logger.warning("closing a run that died without a word", dead_run_at=int(dead.run_at))
    actions = [Run.finished_at.set(now), Run.error.set("it died without a word")]
    try:
        reconciler.closing.fail(dead, actions, _shards(int(dead.run_at)))
    except runs.LeaseLost:
        logger.info("it is being worked on after all", dead_run_at=int(dead.run_at))


_shards_of_sweep: dict[int, int] = {}


def _shards(run_at: int) -> int:
    """How many counters the sweep was opened with; kept, so that a sweep's record is read once a process."""
    if run_at not in _shards_of_sweep:
        sweep = find_sweep(run_at)
        if sweep is None:
            return DEFAULT_SHARDS
        _shards_of_sweep.clear()
        _shards_of_sweep[run_at] = int(sweep.shards)
    return _shards_of_sweep[run_at]


@dataclass(frozen=True, slots=True)
class _Attempt:
    reconciler: Reconciler
    run: Run
    deadline: Deadline
    usage: Usage
    shards: int
    missed_activity: dict[str, int] = field(default_factory=dict)

    @property
    def now(self) -> int:
        """The moment that every rule judges: the sweep's, however late or often the run is attempted."""
        return int(self.run.run_at)

    def work(self) -> None:
        """Bring the run to its end, or to a follow-up message."""
        self._close_the_dead()
        record = workspaces.find_workspace(self.reconciler.database, self.run.workspace_id)
        reason = "no_workspace" if record is None else skip_reason(record)
        if record is None or reason is not None:
            self._complete({"skipped": 1}, why=reason)
        elif not self._is_newest(record):
            self._complete({"superseded": 1, **self._flagged_so_far(read_workspace(record))})
        else:
            self._work_on(read_workspace(record))

    def _is_newest(self, record: Mapping[str, object]) -> bool:
        """Whether no newer run was claimed; notes this one."""
        if record.get("latest_run_at") == self.now:
            return True
        return workspaces.remember_run(self.reconciler.database, self.run.workspace_id, self.now)

    def _close_the_dead(self) -> None:
        now = self.reconciler.clock.now()
        for dead in runs.expired_before(self.run.workspace_id, self.now, now, LOOK_BACK):
            _close_dead(self.reconciler, dead)

    def _flagged_so_far(self, workspace: Workspace) -> dict[str, int]:
        """The counts of a run that got as far as flagging before it was superseded."""
        if self.run.selection is None:
            return {}
        flagging = self._flagger(workspace, None).done_since(Progress.read(self.run.progress))
        unverified = _is_deferred(self._saved_verification())
        return run_counts(Survey(**self.run.selection["survey"]), flagging, unverified=unverified)

    def _saved_verification(self) -> Verification | None:
        saved = self.run.verification
        return None if saved is None else Verification.read(saved)

    def _compared_so_far(self) -> dict[str, int]:
        """The counts of a scan that this run began, whether it came to its end or not."""
        verification = self._saved_verification()
        if verification is not None:
            return _verification_counts(verification)
        return {} if self.run.scan is None else Scan.read(self.run.scan).verified.counts()

    def _work_on(self, workspace: Workspace) -> None:
        if workspace.invalid_settings:
            logger.warning("unusable settings, defaults used", settings=list(workspace.invalid_settings))
        verification = self._verified(workspace)
        if verification is CONTINUE_LATER:
            return
        confirmation = _confirmation(workspace, verification)
        if self.run.selection is None and not self._survey(workspace, verification, confirmation):
            return
        flagging = self._flag(workspace, confirmation)
        if flagging is None:
            return
        survey = Survey(**self.run.selection["survey"])
        counts = run_counts(survey, flagging, unverified=_is_deferred(verification))
        self._complete({**counts, "invalid_setting": len(workspace.invalid_settings)}, verification)

    def _verified(self, workspace: Workspace) -> Verification | ContinueLater | None:
        """What Kapso says; None for a workspace that does not ask."""
        if workspace.mode is None:
            if workspace.pending_scan is not None or workspace.webhook is not None:
                workspaces.forget_verification(self.reconciler.database, workspace.workspace_id)
            return None
        if self.run.verification is None and not self._scan(workspace, workspace.mode):
            return CONTINUE_LATER
        verification = Verification.read(self.run.verification)
        self._remember(workspace, verification)
        return verification

    def _scan(self, workspace: Workspace, mode: Mode) -> bool:
        """Scan from the saved place; False when the rest is left to a follow-up message."""
        verifier = Verifier(
            self.reconciler.kapso,
            self.reconciler.database,
            workspace.number,
            workspace.policy,
            mode,
            self.now,
            int(self.run.started_at),
            self.deadline,
            self.missed_activity,
        )
        scan = verifier.run_until_deadline(self._begun_scan(workspace))
        if isinstance(scan, Verification) and scan.moves_watermark and verifier.resumed(scan.scan):
            # What happened since it began is compared too, before anybody is judged.
            scan = self._following(scan)
            if not self.deadline.within(SCAN_MARGIN_MS):
                scan = verifier.run_until_deadline(scan)
        if isinstance(scan, Verification):
            runs.save_verification(self.run, scan.document())
            return True
        runs.save_scan(self.run, scan.document(), *self._units())
        self.reconciler.queue.send([self._message()])
        logger.info("the scan goes on in a follow-up message", verified=scan.verified.verified)
        return False

    def _begun_scan(self, workspace: Workspace) -> Scan:
        phone_id, now = workspace.number.phone_id, self.reconciler.clock.now()
        if self.run.scan and self.run.scan["phone_id"] == phone_id:
            return Scan.read(self.run.scan)
        if workspace.pending_scan is not None:
            return resumed_scan(workspace.pending_scan, now)
        if workspace.watermark is None:
            return first_scan(phone_id, workspace.policy.verify_lookback_ms, now)
        return next_scan(phone_id, workspace.watermark, workspace.scan_ms, now)

    def _following(self, ended: Verification) -> Scan:
        scan, now = ended.scan, self.reconciler.clock.now()
        following = next_scan(scan.phone_id, scan.started_at, _took_ms(ended), now)
        return replace(following, verified=scan.verified, counted=scan.counted, follows_from=scan.covers_from)

    def _remember(self, workspace: Workspace, verification: Verification) -> None:
        scan, ended = verification.scan, verification.finished_at
        if verification.moves_watermark:
            begun, took_ms = _verified_from(workspace, scan), _took_ms(verification)
            compared = workspaces.Compared(scan.phone_id, begun, scan.started_at, took_ms)
            workspaces.remember_scan(self.reconciler.database, workspace.workspace_id, compared)
        if verification.pending is not None:
            workspaces.remember_pending(
                self.reconciler.database, workspace.workspace_id, verification.pending
            )
        if verification.webhook is not None and verification.webhook != workspace.webhook:
            workspaces.remember_webhook(
                self.reconciler.database, workspace.workspace_id, verification.webhook, ended
            )

    def _survey(
        self, workspace: Workspace, verification: Verification | None, confirmation: Confirmation | None
    ) -> bool:
        """Survey the index from the saved place; False when the rest is left to a follow-up message."""
        surveyor = Surveyor(
            self.reconciler.database,
            workspace.workspace_id,
            self.now,
            workspace.policy,
            confirmation,
            workspace.unwritable,
            self.reconciler.page_size,
            self.missed_activity,
        )
        place = surveyor.run_until_deadline(Place.read(self.run.place), self.deadline)
        if place.start is not None:
            runs.save_checkpoint(self.run, place.document(), *self._units())
            self.reconciler.queue.send([self._message()])
            logger.info("the survey goes on in a follow-up message", survey=asdict(place.survey))
            return False
        candidates = () if _is_deferred(verification) else place.candidates
        selection = {
            "survey": asdict(place.survey),
            "cap": workspace.policy.max_flags_per_run,
            "contact_ids": [each.contact_id for each in candidates],
            "not_stale": [at for at, each in enumerate(candidates) if not each.stale],
        }
        runs.save_selection(self.run, selection)
        return True

    def _flag(self, workspace: Workspace, confirmation: Confirmation | None) -> Flagging | None:
        """Flag the selected ones; None when the rest is left to a follow-up message."""
        flagger, begun = self._flagger(workspace, confirmation), Progress.read(self.run.progress)
        progress, is_all = flagger.run_until_deadline(begun, self.deadline, repeated=self.run.attempts > 1)
        if not is_all:
            runs.save_progress(self.run, asdict(progress), *self._units())
            self.reconciler.queue.send([self._message()])
            logger.info("flagging goes on in a follow-up message")
            return None
        self._remember_refused(workspace, progress.refused, flagger.selected)
        return progress.flagging

    def _flagger(self, workspace: Workspace, confirmation: Confirmation | None) -> Flagger:
        return Flagger(
            self.reconciler.database,
            workspace.workspace_id,
            self.now,
            workspace.policy,
            confirmation,
            self.run.selection["contact_ids"],
            frozenset(self.run.selection["not_stale"]),
            self.run.selection["cap"],
            self.missed_activity,
        )

    def _message(self) -> Message:
        return Message(RUN, self.run.workspace_id, self.now)

    def _remember_refused(
        self, workspace: Workspace, refused: Collection[str], tried: Collection[str]
    ) -> None:
        known = (workspace.unwritable - set(tried)) | set(refused)
        if known != workspace.unwritable:
            workspaces.remember_unwritable(self.reconciler.database, workspace.workspace_id, known)

    def _complete(
        self, counts: Mapping[str, int], verification: Verification | None = None, *, why: str | None = None
    ) -> None:
        """Close the run with its counts; `why` it was skipped."""
        now = self.reconciler.clock.now()
        duration = now - int(self.run.started_at)
        said = {"skip_reason": why, "deferred_why": None, "webhook": None}
        counts = {**self._compared_so_far(), **counts}
        if verification is not None:
            said |= {"deferred_why": verification.deferred, "webhook": verification.webhook}
        actions: list[Action] = [
            Run.finished_at.set(now),
            Run.duration_ms.set(duration),
            Run.error.remove(),
        ]
        actions += self._units()
        actions += [getattr(Run, name).set(text) for name, text in said.items() if text is not None]
        self.reconciler.closing.complete(self.run, counts, actions, self.shards)
        refused = int(verification is not None and verification.deferred == "unauthorized")
        measured = {"runs_completed": 1, "kapso_unauthorized": refused, **counts, **self._spent()}
        emit(measured, self.run.workspace_id, run_duration=duration)
        logger.info("the run is completed", counts=dict(counts))

    def fail(self, error: Exception) -> None:
        """Close the run as failed; where even that fails, its lease ends by itself."""
        now = self.reconciler.clock.now()
        text = error_text(error)
        duration = now - int(self.run.started_at)
        actions = [Run.finished_at.set(now), Run.duration_ms.set(duration), Run.error.set(text)]
        try:
            self.reconciler.closing.fail(self.run, [*actions, *self._units()], self.shards)
        except Exception:
            logger.exception("the failure could not be recorded")
        emit({"runs_failed": 1}, self.run.workspace_id, run_duration=duration)

    def _units(self) -> list[Action]:
        """The capacity consumed, but for the last write's, which cannot know its own."""
        return [getattr(Run, name).set(units) for name, units in self._spent().items()]

    def _spent(self) -> dict[str, float]:
        """Capacity units over all attempts so far; none where they are not metered."""
        if not self.reconciler.capacity_metered:
            return {}
        return {
            "read_units": (self.run.read_units or 0) + self.usage.read_units,
            "write_units": (self.run.write_units or 0) + self.usage.write_units,
        }


def _confirmation(workspace: Workspace, verification: Verification | None) -> Confirmation | None:
    """What the scan lets the run conclude; nothing, if it was cut short."""
    if verification is None or verification.deferred is not None:
        return None
    return Confirmation(_verified_from(workspace, verification.scan))


def _verified_from(workspace: Workspace, scan: Scan) -> int:
    return scan.covers_from if workspace.verified_from is None else workspace.verified_from


def _took_ms(verification: Verification) -> int:
    return max(0, verification.finished_at - verification.scan.started_at)


def _is_deferred(verification: Verification | None) -> bool:
    return verification is not None and verification.deferred is not None


def _verification_counts(verification: Verification) -> dict[str, int]:
    return {
        **verification.scan.verified.counts(),
        "deferred": int(verification.deferred is not None),
        "webhook_off": int(verification.webhook in ("off", "none")),
        "failed_deliveries": verification.failed_deliveries or 0,
    }
