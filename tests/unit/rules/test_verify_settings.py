"""A workspace's settings of verification."""

import pytest

from background_sync.rules.policy import BOUNDS, DAY_MS, MINUTE_MS, Policy, read_policy, read_verify


@pytest.mark.parametrize("way", ["off", "report", "repair"])
def test_the_three_ways(way: str) -> None:
    assert read_verify({"verify": way}) == (way, ())


@pytest.mark.parametrize("settings", [None, {}, {"verify": None}, "repair", ["verify"], {"theme": "dark"}])
def test_off_unless_it_says_so(settings: object) -> None:
    assert read_verify(settings) == ("off", ())


@pytest.mark.parametrize("way", ["on", "Repair", "", True, 1, ["repair"], {"mode": "repair"}])
def test_another_way_is_off_and_told(way: object) -> None:
    assert read_verify({"verify": way}) == ("off", ("verify",))


def test_a_first_run_looks_back_a_day_and_half_of_a_keys_requests_are_ours() -> None:
    assert (Policy().verify_lookback_ms, Policy().verify_rate_share) == (DAY_MS, 50)


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [("verify_lookback_ms", 5 * MINUTE_MS, 30 * DAY_MS), ("verify_rate_share", 1, 100)],
)
def test_both_have_bounds(name: str, low: int, high: int) -> None:
    assert BOUNDS[name] == (low, high)
    for value in (low, high):
        assert getattr(read_policy({name: value})[0], name) == value
    for value in (low - 1, high + 1):
        assert read_policy({name: value}) == (Policy(), (name,))
