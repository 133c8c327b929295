"""Verifying a workspace against Kapso: one scan of the conversations that changed since the last scan.

    scan from the watermark, less an overlap -> compare each page -> look at the number's webhooks

The watermark moves to the time before the scan began, and only when everything was compared and written. A
scan that does not fit one invocation continues from its checkpoint. A scan that Kapso does not answer is
deferred, which is not a failure: the watermark stays, and the next run's scan begins where this one did.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import Enum

from background_sync.clock import CLOSING_MS, Deadline
from background_sync.kapso.client import KapsoClient
from background_sync.kapso.conversations import ConversationPage, changed_since
from background_sync.kapso.errors import (
    InvalidPhoneId,
    InvalidResponse,
    NumberUnknown,
    RateLimited,
    Rejected,
    Unauthorized,
    Unavailable,
)
from background_sync.kapso.webhooks import count_failed_deliveries, list_webhooks, webhook_state
from background_sync.records import workspaces
from background_sync.records.budgets import Budget, BudgetSpent
from background_sync.records.runs import Run
from background_sync.rules.policy import Policy
from background_sync.rules.scan import (
    Scan,
    Verification,
    begin_scan,
    closing_scan,
    following_scan,
    is_uncompared,
    settled_period,
    verified_from,
)
from background_sync.rules.workspace import KapsoAccount, Mode, Workspace
from background_sync.sync.compare import Comparer
from background_sync.sync.place import Placer
from background_sync.sync.task import Job
from background_sync.telemetry import logger
from background_sync.tokens import NoToken

MARGIN_MS = 20_000
MAX_PAGES = 10_000
"""The most pages of one scan: a million conversations. A list that goes on longer cannot be true."""
WAITING_SHARE = 3
"""A run waits for its key in the first third of an interval: a sweep that ended later would count as late."""
SPREAD_MS = 20_000
MAX_COUNTED = 2_000
"""How many people a scan remembers to have counted: the conversations of a person lie close together."""
DEFERRED_BY: Mapping[type[Exception], str] = {
    InvalidPhoneId: "invalid_phone_id",
    Unauthorized: "unauthorized",
    NumberUnknown: "number_unknown",
    Rejected: "rejected",
    RateLimited: "rate_limited",
    BudgetSpent: "budget_spent",
    Unavailable: "unavailable",
    InvalidResponse: "invalid_response",
    NoToken: "no_token",
}


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
        if workspace.pending_scan is not None or workspace.webhook is not None:
            workspaces.forget_verification(job.database, workspace.workspace_id, job.run_at)
        return None
    verification = saved_verification(job.record)
    if verification is None:
        verifier = Verifier(
            job=job,
            account=workspace.account,
            policy=workspace.policy,
            mode=workspace.mode,
            settled=workspace.settled,
            missed_activity=missed_activity,
        )
        scan = _scan(verifier, workspace)
        if isinstance(scan, Scan):
            job.follow_up(Run.scan.set(scan.document()))
            logger.info("the scan continues in a follow-up message", verified=scan.verified.verified)
            return CONTINUE_LATER
        turn = _turn(job, workspace, scan)
        if turn is not None:
            delay_s = job.pause(turn, Run.scan.set(scan.scan.document()))
            logger.info(
                "the run waits until its key may be used again", reason=scan.deferred, seconds=delay_s
            )
            return CONTINUE_LATER
        scan = replace(scan, uncompared=is_uncompared(workspace, scan, job.run_at))
        # The result is saved before anything depends on it: a later attempt must conclude the same.
        job.save(Run.verification.set(scan.document()), Run.scan.remove())
        verification = scan
    _remember(job, workspace, verification)
    return verification


def saved_verification(run: Run) -> Verification | None:
    """The scan that an earlier attempt of the run completed."""
    return None if run.verification is None else Verification.read(run.verification)


def saved_counts(run: Run) -> dict[str, int]:
    """The counts of the run's scan so far, whether it has ended or not."""
    verification = saved_verification(run)
    if verification is not None:
        return verification.counts()
    return {} if run.scan is None else Scan.read(run.scan).verified.counts()


