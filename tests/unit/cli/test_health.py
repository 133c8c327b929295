"""The next steps that health shows, and how much of it fits on a terminal."""

import io
from typing import Any

import pytest
from rich.console import Console

from background_sync.status.runbook import GUIDES, runbook_link
from background_sync_ops.cli.health import next_steps, title
from background_sync_ops.cli.output import OneScreen

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
