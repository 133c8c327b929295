"""What changed between two looks at health, in a line each."""

from typing import Any

from background_sync_ops.cli.watch_state import ApiOutage, WatchState, change_lines, changes
from background_sync_ops.health_api import HealthAnswer

AT = 1_767_261_600_000
HOUR = "2026-01-01T10:00:00Z"


def look(status: str = "pass", **states: str) -> HealthAnswer:
    """Checks by their names, with _ for the colon."""
    checks: dict[str, Any] = {name.replace("_", ":"): [{"status": state}] for name, state in states.items()}
    return HealthAnswer({"status": status, "checks": checks}, {"runs": [], "summary": None}, [])


def test_the_first_look_tells_the_overall_state_and_what_is_not_pass() -> None:
    first = look("warn", sweep_age="pass", deadLetters_waiting="warn")
    assert list(changes(None, first)) == ["Health: warn", "Dead letters: warn"]
    assert list(changes(None, look(sweep_age="pass"))) == ["Health: pass"]


def test_a_state_that_changes_is_told_with_what_it_was() -> None:
    before, now = (
        look(sweep_age="pass", runs_failed="warn"),
        look("fail", sweep_age="fail", runs_failed="warn"),
    )
    assert list(changes(before, now)) == ["Health: fail, was pass", "Last finished sweep: fail, was pass"]


def test_a_value_that_changes_is_no_change() -> None:
    before, now = look(runs_failed="warn"), look(runs_failed="warn")
    before.report["checks"]["runs:failed"][0] |= {"observedValue": 0.25, "observedUnit": "ratio"}
    now.report["checks"]["runs:failed"][0] |= {"observedValue": 0.5, "observedUnit": "ratio"}
    assert list(changes(before, now)) == []


def test_a_change_comes_with_the_value() -> None:
    now = look(runs_failed="warn")
    now.report["checks"]["runs:failed"][0] |= {
        "observedValue": 0.5,
        "observedUnit": "ratio",
        "output": "1 of 2",
    }
    assert list(changes(look(runs_failed="pass"), now)) == ["Failed runs: warn, was pass (50 %, 1 of 2)"]


def test_a_check_that_is_new_is_told_unless_it_passes() -> None:
    now = look(new_good="pass", new_bad="warn")
    assert list(changes(look(), now)) == ["new:bad: warn"]


def test_what_others_wrote_does_not_steer_the_terminal() -> None:
    now = look()
    now.report["checks"]["x\x1b[2J"] = [{"status": "warn", "output": "\n\x1b"}]
    assert list(changes(look(), now)) == [r"x\x1b[2J: warn (\n\x1b)"]


def test_a_line_has_its_time() -> None:
    assert list(change_lines(WatchState(), WatchState(look(), AT))) == [f"{HOUR}  Health: pass"]


def test_nothing_changed_is_no_line() -> None:
    assert list(change_lines(WatchState(look(), AT), WatchState(look(), AT + 5000))) == []


def test_a_silence_is_told_once() -> None:
    good = WatchState(look(), AT - 5000)
    silent = good.after_failure(AT, "nobody")
    longer = silent.after_failure(AT + 5000, "somebody else")
    assert list(change_lines(good, silent)) == [f"{HOUR}  No answer: nobody"]
    assert list(change_lines(silent, longer)) == []
    assert longer == WatchState(good.answer, good.at, ApiOutage(AT, "somebody else"))


def test_the_end_of_a_silence_is_told_with_what_changed_meanwhile() -> None:
    silent = WatchState(look(), AT - 5000).after_failure(AT - 2000, "nobody")
    assert list(change_lines(silent, WatchState(look("warn"), AT))) == [
        f"{HOUR}  It answers again",
        f"{HOUR}  Health: warn, was pass",
    ]
