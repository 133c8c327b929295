"""When sync is healthy."""

import pytest

from background_sync.rules.policy import HOUR_MS
from background_sync.status.thresholds import State, dead_letters_state, failed_share_state, sweep_age_state


@pytest.mark.parametrize(
    ("age_h", "state"),
    [(0, State.PASS), (1.5, State.PASS), (1.51, State.WARN), (2.5, State.WARN), (2.51, State.FAIL)],
)
def test_a_sweep_that_is_late_is_told_and_in_the_end_fails(age_h: float, state: State) -> None:
    assert sweep_age_state(round(age_h * HOUR_MS), HOUR_MS) is state


def test_late_is_measured_in_intervals() -> None:
    assert sweep_age_state(2 * HOUR_MS, 2 * HOUR_MS) is State.PASS


def test_no_sweep_yet_is_a_warning() -> None:
    assert sweep_age_state(None, HOUR_MS) is State.WARN


@pytest.mark.parametrize(
    ("share", "state"),
    [(0.0, State.PASS), (0.001, State.WARN), (0.49, State.WARN), (0.5, State.FAIL), (1.0, State.FAIL)],
)
def test_half_of_the_runs_failed_is_a_failure(share: float, state: State) -> None:
    assert failed_share_state(share) is state


def test_a_dead_letter_is_a_warning() -> None:
    assert [dead_letters_state(number) for number in (0, 1, 500)] == [State.PASS, State.WARN, State.WARN]


def test_states_are_named_as_in_health_json_and_the_worst_is_the_largest() -> None:
    assert [str(state) for state in sorted(State)] == ["pass", "warn", "fail"]
