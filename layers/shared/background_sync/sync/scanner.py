"""Scanning the conversations of one number, page by page, until the deadline."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace

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
from background_sync.kapso.reception import check_reception
from background_sync.kapso.webhooks import failed_deliveries, list_webhooks, list_webhooks_by_number
from background_sync.records.budgets import Budget, BudgetSpent
from background_sync.records.key_webhooks import SweptWebhooks, find_webhooks, remember_webhooks
from background_sync.rules.policy import Policy
from background_sync.rules.reception import UNKNOWN
from background_sync.rules.scan import Scan, Verification, closing_scan
from background_sync.rules.webhooks import WebhookState, is_failing
from background_sync.rules.workspace import KapsoAccount, Mode
from background_sync.sync.compare import Comparer
from background_sync.sync.place import Placer
from background_sync.sync.task import Job
from background_sync.telemetry import logger
from background_sync.tokens import NoToken, TokenThrottled

MARGIN_MS = 20_000
MAX_PAGES = 10_000
"""The most pages of one scan: a million conversations. A list that goes on longer cannot be true."""
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
    TokenThrottled: "token_throttled",
    NoToken: "no_token",
}


@dataclass(slots=True, kw_only=True)
class Scanner:
    """Scans one number for one job: `settled` as in `Workspace`, `missed_activity` as in `verify`."""

    job: Job
    account: KapsoAccount
    policy: Policy
    mode: Mode
    settled: tuple[int, int] | None = None
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
                    return _progress(scan, comparer)
                # After a resumed scan, another one follows anyway.
                following = None if self.is_resumed(scan) else closing_scan(scan)
                if following is not None and self.job.deadline.within(MARGIN_MS):
                    return _progress(following, comparer)
            comparer.compare_held()
        except tuple(DEFERRED_BY) as error:
            comparer.compare_held()
            scan = _progress(scan, comparer)
            if isinstance(error, Unauthorized) and self._key_changed():
                return self.run_until_deadline(scan)
            return self._deferred(scan, error)
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
        return replace(scan, after=page.next_cursor, pages=scan.pages + 1, is_snapshot=is_snapshot)

    def _pages(self, client: KapsoClient, scan: Scan) -> Iterator[ConversationPage]:
        if scan.pages >= MAX_PAGES:
            raise InvalidResponse(f"more than {MAX_PAGES} pages of conversations")
        return changed_since(client, self.account.phone_id, scan.since, until_ms=scan.until, after=scan.after)

    def _comparer(self, scan: Scan) -> Comparer:
        return Comparer(
            placer=Placer.resumed(self.job.database, self.account.workspace_id, scan),
            forgotten=self.job.context.forgotten.of(self.account.workspace_id),
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
            kapso.tokens.get(self.account.token_parameter, deadline),
            clock=self.job.context.clock,
            # However slowly Kapso answers, there must be time left to close the run.
            deadline=Deadline(deadline.clock, deadline.at - CLOSING_MS),
            on_request=self._budget.take,
        )

    def _key_changed(self) -> bool:
        """Whether a key that Kapso refused is another one in SSM by now."""
        tokens = self.job.context.kapso.tokens
        return tokens.is_changed(self.account.token_parameter, self.job.deadline)

    def _learn_limit(self, client: KapsoClient | None) -> None:
        """Before the next request: the answer to the first one may state a smaller limit."""
        if client is not None and client.rate_limit is not None:
            self._budget.learn_limit(client.rate_limit.limit)

    def _deferred(self, scan: Scan, error: Exception) -> Verification:
        reason = next(name for kind, name in DEFERRED_BY.items() if isinstance(error, kind))
        self._rest(error)
        logger.warning("verification deferred", reason=reason, error=str(error))
        now = self.job.now()
        return Verification(scan, now, deferred=reason, again_at=_again_at(error, now))

    def _with_webhooks(self, client: KapsoClient, scan: Scan) -> Verification:
        """The completed scan with the state of the webhooks, if that can be read."""
        found = Verification(scan, self.job.now())
        try:
            if webhook := self._webhook_state(client):
                found = replace(found, webhook=webhook.state, webhook_missing=webhook.missing)
            failed = (
                failed_deliveries(client, self.account.phone_id, scan.covers_from)
                if scan.verified.lost
                else ()
            )
            found = replace(found, failed_deliveries=len(failed), webhook_failing=is_failing(failed))
        except tuple(DEFERRED_BY) as error:
            self._rest(error)
            logger.warning("the number's webhooks could not be read", error=str(error))
        return replace(found, finished_at=self.job.now())

    def _webhook_state(self, client: KapsoClient) -> WebhookState | None:
        """As the first run of the sweep with this key found it, for all numbers at once."""
        key_name, phone_id = self._budget.key_name, self.account.phone_id
        known = find_webhooks(key_name, self.job.run_at)
        if known is None:
            try:
                listed = list_webhooks_by_number(client)
            except (NumberUnknown, Rejected, InvalidResponse) as error:
                logger.debug("the project's webhooks could not be listed", error=str(error))
                return WebhookState.of(list_webhooks(client, phone_id))
            states = {name: None if each is None else WebhookState.of(each) for name, each in listed.items()}
            known = SweptWebhooks(states)
            remember_webhooks(key_name, self.job.run_at, known)
        return known.of(phone_id)

    def ask_reception(self) -> str:
        """As Kapso's check of the number says it; unknown if there is no answer.

        A 429 is not respected for the other requests: these checks have a limit of their own.
        """
        try:
            return check_reception(self._client(), self.account.phone_id)
        except tuple(DEFERRED_BY) as error:
            logger.warning("Kapso did not check the number", error=str(error))
            return UNKNOWN

    def _rest(self, error: Exception) -> None:
        if isinstance(error, RateLimited):
            self._budget.block(error.retry_after_s)


def _again_at(error: Exception, now: int) -> int | None:
    if isinstance(error, BudgetSpent):
        return error.until
    return now + error.retry_after_s * 1000 if isinstance(error, RateLimited) else None


def _progress(scan: Scan, comparer: Comparer) -> Scan:
    """The scan with what the comparer knows by now; made once, because it copies what may be many people."""
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
