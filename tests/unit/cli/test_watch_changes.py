"""The line for each change of health that `health --watch` prints to a pipe."""

from typing import Any

import pytest

from background_sync_ops.cli.watch_state import ApiOutage, WatchState, change_lines, changes
from background_sync_ops.health_api import HealthAnswer

AT = 1_767_261_600_000
TIME = "2026-01-01T10:00:00Z"
HALF_FAILED = {"observedValue": 0.5, "observedUnit": "ratio", "output": "1 of 2"}


def health(status: str = "pass", /, **states: str) -> HealthAnswer:
    """An answer; a check's name has _ instead of the colon."""
    checks: dict[str, Any] = {name.replace("_", ":"): [{"status": state}] for name, state in states.items()}
    return HealthAnswer({"status": status, "checks": checks}, {"runs": [], "summary": None}, [])


@pytest.mark.parametrize(
    ("before", "now", "lines"),
    [
        (None, health(sweep_age="pass"), ["Health: pass"]),
        (
            None,
            health("warn", sweep_age="pass", deadLetters_waiting="warn"),
            ["Health: warn", "Dead letters: warn"],
        ),
        (
            health(sweep_age="pass", runs_failed="warn"),
            health("fail", sweep_age="fail", runs_failed="warn"),
            ["Health: fail, was pass", "Last finished sweep: fail, was pass"],
        ),
        (health(), health(new_good="pass", new_bad="warn"), ["new:bad: warn"]),
    ],
    ids=["first and pass", "first and warn", "worse", "new checks"],
)
def test_each_change_has_a_line(before: HealthAnswer | None, now: HealthAnswer, lines: list[str]) -> None:
    assert list(changes(before, now)) == lines


def test_a_changed_value_is_shown_only_when_the_state_changes_too() -> None:
    now = health(runs_failed="warn")
    now.report["checks"]["runs:failed"][0] |= HALF_FAILED
    assert list(changes(health(runs_failed="warn"), now)) == []
    assert list(changes(health(runs_failed="pass"), now)) == ["Failed runs: warn, was pass (50 %, 1 of 2)"]


def test_terminal_escapes_in_a_check_are_neutralised() -> None:
    now = health()
    now.report["checks"]["x\x1b[2J"] = [{"status": "warn", "output": "\n\x1b"}]
    assert list(changes(health(), now)) == [r"x\x1b[2J: warn (\n\x1b)"]


def test_an_outage_has_one_line_when_it_begins() -> None:
    good = WatchState(health(), AT - 5000)
    silent = good.after_failure(AT, "no route")
    still_silent = silent.after_failure(AT + 5000, "no host")
    assert list(change_lines(good, silent)) == [f"{TIME}  No answer: no route"]
    assert list(change_lines(silent, still_silent)) == []
    assert still_silent == WatchState(good.answer, good.at, ApiOutage(AT, "no host"))


def test_an_outage_has_one_line_when_it_ends_and_then_the_changes_since() -> None:
    silent = WatchState(health(), AT - 5000).after_failure(AT - 2000, "no route")
    assert list(change_lines(silent, WatchState(health("warn"), AT))) == [
        f"{TIME}  It answers again",
        f"{TIME}  Health: warn, was pass",
    ]
