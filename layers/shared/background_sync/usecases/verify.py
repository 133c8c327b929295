"""Verifying a workspace against Kapso: one scan of the conversations that changed since the last one.

    scan from the watermark, less an overlap ─> compare each page ─> look at the number's webhooks

The watermark moves to the time before the scan began, and only when all of it was compared and written. A
scan that does not fit one invocation goes on from its place; one that Kapso does not answer is deferred,
which is no failure: the watermark stays, and the next run's scan begins where this one did.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from background_sync.clock import Clock, Deadline
from background_sync.kapso.client import KapsoClient
from background_sync.kapso.conversations import ConversationPage, changed_since
from background_sync.kapso.errors import (
    InvalidPhoneId,
    Nonsense,
    NumberUnknown,
    RateLimited,
    Rejected,
    Unauthorized,
    Unavailable,
)
from background_sync.kapso.webhooks import Webhook, failed_deliveries, list_webhooks
from background_sync.records.budgets import Budget, BudgetSpent
from background_sync.records.database import Database
from background_sync.rules.policy import DAY_MS, MINUTE_MS, Policy
from background_sync.rules.verified import Verified
from background_sync.telemetry import logger
from background_sync.tokens import NoToken, Tokens
from background_sync.usecases.compare import Comparer, Mode

MARGIN_MS = 20_000
MAX_PAGES = 10_000
"""Of one scan, over all its invocations: a million conversations. Cursors without an end are nonsense."""
MIN_OVERLAP_MS = 5 * MINUTE_MS
MAX_OVERLAP_MS = DAY_MS
MAX_COUNTED = 2_000
"""Whom a scan remembers to have counted, over its invocations: one person's conversations lie close."""
CLOSING_MS = 8_000
"""What Kapso must leave of an invocation, however long it takes, for the run to be closed."""
BEGUN = ("phone_id", "since", "started_at", "follows_from")
DEFERRED_BY: Mapping[type[Exception], str] = {
    InvalidPhoneId: "invalid_phone_id",
    Unauthorized: "unauthorized",
    NumberUnknown: "number_unknown",
    Rejected: "rejected",
    RateLimited: "rate_limited",
    BudgetSpent: "budget_spent",
    Unavailable: "unavailable",
    Nonsense: "nonsense",
    NoToken: "no_token",
}


@dataclass(frozen=True, slots=True)
class Kapso:
    """Where Kapso is, and how its keys are read."""

    base_url: str
    tokens: Tokens
    clock: Clock


@dataclass(frozen=True, slots=True)
class Number:
    """A workspace's number, and the name of its key's parameter."""

    workspace_id: str
    phone_id: str
    token_parameter: str


@dataclass(frozen=True, slots=True)
class Scan:
    """A number's scan as far as it has come (ms); `after` is Kapso's cursor, `until` None for up to now.

    `follows_from` is where the scan began that this one follows within a run, without a gap.
    """

    phone_id: str
    since: int
    started_at: int
    until: int | None = None
    after: str | None = None
    verified: Verified = field(default_factory=Verified)
    counted: dict[str, str] = field(default_factory=dict)
    incomplete: bool = False
    pages: int = 0
    follows_from: int | None = None

    @property
    def covers_from(self) -> int:
        """From where on all was compared, once it is over."""
        return self.since if self.follows_from is None else self.follows_from

    def document(self) -> dict[str, Any]:
        """As a record keeps it."""
        return asdict(self)

    @staticmethod
    def read(document: Mapping[str, Any]) -> "Scan":
        """From a record."""
        return Scan(**{**document, "verified": Verified(**document["verified"])})


@dataclass(frozen=True, slots=True)
class Verification:
    """A scan that is over. `webhook` is None where nobody can tell.

    `deferred` says why it was cut short, `again_at` (ms) when the key may be used again, where that is known.
    """

    scan: Scan
    finished_at: int
    deferred: str | None = None
    webhook: str | None = None
    failed_deliveries: int | None = None
    again_at: int | None = None

    @property
    def pending(self) -> dict[str, Any] | None:
        """Where a later run goes on; one that left something out, or was refused, starts over."""
        if self.deferred is None:
            return None
        again = self.scan.incomplete or self.deferred in ("rejected", "nonsense")
        after, pages = (None, 0) if again else (self.scan.after, self.scan.pages)
        begun = {name: getattr(self.scan, name) for name in BEGUN}
        return {**begun, "after": after, "pages": pages}

    @property
    def moves_watermark(self) -> bool:
        """Whether everything up to the scan's start was compared and written."""
        return self.deferred is None and not self.scan.incomplete

    def document(self) -> dict[str, Any]:
        """As a record keeps it."""
        return {**asdict(self), "scan": self.scan.document()}

    @staticmethod
    def read(document: Mapping[str, Any]) -> "Verification":
        """From a record."""
        return Verification(**{**document, "scan": Scan.read(document["scan"])})


def resumed_scan(pending: Mapping[str, Any], now: int) -> Scan:
    """A scan that was deferred half way goes on; one that got nowhere looks back as far as it did."""
    scan = Scan(**pending)
    return scan if scan.after is not None else replace(scan, started_at=now)


def first_scan(phone_id: str, lookback_ms: int, now: int) -> Scan:
    """The scan of a number of which nothing was compared yet: it looks back a while."""
    return Scan(phone_id, now - lookback_ms, now)


def next_scan(phone_id: str, watermark: int, last_scan_ms: int, now: int) -> Scan:
    """The scan that follows the watermark.

    The overlap covers what Kapso's cursor, which moves while one pages, hid from the last scan.
    """
    overlap_ms = max(MIN_OVERLAP_MS, min(last_scan_ms, MAX_OVERLAP_MS))
    return Scan(phone_id, max(0, watermark - overlap_ms), now)


@dataclass(frozen=True, slots=True)
class Verifier:
    """Verifies one number for one run, which was first claimed at `claimed_at` (ms).

    `seen_behind` as `Comparer` has it, of this invocation.
    """

    kapso: Kapso
    database: Database
    number: Number
    policy: Policy
    mode: Mode
    run_at: int
    claimed_at: int
    deadline: Deadline
    seen_behind: dict[str, int] = field(default_factory=dict)

    def resumed(self, scan: Scan) -> bool:
        """Whether an earlier run began the scan."""
        return scan.started_at < self.claimed_at

    def go_on(self, scan: Scan) -> Scan | Verification:
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
            raise Nonsense(f"more than {MAX_PAGES} pages of conversations")
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
            self.seen_behind,
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
