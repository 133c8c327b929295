"""Scans of Kapso: where one begins and goes on, and what it lets a run conclude (times in ms)."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from background_sync.rules.counts import Verified
from background_sync.rules.policy import DAY_MS, MINUTE_MS

MIN_OVERLAP_MS = 5 * MINUTE_MS


MAX_OVERLAP_MS = DAY_MS


BEGUN = ("phone_id", "since", "started_at", "follows_from")


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
