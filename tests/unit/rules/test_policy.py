"""A workspace's settings, their bounds, and the defaults that apply if a setting is invalid."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from background_sync.rules.policy import BOUNDS, DAY_MS, HOUR_MS, MINUTE_MS, Policy, read_policy, read_verify

LIMITS = [
    ("stale_threshold_ms", MINUTE_MS, 365 * DAY_MS),
    ("flag_cooldown_ms", HOUR_MS, 365 * DAY_MS),
    ("max_flags_per_run", 0, 500),
    ("max_sync_notes", 1, 50),
    ("verify_lookback_ms", 5 * MINUTE_MS, 30 * DAY_MS),
    ("verify_rate_share", 1, 100),
    ("unverified_after_ms", HOUR_MS, 365 * DAY_MS),
    ("audit_interval_ms", DAY_MS, 30 * DAY_MS),
]


def test_these_are_the_defaults() -> None:
    assert Policy() == Policy(
        stale_threshold_ms=HOUR_MS,
        flag_cooldown_ms=DAY_MS,
        max_flags_per_run=50,
        max_sync_notes=5,
        verify_lookback_ms=DAY_MS,
        verify_rate_share=50,
        unverified_after_ms=DAY_MS,
        audit_interval_ms=DAY_MS,
    )


def test_every_setting_has_its_bounds() -> None:
    assert {name: (low, high) for name, low, high in LIMITS} == BOUNDS


@pytest.mark.parametrize(("name", "low", "high"), LIMITS)
def test_both_bounds_are_valid(name: str, low: int, high: int) -> None:
    for value in (low, Decimal(high), float(high)):
        policy, invalid = read_policy({name: value})
        assert (getattr(policy, name), invalid) == (value, ())
        assert type(getattr(policy, name)) is int


@pytest.mark.parametrize(("name", "low", "high"), LIMITS)
def test_a_value_out_of_bounds_is_invalid_and_the_default_applies(name: str, low: int, high: int) -> None:
    for value in (low - 1, high + 1, Decimal("1E+40"), float("inf"), float("nan")):
        assert read_policy({name: value}) == (Policy(), (name,))


@pytest.mark.parametrize("value", [True, False, "60", "", [], {}, b"9", 1.5, Decimal("2.5")])
def test_a_value_of_a_wrong_type_is_invalid_and_the_default_applies(value: object) -> None:
    assert read_policy({"max_sync_notes": value}) == (Policy(), ("max_sync_notes",))


@given(
    settings=st.dictionaries(
        st.sampled_from([*BOUNDS, "theme"]),
        st.none() | st.booleans() | st.integers() | st.floats() | st.decimals() | st.text() | st.binary(),
    )
)
def test_any_value_is_either_used_or_named_as_invalid(settings: dict[str, object]) -> None:
    policy, invalid = read_policy(settings)
    for name, (low, high) in BOUNDS.items():
        used = getattr(policy, name)
        assert low <= used <= high
        assert used == (
            getattr(Policy(), name) if name in invalid or settings.get(name) is None else settings[name]
        )
    assert set(invalid) <= settings.keys() & BOUNDS.keys()


@pytest.mark.parametrize("settings", [None, {}, {"max_sync_notes": None}, {"theme": "dark"}])
def test_missing_null_and_unknown_settings_are_valid(settings: object) -> None:
    assert read_policy(settings) == (Policy(), ())


@pytest.mark.parametrize("settings", ["", "x", 7, [], True, False])
def test_settings_that_are_not_a_map_are_one_invalid_setting(settings: object) -> None:
    assert read_policy(settings) == (Policy(), ("settings",))


@pytest.mark.parametrize(
    ("settings", "mode"),
    [
        *(({"verify": mode}, mode) for mode in ("off", "report", "repair")),
        *((settings, "off") for settings in (None, {}, {"verify": None}, "repair", ["verify"])),
    ],
)
def test_verification_has_three_modes_and_is_off_by_default(settings: object, mode: str) -> None:
    assert read_verify(settings) == (mode, ())


@pytest.mark.parametrize("mode", ["on", "Repair", "", True, 1, ["repair"], {"mode": "repair"}])
def test_an_unknown_mode_is_invalid_and_verification_is_off(mode: object) -> None:
    assert read_verify({"verify": mode}) == ("off", ("verify",))
