"""Drift: Kapso has activity on a contact that the table has not; a webhook was missed."""

from dataclasses import dataclass
from enum import Enum

from background_sync.rules.policy import MINUTE_MS

GRACE_MS = 2 * MINUTE_MS
"""Differences below it are not drift: the CRM notes when a webhook came, Kapso when the message did."""


class Drift(Enum):
    """What comparing a contact with Kapso says."""

    IN_STEP = "in_step"
    BEHIND = "behind"
    MISSING = "missing"
    AHEAD = "ahead"


@dataclass(frozen=True, slots=True)
class Comparison:
    """The outcome; `behind_ms` is by how much the table is behind, 0 unless it is."""

    drift: Drift
    behind_ms: int = 0


def compare(table_activity: int | None, known: bool, kapso_activity: int | None, now: int) -> Comparison:
    """Compare instants (ms): the table's last activity (None: it has none that can be read) and Kapso's.

    `known` is whether the contact is there at all. Activity younger than the grace is left to the next
    comparison, whose window overlaps this one's: its webhook may still be under way.
    """
    if kapso_activity is None or kapso_activity > now - GRACE_MS:
        return Comparison(Drift.IN_STEP)
    if not known:
        return Comparison(Drift.MISSING)
    behind_ms = kapso_activity - (table_activity or 0)
    if behind_ms > GRACE_MS:
        return Comparison(Drift.BEHIND, behind_ms)
    return Comparison(Drift.AHEAD if behind_ms < -GRACE_MS else Drift.IN_STEP)
