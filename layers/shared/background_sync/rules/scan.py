"""Scans of Kapso: where a scan begins, where it continues, and what a completed one lets a run conclude.

All times are ms since the epoch.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from background_sync.rules.contact import GRACE_MS, Confirmation
from background_sync.rules.counts import Verified
from background_sync.rules.policy import DAY_MS, MINUTE_MS
from background_sync.rules.reception import LOST
from background_sync.rules.webhooks import NOT_WORKING
from background_sync.rules.workspace import Mode, Workspace

MIN_OVERLAP_MS = 5 * MINUTE_MS
MAX_OVERLAP_MS = DAY_MS
KEPT_IN_PENDING = ("phone_id", "since", "started_at", "follows_from", "unplaced_at")
START_OVER_AFTER = ("rejected", "invalid_response")
"""Reasons of a deferral that may come from the saved cursor itself."""
MOVED_NUMBER_CHANGES = 10
"""So many people do not get another id at the same time, unless their number moves."""


@dataclass(frozen=True, slots=True)
class Scan:
    """A scan of one number's conversations, as far as it has come.

    It covers the time from `since` to `until` (None: up to now). `after` is Kapso's cursor, and `pages` is
    how many were read. `is_snapshot`: the first page had everything, so nothing moved meanwhile. `counted`
    has the outcome of each person that was counted, and `placed` the contact of each identity. `held` are
    conversations that wait for another one of the same person. `incomplete`: something was left undone, and
    the next scan must see it again. `follows_from` is where an earlier scan of the same run began, when this
    one continues it without a gap. `unplaced_at` is the newest activity that belongs to nobody known, 0 if
    there is none. `deferred_since` is when the first run put the scan off.
    """

    phone_id: str
    since: int
    started_at: int
    until: int | None = None
    after: str | None = None
    verified: Verified = field(default_factory=Verified)
    counted: dict[str, str] = field(default_factory=dict)
    placed: dict[str, str] = field(default_factory=dict)
    held: tuple[dict[str, Any], ...] = ()
    incomplete: bool = False
    pages: int = 0
    is_snapshot: bool = False
    follows_from: int | None = None
    unplaced_at: int = 0
    deferred_since: int | None = None

    @property
    def covers_from(self) -> int:
        """The time from which everything was compared, once the scan is complete."""
        return self.since if self.follows_from is None else self.follows_from

    def document(self) -> dict[str, Any]:
        """The scan as JSON."""
        return asdict(self)

    @staticmethod
    def read(document: Mapping[str, Any]) -> "Scan":
        """The scan from its JSON."""
        return Scan(**{**document, "verified": Verified(**document["verified"])})


@dataclass(frozen=True, slots=True)
class Verification:
    """A scan that has ended.

    `deferred` says why it was cut short, and `again_at` when the key may be used again, if that is known.
    `uncompared`: the workspace has not been compared for so long that the plain rule applies again.
    `webhook` and `webhook_failing` are None when nobody could look; `webhook_missing` names the events that
    no webhook gets. `reception` is whether Kapso hears Meta. `intake_silent`: the scan found missed activity,
    and the intake has heard nothing of the workspace since the time that the scan looks back to.
    """

    scan: Scan
    finished_at: int
    deferred: str | None = None
    webhook: str | None = None
    webhook_missing: str | None = None
    failed_deliveries: int | None = None
    webhook_failing: bool | None = None
    reception: str | None = None
    again_at: int | None = None
    uncompared: bool = False
    intake_silent: bool = False

    @property
    def flags_nobody(self) -> bool:
        """Without Kapso's answer nobody knows who is quiet and who was missed."""
        return self.is_deferred and not self.uncompared

    @property
    def is_deferred(self) -> bool:
        """Whether the scan was cut short: a later run continues it."""
        return self.deferred is not None

    def as_last_seen(self, workspace: Workspace) -> "Verification":
        """With what nobody could look at as it was last seen, unless the workspace has another number now."""
        if workspace.watermark is None:
            return self
        failing = workspace.webhook_failing if self.webhook_failing is None else self.webhook_failing
        webhook, missing = self.webhook, self.webhook_missing
        if webhook is None:
            webhook, missing = workspace.webhook, workspace.webhook_missing
        return replace(self, webhook=webhook, webhook_missing=missing, webhook_failing=failing)

    @property
    def found_nothing(self) -> bool:
        """Whether another scan would find the same, although the watermark has moved."""
        found = self.is_deferred or self.reception in LOST or self.scan.unplaced_at or self.scan.incomplete
        return not found and self.scan.verified == Verified()

    @property
    def took_ms(self) -> int:
        """How long the scan took."""
        return max(0, self.finished_at - self.scan.started_at)

    @property
    def moves_watermark(self) -> bool:
        """Whether everything up to the scan's start was compared and written."""
        return not self.is_deferred and not self.scan.incomplete

    @property
    def pending(self) -> dict[str, Any] | None:
        """Where a later run continues. A scan that left something out, or was refused, starts over."""
        if not self.is_deferred:
            return None
        starts_over = self.scan.incomplete or self.deferred in START_OVER_AFTER
        after, pages = (None, 0) if starts_over else (self.scan.after, self.scan.pages)
        kept = {name: getattr(self.scan, name) for name in KEPT_IN_PENDING}
        since = self.scan.deferred_since or self.finished_at
        return {**kept, "after": after, "pages": pages, "deferred_since": since}

    def counts(self) -> dict[str, int]:
        """The run's counts of what the scan found."""
        return {
            **self.scan.verified.counts(),
            "deferred": int(self.is_deferred),
            "uncompared": int(self.uncompared),
            "webhook_off": int(self.webhook in NOT_WORKING),
            "webhook_failing": int(self.webhook_failing is True),
            "reception_lost": int(self.reception in LOST),
            "failed_deliveries": self.failed_deliveries or 0,
            "number_moved": int(is_moved_number(self.scan.verified)),
            "intake_silent": int(self.intake_silent),
        }

    def document(self) -> dict[str, Any]:
        """The verification as JSON.

        The people that were counted are left out: only a scan that continues needs them, they are some 30
        bytes each, and every later write of the run would pay for them.
        """
        return {**asdict(self), "scan": {**self.scan.document(), "counted": {}, "placed": {}}}

    @staticmethod
    def read(document: Mapping[str, Any]) -> "Verification":
        """The verification from its JSON."""
        return Verification(**{**document, "scan": Scan.read(document["scan"])})


