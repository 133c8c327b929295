"""A workspace's policy: the defaults, and what its `settings` override within bounds."""

from collections.abc import Mapping
from dataclasses import dataclass, fields

from background_sync.rules.values import to_int

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
OFF = "off"
REPORT = "report"
REPAIR = "repair"
VERIFY = (OFF, REPORT, REPAIR)


@dataclass(frozen=True, slots=True)
class Policy:
    """Times in ms; `verify_rate_share` in percent of a key's requests; the others are counts."""

    stale_threshold_ms: int = HOUR_MS
    flag_cooldown_ms: int = DAY_MS
    max_flags_per_run: int = 50
    max_sync_notes: int = 5
    verify_lookback_ms: int = DAY_MS
    verify_rate_share: int = 50
    unverified_after_ms: int = DAY_MS
    audit_interval_ms: int = DAY_MS


BOUNDS: Mapping[str, tuple[int, int]] = {
    "stale_threshold_ms": (MINUTE_MS, 365 * DAY_MS),
    "flag_cooldown_ms": (HOUR_MS, 365 * DAY_MS),
    "max_flags_per_run": (0, 500),
    "max_sync_notes": (1, 50),
    "verify_lookback_ms": (5 * MINUTE_MS, 30 * DAY_MS),
    "verify_rate_share": (1, 100),
    "unverified_after_ms": (HOUR_MS, 365 * DAY_MS),
    "audit_interval_ms": (DAY_MS, 30 * DAY_MS),
}
"""The smallest and the largest allowed value of each setting."""


def bounds_text(name: str) -> str:
    """What a setting of `BOUNDS` may be, in words."""
    low, high = BOUNDS[name]
    return f"a whole number from {low} to {high}"


def read_policy(settings: object) -> tuple[Policy, tuple[str, ...]]:
    """A workspace's policy, and the names of its invalid settings.

    The default stands in for a setting of a wrong type or out of bounds. A null setting counts as missing.
    Other names belong to the CRM and are ignored.
    """
    if settings is None:
        return Policy(), ()
    if not isinstance(settings, Mapping):
        return Policy(), ("settings",)
    given = {f.name: settings[f.name] for f in fields(Policy) if settings.get(f.name) is not None}
    valid = {name: value for name, raw in given.items() if (value := _within_bounds(name, raw)) is not None}
    return Policy(**valid), tuple(name for name in given if name not in valid)


def read_verify(settings: object) -> tuple[str, tuple[str, ...]]:
    """How a workspace verifies, one of `VERIFY`, and the name of the setting if it is invalid."""
    given = settings.get("verify") if isinstance(settings, Mapping) else None
    if given is None or given in VERIFY:
        return str(given or OFF), ()
    return OFF, ("verify",)


def _within_bounds(name: str, value: object) -> int | None:
    low, high = BOUNDS[name]
    number = to_int(value)
    return number if number is not None and number == value and low <= number <= high else None
