"""One workspace's part of a sweep.

    claim -> superseded? -> survey the index -> save the selection -> flag -> complete
                                |                                      |
                    deadline near: save the place,          deadline near: free the lease,
                    free the lease, send a follow-up        send a follow-up

Any message of an unfinished run goes on from what its record has saved. Nothing is flagged before the
selection is saved, and later deliveries flag from that selection alone, so that however often a run is
attempted, and wherever it dies, no more than the cap is flagged and every flag is counted once.
"""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass

from background_sync.clock import Clock, Deadline
from background_sync.messages import RUN, Message
from background_sync.queue import WorkQueue
from background_sync.records import runs, workspaces
from background_sync.records.contacts import index_page
from background_sync.records.counters import Closing
from background_sync.records.database import Database, Usage
from background_sync.records.items import Item
from background_sync.records.runs import COMPLETED, RUNNING, Run
from background_sync.records.sweeps import DEFAULT_SHARDS, find_sweep
from background_sync.rules.contact import Contact, InvalidRecord, Standing, indexed_contact, standing
from background_sync.rules.counts import Survey, run_counts
from background_sync.rules.policy import Policy, read_policy
from background_sync.rules.selection import best
from background_sync.telemetry import emit, logger
from background_sync.usecases.dispatch import skip_reason
from background_sync.usecases.flag import flag_selected

MARGIN_MS = 15_000
"""What is kept back of an invocation for saving the place and sending the follow-up."""
LOOK_BACK = 3
MAX_ERROR_LENGTH = 500


@dataclass(frozen=True, slots=True)
class Reconciler:
    """What reconciling works with; `page_size` bounds a page of the survey, None is DynamoDB's 1 MB."""

    database: Database
    queue: WorkQueue
    clock: Clock
    lease_ms: int
    capacity_metered: bool = True
    page_size: int | None = None

    @property
    def closing(self) -> Closing:
        """Closes runs."""
        return Closing(self.database.connection, self.clock)


@dataclass(frozen=True, slots=True)
class Workspace:
    """What a run needs to know of its workspace."""

    workspace_id: str
    policy: Policy
    invalid_settings: tuple[str, ...]
    unwritable: frozenset[str]


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

    @property
    def now(self) -> int:
        """The moment that every rule judges: the sweep's, however late or often the run is attempted."""
        return int(self.run.run_at)

    def work(self) -> None:
        record = workspaces.find_workspace(self.reconciler.database, self.run.workspace_id)
        reason = "no_workspace" if record is None else skip_reason(record)
        if record is None or reason is not None:
            self._complete({"skipped": 1}, skip_reason=reason)
        elif not self._is_newest(record):
            self._complete({"superseded": 1})
        else:
            self._work_on(_workspace(record))

    def _is_newest(self, record: Mapping[str, object]) -> bool:
        """Whether no newer run was claimed; notes this one, and closes those before it that died."""
        if record.get("latest_run_at") == self.now:
            return True
        if not workspaces.remember_run(self.run.workspace_id, self.now):
            return False
        if record.get("latest_run_at") is not None:
            self._close_the_dead()
        return True

    def _close_the_dead(self) -> None:
        now = self.reconciler.clock.now()
        for dead in runs.died_before(self.run.workspace_id, self.now, now, LOOK_BACK):
            _close_dead(self.reconciler, dead)

    def _work_on(self, workspace: Workspace) -> None:
        if workspace.invalid_settings:
            logger.warning("unusable settings, defaults used", settings=list(workspace.invalid_settings))
        if self.run.selection is None and not self._survey(workspace):
            return
        survey, selected = Survey(**self.run.selection["survey"]), self.run.selection["contact_ids"]
        flagging, refused = flag_selected(
            self.reconciler.database,
            workspace.workspace_id,
            selected,
            self.now,
            workspace.policy,
            self.deadline,
            repeated=self.run.attempts > 1,
        )
        if flagging is None:
            self._go_on_later()
            return
        self._remember_refused(workspace, refused, selected)
        counts = run_counts(survey, flagging)
        self._complete({**counts, "invalid_setting": len(workspace.invalid_settings)})

    def _survey(self, workspace: Workspace) -> bool:
        """Survey the index from the saved place; False when the rest is left to a follow-up message."""
        place = _Place.read(self.run.place)
        while True:
            page = index_page(
                self.reconciler.database, workspace.workspace_id, place.start, self.reconciler.page_size
            )
            place = place.after(page.entries, page.next_key, self.now, workspace)
            if place.start is None:
                break
            if self.deadline.within(MARGIN_MS):
                runs.save_place(self.run, place.document())
                self.reconciler.queue.send([self._message()])
                logger.info("the survey goes on in a follow-up message", survey=asdict(place.survey))
                return False
        contact_ids = [contact.contact_id for contact in place.candidates]
        runs.save_selection(self.run, {"survey": asdict(place.survey), "contact_ids": contact_ids})
        return True

    def _go_on_later(self) -> None:
        runs.free_lease(self.run)
        self.reconciler.queue.send([self._message()])
        logger.info("flagging goes on in a follow-up message")

    def _message(self) -> Message:
        return Message(RUN, self.run.workspace_id, self.now)

    def _remember_refused(
        self, workspace: Workspace, refused: Collection[str], tried: Collection[str]
    ) -> None:
        known = (workspace.unwritable - set(tried)) | set(refused)
        if known != workspace.unwritable:
            workspaces.remember_unwritable(workspace.workspace_id, known)

    def _complete(self, counts: Mapping[str, int], skip_reason: str | None = None) -> None:
        now = self.reconciler.clock.now()
        duration = now - int(self.run.started_at)
        actions = [Run.finished_at.set(now), Run.duration_ms.set(duration), *self._units()]
        if skip_reason is not None:
            actions.append(Run.skip_reason.set(skip_reason))
        if not counts.get("superseded"):
            actions.append(Run.error.remove())
        self.reconciler.closing.complete(self.run, counts, actions, self.shards)
        emit({"runs_completed": 1, **counts}, self.run.workspace_id, run_duration=duration)
        logger.info("the run is completed", counts=dict(counts))

    def fail(self, error: Exception) -> None:
        """Close the run as failed; where even that fails, its lease ends by itself."""
        now = self.reconciler.clock.now()
        text = f"{type(error).__name__}: {error}"[:MAX_ERROR_LENGTH]
        duration = now - int(self.run.started_at)
        actions = [Run.finished_at.set(now), Run.duration_ms.set(duration), Run.error.set(text)]
        try:
            self.reconciler.closing.fail(self.run, [*actions, *self._units()], self.shards)
        except Exception:
            logger.exception("the failure could not be recorded")
        emit({"runs_failed": 1}, self.run.workspace_id, run_duration=duration)

    def _units(self) -> list:  # type: ignore[type-arg]
        """The capacity consumed, over all attempts; all but the closing write, which cannot know its own."""
        if not self.reconciler.capacity_metered:
            return []
        return [
            Run.read_units.set((self.run.read_units or 0) + self.usage.read_units),
            Run.write_units.set((self.run.write_units or 0) + self.usage.write_units),
        ]


