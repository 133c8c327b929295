"""What health shows beneath its checks, and how much of it a terminal takes."""

import io
from typing import Any

import pytest
from rich.console import Console
from rich.live import Live

from background_sync.status.runbook import GUIDES, runbook_link
from background_sync_ops.cli.health import health_parts, next_steps, print_parts, title
from background_sync_ops.cli.output import OneScreen, console
from background_sync_ops.health_api import HealthAnswer, HealthQuery

RUNBOOK = "https://docs.example/operations.md"


def report(link: str = RUNBOOK, **states: str) -> dict[str, Any]:
    """Checks by their names, with _ for the colon; `link` is where the runbook can be read."""
    checks = {}
    for name, state in states.items():
        check = name.replace("_", ":")
        checks[check] = [{"status": state, "links": {"runbook": runbook_link(link, check)}}]
    return {"status": max(states.values(), default="pass"), "checks": checks}


def test_a_check_that_is_not_pass_has_a_line_with_its_command_and_the_runbook() -> None:
    found = report(sweep_age="fail", runs_failed="pass", deadLetters_waiting="warn")
    assert list(next_steps(found)) == [
        f"Last finished sweep: background-sync sweep; {RUNBOOK}#no-sweep-finishes",
        f"Dead letters: background-sync redrive; {RUNBOOK}#dead-letters",
    ]


def test_where_all_pass_there_is_nothing_to_do() -> None:
    assert list(next_steps(report(**{name.replace(":", "_"): "pass" for name in GUIDES}))) == []


def test_the_lines_fit_80_columns() -> None:
    lines = list(
        next_steps(report("docs/operations.md", **{name.replace(":", "_"): "warn" for name in GUIDES}))
    )
    assert len(lines) == len(GUIDES)
    assert max(map(len, lines)) <= 80


def test_health_does_not_send_people_to_itself() -> None:
    [line] = next_steps(report(runs_failed="warn"))
    assert line == f"Failed runs: see below; {RUNBOOK}#runs-fail"


def test_a_check_that_the_runbook_does_not_know_keeps_its_name() -> None:
    assert title("new\x1b:check") == r"new\x1b:check"
    assert list(next_steps({"checks": {"new:check": [{"status": "warn"}]}})) == [
        "new:check: see the runbook, docs/operations.md"
    ]


def test_a_link_is_not_broken_where_the_terminal_is_narrow() -> None:
    out = console()
    out.file, out.width = io.StringIO(), 40
    query = HealthQuery(None, 10, as_json=False)
    answer = HealthAnswer(report(deadLetters_waiting="warn"), {"runs": [], "summary": None}, [])
    print_parts(out, health_parts(answer, query))
    assert f"\nDead letters: background-sync redrive; {RUNBOOK}#dead-letters\n" in out.file.getvalue()


@pytest.mark.parametrize(("number", "shown"), [(4, "1\n2\n3\n4"), (5, "1\n2\n3\n…"), (50, "1\n2\n3\n…")])
def test_what_is_taller_than_the_terminal_is_cut_at_its_end(number: int, shown: str) -> None:
    out = Console(file=io.StringIO(), width=20, height=4)
    out.print(OneScreen([str(each + 1) for each in range(number)]), end="")
    assert isinstance(out.file, io.StringIO)
    assert out.file.getvalue().rstrip("\n") == shown


def test_on_a_screen_it_fills_the_terminal_and_does_not_scroll() -> None:
    out = Console(file=io.StringIO(), width=20, height=4, force_terminal=True, _environ={"TERM": "xterm"})
    with Live(OneScreen(["x"] * 50), console=out, screen=True, auto_refresh=False) as live:
        live.refresh()
    assert isinstance(out.file, io.StringIO)
    frames = out.file.getvalue().split("\x1b[H")[2:]
    assert [frame.count("\n") for frame in frames] == [3] * len(frames)
    assert len(frames) == 2
