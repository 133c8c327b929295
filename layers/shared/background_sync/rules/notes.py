"""The notes that background sync leaves on a contact, and how many of them the contact keeps."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from background_sync.rules.policy import HOUR_MS
from background_sync.rules.values import round_half_up

AUTHOR = "background-sync"
CHECK_PREFIX = "Sync check:"
REPAIR_PREFIX = "Sync repair:"
IDENTITY_PREFIX = "Sync identity:"
MISSED = "missed activity at"

N = TypeVar("N")


@dataclass(frozen=True, slots=True)
class Note:
    """A note on a contact; `added_at` in ms since the epoch."""

    content: str
    added_by: str
    added_at: int


def flag_note(activity_at: int, now: int) -> Note:
    """The flag of a quiet contact: its last activity was at `activity_at`."""
    hours = round_half_up(now - activity_at, HOUR_MS)
    return Note(f"{CHECK_PREFIX} No activity for {hours} hours", AUTHOR, now)


def missed_note(activity_at: int, now: int) -> Note:
    """The flag of a contact with activity in Kapso, at `activity_at`, that the table does not have."""
    return Note(f"{CHECK_PREFIX} {_missed(activity_at)}", AUTHOR, now)


def repair_note(activity_at: int, now: int) -> Note:
    """The note of a repair, which added the activity at `activity_at`."""
    return Note(f"{REPAIR_PREFIX} {_missed(activity_at)}", AUTHOR, now)


def identity_note(now: int) -> Note:
    """The note of a contact whose phone came with another business-scoped user id."""
    content = "WhatsApp's id of this person changed. The number may belong to somebody else now."
    return Note(f"{IDENTITY_PREFIX} {content}", AUTHOR, now)


def _missed(activity_at: int) -> str:
    moment = datetime.fromtimestamp(activity_at // 1000, UTC)
    return f"{MISSED} {moment:%Y-%m-%dT%H:%M:%SZ}"


def is_report(content: object) -> bool:
    """Whether a note is a flag about missed activity."""
    return isinstance(content, str) and content.startswith(f"{CHECK_PREFIX} {MISSED}")


def is_flag(content: object, added_by: object) -> bool:
    """Whether a note is a flag of background sync, about quiet or about missed activity."""
    return added_by == AUTHOR and isinstance(content, str) and content.startswith(CHECK_PREFIX)


def is_sync_note(content: object, added_by: object) -> bool:
    """Whether background sync itself wrote a note; only such notes count against the limit."""
    if added_by != AUTHOR or not isinstance(content, str):
        return False
    return content.startswith((CHECK_PREFIX, REPAIR_PREFIX, IDENTITY_PREFIX))


def with_note(notes: Sequence[N], note: N, is_ours: Callable[[N], bool], limit: int) -> list[N]:
    """`notes` followed by `note`, with only the latest `limit` of our own.

    The notes of others are never dropped, reordered or changed.
    """
    everything = [*notes, note]
    ours = [position for position, each in enumerate(everything) if is_ours(each)]
    dropped = set(ours[:-limit])
    return [each for position, each in enumerate(everything) if position not in dropped]
