"""A workspace's policy: the defaults, and what its `settings` override within bounds."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from decimal import Decimal

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS


@dataclass(frozen=True, slots=True)
class Policy:
    """Times in ms, the rest counts."""

    stale_threshold_ms: int = HOUR_MS
    flag_cooldown_ms: int = DAY_MS
    max_flags_per_run: int = 50
    max_sync_notes: int = 5


BOUNDS: Mapping[str, tuple[int, int]] = {
    "stale_threshold_ms": (MINUTE_MS, 365 * DAY_MS),
    "flag_cooldown_ms": (HOUR_MS, 365 * DAY_MS),
    "max_flags_per_run": (0, 500),
    "max_sync_notes": (1, 50),
}
"""The smallest and largest value of each setting, both allowed."""


def read_policy(settings: object) -> tuple[Policy, tuple[str, ...]]:
    """A workspace's policy, and the names of the settings that were unusable.

    A setting of a wrong type or out of bounds leaves the default in force; a null one counts as absent, and
    names that are not ours belong to the CRM and are left alone.
    """
    if settings is None:
        return Policy(), ()
    if not isinstance(settings, Mapping):
        return Policy(), ("settings",)
    given = {f.name: settings[f.name] for f in fields(Policy) if settings.get(f.name) is not None}
    usable = {name: value for name, raw in given.items() if (value := _within_bounds(name, raw)) is not None}
    return Policy(**usable), tuple(name for name in given if name not in usable)


def _within_bounds(name: str, value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    low, high = BOUNDS[name]
    return int(value) if low <= value <= high and value == int(value) else None
