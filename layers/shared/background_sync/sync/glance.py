"""Counts at a glance the contacts that need no closer look: nearly all, so a survey is mostly this."""

from collections.abc import Callable, Collection, Sequence

from background_sync.records.typed import Item
from background_sync.rules.contact import CLOSED_STATUSES, Confirmation, Contact, rank
from background_sync.rules.policy import Policy
from background_sync.rules.times import ACTIVITY_AHEAD_MS, EARLIEST_ACTIVITY_MS, latest_own

PLAIN = 3
"""The attributes of a contact that was never flagged or behind: its id, its activity, its status."""
NEVER = -1
BEYOND_ALL = (2**63, 0)
Bar = tuple[int, int]


def bar(candidates: Sequence[Contact], limit: int, refused: Collection[str]) -> Bar:
    """The flag time and the activity beyond which a contact without missed activity is no candidate."""
    if len(candidates) < limit:
        return BEYOND_ALL
    if not candidates:
        return (NEVER, 0)
    is_refused, is_plain, flagged_at, activity_at, _ = rank(candidates[-1], refused)
    if is_refused:
        return BEYOND_ALL
    return (flagged_at, activity_at) if is_plain else (NEVER, 0)


def _marks(item: Item, activity_at: int, latest: int) -> tuple[int, bool]:
    """When a contact was flagged, and whether it lacks nothing and all of sync's times on it are possible."""
    flagged_at = int(item["flagged_at"]["N"]) if "flagged_at" in item else None
    behind_at = int(item["behind_at"]["N"]) if "behind_at" in item else 1
    is_plain = "reported_at" not in item and 0 < behind_at <= min(activity_at, latest)
    return (NEVER, is_plain) if flagged_at is None else (flagged_at, is_plain and 0 < flagged_at <= latest)


def glance(
    *,
    now: int,
    clock_now: int,
    policy: Policy,
    confirmation: Confirmation | None,
    missed: Collection[str],
) -> Callable[[Item, Bar, Collection[str]], str | None]:
    """A function that says what a contact of the index counts as, as `judge` does; None: look closer.

    Due contacts beyond a bar are only counted, unless they are among the candidates that were `kept`.
    """
    latest, latest_flag = clock_now + ACTIVITY_AHEAD_MS, latest_own(clock_now)
    fresh_from, cooling_after = now - policy.stale_threshold_ms, now - policy.flag_cooldown_ms
    quiet_from = latest + 1 if confirmation is None else confirmation.verified_from

    def counted_as(item: Item, bar: Bar, kept: Collection[str]) -> str | None:
        try:
            activity_at, lead_status = int(item["activity_at"]["N"]), item["lead_status"]["S"]
            is_marked = len(item) != PLAIN
            flagged_at, is_plain = _marks(item, activity_at, latest_flag) if is_marked else (NEVER, True)
        except (KeyError, ValueError):
            return None
        is_plain = is_plain and EARLIEST_ACTIVITY_MS <= activity_at <= latest
        if not is_plain or (missed and item["contact_id"]["S"] in missed):
            return None
        if lead_status in CLOSED_STATUSES:
            return "closed_leads"
        if activity_at >= fresh_from:
            return "fresh"
        if flagged_at != now and (flagged_at > cooling_after or activity_at >= quiet_from):
            return "in_cooldown" if flagged_at > cooling_after else "confirmed_quiet"
        is_hopeless = (flagged_at, activity_at) > bar and item["contact_id"]["S"] not in kept
        return "due" if is_hopeless else None

    return counted_as