def begin_scan(workspace: Workspace, now: int) -> Scan:
    """The scan of a new run: it continues a pending one, or follows the watermark, or is the first."""
    phone_id = workspace.account.phone_id
    if workspace.pending_scan is not None:
        return resumed_scan(workspace.pending_scan, now)
    if workspace.watermark is None:
        return first_scan(phone_id, workspace.policy.verify_lookback_ms, now)
    return next_scan(phone_id, workspace.watermark, workspace.scan_ms, now)


def resumed_scan(pending: Mapping[str, Any], now: int) -> Scan:
    """Continue a deferred scan. One that has no cursor yet starts now, and covers the same time."""
    scan = Scan(**pending)
    if scan.after is not None:
        return scan
    # A closing scan begins where the scan before it did, which left out what was too young to be judged.
    return replace(scan, since=min(scan.since, scan.started_at - MIN_OVERLAP_MS), started_at=now)


def first_scan(phone_id: str, lookback_ms: int, now: int) -> Scan:
    """The first scan of a number: nothing was compared yet, so it looks back `lookback_ms`."""
    return Scan(phone_id, now - lookback_ms, now)


def next_scan(phone_id: str, watermark: int, last_scan_ms: int, now: int) -> Scan:
    """The scan that follows the watermark, with an overlap.

    Kapso's cursor moves while a scan pages through the list. The overlap covers what the last scan could not
    see because of that, so it is as long as that scan took.
    """
    overlap_ms = max(MIN_OVERLAP_MS, min(last_scan_ms, MAX_OVERLAP_MS))
    return Scan(phone_id, max(0, watermark - overlap_ms), now)


def following_scan(ended: Verification, now: int) -> Scan:
    """The scan that follows another one within the same run, and adds to its counts."""
    scan = ended.scan
    following = next_scan(scan.phone_id, scan.started_at, ended.took_ms, now)
    kept = ("verified", "counted", "placed", "unplaced_at")
    return replace(following, follows_from=scan.covers_from, **{name: getattr(scan, name) for name in kept})


def closing_scan(scan: Scan) -> Scan | None:
    """What is still to read after the last page: the conversations that moved while `scan` read the list.

    None when the scan was a snapshot, or was such a closing scan itself.
    """
    if scan.is_snapshot or scan.until is not None or scan.since >= scan.started_at:
        return None
    return replace(scan, since=scan.started_at, pages=0, follows_from=scan.covers_from)


def verified_from(workspace: Workspace, verification: Verification) -> int:
    """The time from which the number was compared without a gap, once the scan is complete.

    Activity that belongs to nobody known may be anybody's, so everything before it is uncertain. If Kapso
    does not hear Meta, its list shows nobody's activity, so nothing before now was compared.
    """
    if verification.reception in LOST:
        return verification.finished_at
    scan, known = verification.scan, workspace.verified_from
    return max(scan.covers_from if known is None else known, scan.unplaced_at)


def settled_period(workspace: Workspace, verification: Verification) -> tuple[int, int] | None:
    """The period in which each person of the number has a contact, or had one, once the scan is complete.

    A scan that repairs creates every contact that is missing. If one is missing again, a person deleted it.
    While the list moves, a scan cannot know that it saw everybody.
    """
    scan = verification.scan
    if workspace.mode is not Mode.REPAIR or verification.reception in LOST:
        return None
    if not scan.is_snapshot:
        return workspace.settled
    begun = scan.covers_from if workspace.settled is None else workspace.settled[0]
    return max(begun, scan.unplaced_at), scan.started_at - GRACE_MS


def is_uncompared(workspace: Workspace, verification: Verification, run_at: int) -> bool:
    """Whether a run that is deferred applies the plain rule: its last complete scan is too long ago.

    A number that was never compared waits as long from the first scan that was put off.
    """
    compared_at = workspace.watermark or verification.scan.deferred_since or run_at
    return verification.is_deferred and run_at - compared_at >= workspace.policy.unverified_after_ms


def is_intake_silent(workspace: Workspace, verification: Verification) -> bool:
    """Whether nothing came to the intake in a window in which a webhook was lost.

    A workspace that the intake never heard of may have another receiver.
    """
    scan, heard_at = verification.scan, workspace.intake_at
    return bool(scan.verified.lost) and heard_at is not None and heard_at < scan.since


def is_moved_number(verified: Verified) -> bool:
    """Whether so many ids changed in one scan that the number must have moved to another business.

    Business-scoped user ids belong to a business. When its number moves, everybody's id changes.
    """
    changed = verified.identity_changed
    return changed >= MOVED_NUMBER_CHANGES and 2 * changed >= verified.verified


def confirmation(workspace: Workspace, verification: Verification | None) -> Confirmation | None:
    """What the scan lets the run conclude; nothing if it was cut short or did not take place."""
    if verification is None or verification.is_deferred:
        return None
    return Confirmation(verified_from(workspace, verification))