def _workspace(record: Mapping[str, object]) -> Workspace:
    policy, invalid = read_policy(record.get("settings"))
    refused = record.get("unwritable")
    ids = refused if isinstance(refused, list) else []
    return Workspace(str(record["workspace_id"]), policy, invalid, frozenset(map(str, ids)))


@dataclass(frozen=True, slots=True)
class _Place:
    """How far a survey has come: where it goes on, its counts, and the best candidates so far."""

    start: Item | None
    survey: Survey
    candidates: tuple[Contact, ...]

    @staticmethod
    def read(document: Mapping[str, object] | None) -> "_Place":
        if document is None:
            return _Place(None, Survey(), ())
        return _Place(
            document["start"],  # type: ignore[arg-type]
            Survey(**document["survey"]),  # type: ignore[arg-type]
            tuple(Contact(*each) for each in document["candidates"]),  # type: ignore[attr-defined]
        )

    def document(self) -> dict[str, object]:
        candidates = [
            [each.contact_id, each.activity_at, each.lead_status, each.flagged_at] for each in self.candidates
        ]
        return {"start": self.start, "survey": asdict(self.survey), "candidates": candidates}

    def after(
        self,
        entries: Collection[Mapping[str, object]],
        next_key: Item | None,
        now: int,
        workspace: Workspace,
    ) -> "_Place":
        """With one page more; as many candidates are kept in reserve as may be flagged."""
        survey, due = _judge(entries, now, workspace.policy)
        limit = 2 * workspace.policy.max_flags_per_run
        candidates = best(self.candidates, due, limit, now, workspace.unwritable)
        return _Place(next_key, self.survey + survey, tuple(candidates))


_COUNTED_AS = {
    Standing.FRESH: "fresh",
    Standing.CLOSED: "closed_leads",
    Standing.COOLING: "in_cooldown",
    Standing.DUE: "due",
}


def _judge(
    entries: Collection[Mapping[str, object]], now: int, policy: Policy
) -> tuple[Survey, list[Contact]]:
    counts = dict.fromkeys(asdict(Survey()), 0)
    due: list[Contact] = []
    for entry in entries:
        try:
            contact = indexed_contact(str(entry["contact_id"]), entry)
        except InvalidRecord as error:
            logger.warning("unreadable contact", contact_id=entry["contact_id"], reason=str(error))
            counts["invalid"] += 1
            continue
        verdict = standing(contact, now, policy)
        counts[_COUNTED_AS[verdict]] += 1
        if verdict is Standing.DUE:
            due.append(contact)
    return Survey(**counts), due
