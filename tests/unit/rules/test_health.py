"""When sync is healthy. tests/integration/health holds the other checks."""

import pytest

from background_sync.rules.policy import HOUR_MS
from background_sync.status.thresholds import State, failed_share_state, sweep_age_state


@pytest.mark.parametrize(
    ("age_h", "state"),
    [(0, State.PASS), (1.5, State.PASS), (1.51, State.WARN), (2.5, State.WARN), (2.51, State.FAIL)],
)
@pytest.mark.parametrize("interval_h", [1, 2])
def test_a_late_sweep_warns_then_fails_by_intervals(age_h: float, interval_h: int, state: State) -> None:
    assert sweep_age_state(round(age_h * interval_h * HOUR_MS), interval_h * HOUR_MS) is state


@pytest.mark.parametrize(
    ("share", "state"),
    [(0.0, State.PASS), (0.001, State.WARN), (0.49, State.WARN), (0.5, State.FAIL), (1.0, State.FAIL)],
)
def test_half_of_the_runs_failed_is_a_failure(share: float, state: State) -> None:
    assert failed_share_state(share) is state


def test_the_worst_state_is_the_largest_and_states_are_named_as_in_health_json() -> None:
    assert [str(state) for state in sorted(State)] == ["pass", "warn", "fail"]