def _scan(verifier: "Verifier", workspace: Workspace) -> Scan | Verification:
    job, saved = verifier.job, verifier.job.record.scan
    if saved and saved["phone_id"] == workspace.account.phone_id:
        begun = Scan.read(saved)
    else:
        # The window is fixed when the run is first claimed, so that a repeated attempt scans the same one.
        begun = begin_scan(workspace, int(job.record.started_at))
    ended = verifier.run_until_deadline(begun)
    if isinstance(ended, Scan) or not ended.moves_watermark or not verifier.is_resumed(ended.scan):
        return ended
    # A resumed scan ends at the time when it began, in an earlier run. What happened since is compared too,
    # before any contact is judged.
    following = following_scan(ended, job.now())
    return following if job.deadline.within(MARGIN_MS) else verifier.run_until_deadline(following)


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


def _remember(job: Job, workspace: Workspace, verification: Verification) -> None:
    scan, webhook = verification.scan, verification.webhook
    if verification.moves_watermark:
        compared = workspaces.Compared(
            phone_id=scan.phone_id,
            verified_from=verified_from(workspace, scan),
            watermark=scan.started_at,
            scan_ms=verification.took_ms,
            settled=settled_period(workspace, scan),
        )
        workspaces.remember_scan(job.database, workspace.workspace_id, compared)
    if verification.pending is not None:
        workspaces.remember_pending(job.database, workspace.workspace_id, verification.pending)
    if webhook is not None and webhook != workspace.webhook:
        ended = verification.finished_at
        workspaces.remember_webhook(job.database, workspace.workspace_id, job.run_at, webhook, ended)


