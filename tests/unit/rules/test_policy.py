"""What a workspace's settings override, and what leaves the default in force."""

from decimal import Decimal

import pytest

from background_sync.rules.policy import BOUNDS, DAY_MS, HOUR_MS, MINUTE_MS, Policy, read_policy

LIMITS = [
    ("stale_threshold_ms", MINUTE_MS, 365 * DAY_MS),
    ("flag_cooldown_ms", HOUR_MS, 365 * DAY_MS),
    ("max_flags_per_run", 0, 500),
    ("max_sync_notes", 1, 50),
]


def test_the_defaults_are_an_hour_a_day_50_and_5() -> None:
    policy = Policy()
    assert (policy.stale_threshold_ms, policy.flag_cooldown_ms) == (3_600_000, 86_400_000)
    assert (policy.max_flags_per_run, policy.max_sync_notes) == (50, 5)


def test_every_setting_has_its_bounds() -> None:
    assert [(name, *BOUNDS[name]) for name, _, _ in LIMITS] == LIMITS


@pytest.mark.parametrize(("name", "low", "high"), LIMITS)
def test_both_bounds_are_allowed(name: str, low: int, high: int) -> None:
    for value in (low, Decimal(high), float(high)):
        policy, invalid = read_policy({name: value})
        assert (getattr(policy, name), invalid) == (value, ())
        assert type(getattr(policy, name)) is int


@pytest.mark.parametrize(("name", "low", "high"), LIMITS)
def test_beyond_them_the_default_is_used_and_it_is_told(name: str, low: int, high: int) -> None:
    for value in (low - 1, high + 1, Decimal("1E+40"), float("inf"), float("nan")):
        assert read_policy({name: value}) == (Policy(), (name,))


@pytest.mark.parametrize("value", [True, False, "60", "", [], {}, b"9", 1.5, Decimal("2.5")])
def test_a_wrong_type_likewise(value: object) -> None:
    assert read_policy({"max_sync_notes": value}) == (Policy(), ("max_sync_notes",))


def test_one_bad_setting_costs_no_other() -> None:
    policy, invalid = read_policy({"max_flags_per_run": 3, "max_sync_notes": 0, "flag_cooldown_ms": "x"})
    assert policy == Policy(max_flags_per_run=3)
    assert set(invalid) == {"max_sync_notes", "flag_cooldown_ms"}


@pytest.mark.parametrize("settings", [None, {}, {"max_sync_notes": None}, {"theme": "dark"}])
def test_what_is_absent_null_or_not_ours_is_no_fault(settings: object) -> None:
    assert read_policy(settings) == (Policy(), ())


@pytest.mark.parametrize("settings", ["", "x", 7, [], True, False])
def test_settings_that_are_no_map_are_one_invalid_setting(settings: object) -> None:
    assert read_policy(settings) == (Policy(), ("settings",))
