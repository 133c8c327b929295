"""Verifying a workspace against Kapso: one scan of the conversations that changed since the last one.

    scan from the watermark, less an overlap ─> compare each page ─> look at the number's webhooks

The watermark moves to the time before the scan began, and only when all of it was compared and written. A
scan that does not fit one invocation goes on from its place; one that Kapso does not answer is deferred,
which is no failure: the watermark stays, and the next run's scan begins where this one did.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace

from background_sync.clock import Clock, Deadline
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
from background_sync.kapso.webhooks import Webhook, failed_deliveries, list_webhooks
from background_sync.records.budgets import Budget, BudgetSpent
from background_sync.records.database import Database
from background_sync.rules.policy import Policy
from background_sync.rules.scan import Scan, Verification
from background_sync.rules.workspace import Mode, Number
from background_sync.sync.compare import Comparer
from background_sync.telemetry import logger
from background_sync.tokens import NoToken, Tokens

MARGIN_MS = 20_000
MAX_PAGES = 10_000
"""Of one scan, over all its invocations: a million conversations. Cursors without an end are nonsense."""
MAX_COUNTED = 2_000
"""Whom a scan remembers to have counted, over its invocations: one person's conversations lie close."""
CLOSING_MS = 8_000
"""What Kapso must leave of an invocation, however long it takes, for the run to be closed."""
DEFERRED_BY: Mapping[type[Exception], str] = {
    InvalidPhoneId: "invalid_phone_id",
    Unauthorized: "unauthorized",
    NumberUnknown: "number_unknown",
    Rejected: "rejected",
    RateLimited: "rate_limited",
    BudgetSpent: "budget_spent",
    Unavailable: "unavailable",
    InvalidResponse: "nonsense",
    NoToken: "no_token",
}


@dataclass(frozen=True, slots=True)
class Kapso:
    """Where Kapso is, and how its keys are read."""

    base_url: str
    tokens: Tokens
    clock: Clock


@dataclass(frozen=True, slots=True)
class Verifier:
    """Verifies one number for one run, which was first claimed at `claimed_at` (ms).

    `missed_activity` as `Comparer` has it, of this invocation.
    """

    kapso: Kapso
    database: Database
    number: Number
    policy: Policy
    mode: Mode
    run_at: int
    claimed_at: int
    deadline: Deadline
    missed_activity: dict[str, int] = field(default_factory=dict)

    def resumed(self, scan: Scan) -> bool:
        """Whether an earlier run began the scan."""
        return scan.started_at < self.claimed_at

    def run_until_deadline(self, scan: Scan) -> Scan | Verification:
        """Scan until it is over, or until the deadline is near: then the scan comes back to go on with."""
        comparer, client = self._comparer(scan), None
        try:
            client = self._client()
            for page in self._pages(client, scan):
                comparer.compare(page.conversations)
                comparer.verified = comparer.verified.plus("unreadable", len(page.invalid))
                for reason in page.invalid:
                    logger.warning("unreadable conversation", reason=reason)
                scan = _after(scan, page, comparer)
                if scan.after is not None and self.deadline.within(MARGIN_MS):
                    break
        except tuple(DEFERRED_BY) as error:
            return self._deferred(scan, error)
        finally:
            if client is not None and client.rate_limit is not None:
                self._budget().learn_limit(client.rate_limit.limit)
        if scan.after is not None:
            return scan
        if self.resumed(scan):  # another scan follows it
            return Verification(scan, self.kapso.clock.now())
        return self._concluded(client, scan)

    def _pages(self, client: KapsoClient, scan: Scan) -> Iterator[ConversationPage]:
        if scan.pages >= MAX_PAGES:
            raise InvalidResponse(f"more than {MAX_PAGES} pages of conversations")
        return changed_since(client, self.number.phone_id, scan.since, until_ms=scan.until, after=scan.after)

    def _comparer(self, scan: Scan) -> Comparer:
        return Comparer(
            self.database,
            self.number.workspace_id,
            self.run_at,
            scan.started_at,
            self.policy,
            self.mode,
            scan.verified,
            dict(scan.counted),
            scan.incomplete,
            self.missed_activity,
        )

    def _client(self) -> KapsoClient:
        key = self.kapso.tokens.get(self.number.token_parameter)
        return KapsoClient(
            self.kapso.base_url,
            key,
            clock=self.kapso.clock,
            deadline=Deadline(self.deadline.clock, self.deadline.at - CLOSING_MS),
            on_request=self._budget().take,
        )

    def _budget(self) -> Budget:
        name = self.number.token_parameter.rsplit("/", 1)[-1]
        return Budget(name, self.policy.verify_rate_share, self.kapso.clock)

    def _deferred(self, scan: Scan, error: Exception) -> Verification:
        reason = next(name for kind, name in DEFERRED_BY.items() if isinstance(error, kind))
        if isinstance(error, RateLimited):
            self._budget().block(error.retry_after_s)
        if isinstance(error, Unauthorized):
            self.kapso.tokens.forget(self.number.token_parameter)
        logger.warning("verification deferred", reason=reason, error=str(error))
        now = self.kapso.clock.now()
        return Verification(scan, now, deferred=reason, again_at=_again_at(error, now))

    def _concluded(self, client: KapsoClient, scan: Scan) -> Verification:
        """With the cause, as far as Kapso tells it: whatever goes wrong here costs no verification."""
        webhook = failed = None
        try:
            webhook = _state(list_webhooks(client, self.number.phone_id))
            failed = failed_deliveries(client, self.number.phone_id, scan.since, max_pages=1)
        except tuple(DEFERRED_BY) as error:
            if isinstance(error, RateLimited):
                self._budget().block(error.retry_after_s)
            logger.warning("the number's webhooks could not be looked at", error=str(error))
        return Verification(scan, self.kapso.clock.now(), webhook=webhook, failed_deliveries=failed)


def _again_at(error: Exception, now: int) -> int | None:
    if isinstance(error, BudgetSpent):
        return error.until
    return now + error.retry_after_s * 1000 if isinstance(error, RateLimited) else None


def _after(scan: Scan, page: ConversationPage, comparer: Comparer) -> Scan:
    return replace(
        scan,
        after=page.next_cursor,
        verified=comparer.verified,
        counted=dict(list(comparer.counted.items())[-MAX_COUNTED:]),
        incomplete=comparer.incomplete,
        pages=scan.pages + 1,
    )


def _state(webhooks: Collection[Webhook]) -> str:
    """`none`, `off` when one is switched off, else `active`."""
    if not webhooks:
        return "none"
    return "active" if all(webhook.active for webhook in webhooks) else "off"