@dataclass(slots=True, kw_only=True)
class Verifier:
    """Scans one number for one job: `settled` as in `Workspace`, `missed_activity` as in `verify`."""

    job: Job
    account: KapsoAccount
    policy: Policy
    mode: Mode
    settled: tuple[int, int] | None
    missed_activity: dict[str, int] = field(default_factory=dict)
    _budget: Budget = field(init=False)

    def __post_init__(self) -> None:
        key_name = self.account.token_parameter.rsplit("/", 1)[-1]
        self._budget = Budget(key_name, self.policy.verify_rate_share, self.job.context.clock)

    def is_resumed(self, scan: Scan) -> bool:
        """Whether an earlier run began the scan."""
        return scan.started_at < int(self.job.record.started_at)

    def run_until_deadline(self, scan: Scan) -> Scan | Verification:
        """Scan to the end, or return the scan to continue when the deadline is near."""
        comparer, client = self._comparer(scan), None
        following: Scan | None = scan
        try:
            client = self._client()
            while following is not None:
                scan = following
                for page in self._pages(client, scan):
                    scan = self._compare(comparer, page, scan)
                    self._learn_limit(client)
                    if self.job.deadline.within(MARGIN_MS):
                        break
                if scan.after is not None:
                    return scan
                # After a resumed scan, another one follows anyway.
                following = None if self.is_resumed(scan) else closing_scan(scan)
                if following is not None and self.job.deadline.within(MARGIN_MS):
                    return following
            comparer.compare_held()
        except tuple(DEFERRED_BY) as error:
            comparer.compare_held()
            return self._deferred(_progress(scan, comparer), error)
        finally:
            self._learn_limit(client)
        scan = _progress(scan, comparer)
        if self.is_resumed(scan):
            # Another scan follows in this run, and that one looks at the webhooks.
            return Verification(scan, self.job.now())
        return self._with_webhooks(client, scan)

    def _compare(self, comparer: Comparer, page: ConversationPage, scan: Scan) -> Scan:
        """Compare a page; returns the scan after it."""
        comparer.compare(page.conversations)
        comparer.suspect(page.unreadable)
        is_snapshot = page.is_all if scan.pages == 0 else scan.is_snapshot and page.records == 0
        scan = _progress(scan, comparer)
        return replace(scan, after=page.next_cursor, pages=scan.pages + 1, is_snapshot=is_snapshot)

    def _pages(self, client: KapsoClient, scan: Scan) -> Iterator[ConversationPage]:
        if scan.pages >= MAX_PAGES:
            raise InvalidResponse(f"more than {MAX_PAGES} pages of conversations")
        return changed_since(client, self.account.phone_id, scan.since, until_ms=scan.until, after=scan.after)

    def _comparer(self, scan: Scan) -> Comparer:
        return Comparer(
            placer=Placer.resumed(self.job.database, self.account.workspace_id, scan),
            run_at=self.job.run_at,
            scan_at=scan.started_at,
            policy=self.policy,
            mode=self.mode,
            settled=self.settled,
            verified=scan.verified,
            counted=dict(scan.counted),
            unplaced_at=scan.unplaced_at,
            incomplete=scan.incomplete,
            missed_activity=self.missed_activity,
        )

    def _client(self) -> KapsoClient:
        kapso, deadline = self.job.context.kapso, self.job.deadline
        return KapsoClient(
            kapso.base_url,
            kapso.tokens.get(self.account.token_parameter),
            clock=self.job.context.clock,
            # However slowly Kapso answers, there must be time left to close the run.
            deadline=Deadline(deadline.clock, deadline.at - CLOSING_MS),
            on_request=self._budget.take,
        )

    def _learn_limit(self, client: KapsoClient | None) -> None:
        """Before the next request: the answer to the first one may state a smaller limit."""
        if client is not None and client.rate_limit is not None:
            self._budget.learn_limit(client.rate_limit.limit)

    def _deferred(self, scan: Scan, error: Exception) -> Verification:
        reason = next(name for kind, name in DEFERRED_BY.items() if isinstance(error, kind))
        self._rest(error)
        if isinstance(error, Unauthorized):
            self.job.context.kapso.tokens.forget(self.account.token_parameter)
        logger.warning("verification deferred", reason=reason, error=str(error))
        now = self.job.now()
        return Verification(scan, now, deferred=reason, again_at=_again_at(error, now))

    def _with_webhooks(self, client: KapsoClient, scan: Scan) -> Verification:
        """The completed scan with the state of the webhooks, if that can be read."""
        webhook = failed = None
        try:
            webhook = webhook_state(list_webhooks(client, self.account.phone_id))
            failed = count_failed_deliveries(client, self.account.phone_id, scan.covers_from, max_pages=1)
        except tuple(DEFERRED_BY) as error:
            self._rest(error)
            logger.warning("the number's webhooks could not be read", error=str(error))
        return Verification(scan, self.job.now(), webhook=webhook, failed_deliveries=failed)

    def _rest(self, error: Exception) -> None:
        if isinstance(error, RateLimited):
            self._budget.block(error.retry_after_s)


def _again_at(error: Exception, now: int) -> int | None:
    if isinstance(error, BudgetSpent):
        return error.until
    return now + error.retry_after_s * 1000 if isinstance(error, RateLimited) else None


def _progress(scan: Scan, comparer: Comparer) -> Scan:
    """The scan with what the comparer knows by now."""
    placer = comparer.placer
    # An identity that is the contact's own id leads there anyway.
    placed = [(identity, found) for identity, found in placer.placed.items() if identity != found]
    return replace(
        scan,
        verified=comparer.verified,
        counted=dict(list(comparer.counted.items())[-MAX_COUNTED:]),
        placed=dict(placed[-MAX_COUNTED:]),
        held=tuple(map(asdict, placer.held.values())),
        unplaced_at=comparer.unplaced_at,
        incomplete=comparer.incomplete,
    )
