"""The next steps that health shows, and how much of it fits on a terminal."""

import io
from typing import Any

import pytest
from rich.console import Console

from background_sync.status.runbook import GUIDES, runbook_link
from background_sync_ops.cli.health import next_steps, title
from background_sync_ops.cli.output import OneScreen
from background_sync_ops.cli.watch_state import changes
from background_sync_ops.health_api import HealthAnswer

RUNBOOK = "https://docs.example/operations.md"


def report(**states: str) -> dict[str, Any]:
    """A health report; a check's name has _ instead of the colon."""
    names = {name.replace("_", ":"): state for name, state in states.items()}
    checks = {
        name: [{"status": state, "links": {"runbook": runbook_link(RUNBOOK, name)}}]
        for name, state in names.items()
    }
    return {"status": max(states.values(), default="pass"), "checks": checks}


def test_each_check_that_does_not_pass_has_its_command_and_a_link_to_the_runbook() -> None:
    found = report(sweep_age="fail", runs_failed="pass", deadLetters_waiting="warn")
    assert list(next_steps(found)) == [
        f"Last finished sweep: background-sync sweep; {RUNBOOK}#no-sweep-finishes",
        f"Dead letters: background-sync redrive; {RUNBOOK}#dead-letters",
    ]


def test_a_report_without_links_leads_to_the_runbook_too() -> None:
    found = {"checks": {"sweep:age": [{"status": "fail"}]}}
    assert list(next_steps(found)) == [
        "Last finished sweep: background-sync sweep; docs/operations.md#no-sweep-finishes"
    ]


def test_there_are_no_next_steps_if_every_check_passes() -> None:
    assert list(next_steps(report(**{name.replace(":", "_"): "pass" for name in GUIDES}))) == []


def test_health_does_not_name_itself_as_the_next_step() -> None:
    [line] = next_steps(report(runs_failed="warn"))
    assert line == f"Failed runs: see below; {RUNBOOK}#runs-fail"


def test_a_check_without_a_guide_is_shown_by_its_name() -> None:
    assert title("new\x1b:check") == r"new\x1b:check"
    assert list(next_steps({"checks": {"new:check": [{"status": "warn"}]}})) == [
        "new:check: see the runbook, docs/operations.md"
    ]


@pytest.mark.parametrize(("number", "shown"), [(4, "1\n2\n3\n4"), (5, "1\n2\n3\n…"), (50, "1\n2\n3\n…")])
def test_what_is_taller_than_the_terminal_is_cut_at_its_end(number: int, shown: str) -> None:
    out = Console(file=io.StringIO(), width=20, height=4)
    with out.capture() as capture:
        out.print(OneScreen([str(each + 1) for each in range(number)]), end="")
    assert capture.get().rstrip("\n") == shown


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
