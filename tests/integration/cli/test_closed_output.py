"""Output that is closed or full: one line where there is a place for it, and never a health status."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.cli.running import DEADLINE_S, Operator, Result, environment

SCRIPT = Path(sys.executable).with_name("background-sync")
LOST = "error: standard output cannot be written: {}\n"
PIPE_CLOSED = 141
PRINTING = ["--help", "--version", "health", "health --json", "contacts acme", "dashboard"]


def shell(folder: Path, command: str) -> Result:
    """Run the command in bash. The exit status is that of the first program of a pipe."""
    program = f'background-sync() {{ {SCRIPT} "$@"; }}; {command}; exit ${{PIPESTATUS[0]}}'
    ended = subprocess.run(
        ["/usr/bin/env", "bash", "-c", program],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=DEADLINE_S,
    )
    return Result(ended.returncode, ended.stdout, ended.stderr)


@pytest.mark.parametrize("arguments", PRINTING)
def test_output_that_cannot_be_written_is_one_line_with_status_3(operator: Operator, arguments: str) -> None:
    for redirected, reason in ((">&-", "it is closed"), (">/dev/full", "No space left on device")):
        result = shell(operator.folder, f"background-sync {arguments} {redirected}")
        assert (result.status, result.stdout) == (3, "")
        assert result.stderr.removeprefix(
            "The local stack has no CloudWatch; this is its status page:\n"
        ) == (LOST.format(reason))


@pytest.mark.parametrize("arguments", PRINTING)
def test_a_closed_pipe_ends_a_command_quietly(operator: Operator, arguments: str, tmp_path: Path) -> None:
    # `background-sync` starts only when the reader has gone.
    ready, err = tmp_path / "ready", tmp_path / "err"
    waiting = f"{{ until [ -e {ready} ]; do sleep 0.01; done; exec {SCRIPT} {arguments} 2>{err}; }}"
    result = shell(operator.folder, f"{waiting} | {{ exec <&-; touch {ready}; }}")
    assert (result.status, result.stderr) == (PIPE_CLOSED, "")
    notes = err.read_text().splitlines()
    assert not [line for line in notes if "status page" not in line]


@pytest.mark.parametrize("redirected", ["2>&-", "2>/dev/full"])
def test_what_is_written_to_a_lost_stderr_changes_no_status(operator: Operator, redirected: str) -> None:
    plain, result = (
        shell(operator.folder, f"background-sync health --json {end}") for end in ("", redirected)
    )
    assert (result.status, bool(result.stdout), result.stderr) == (plain.status, True, "")
    # Here there is a line for stderr.
    assert shell(operator.folder, f"background-sync dashboard {redirected}").status == 0
    assert shell(operator.folder, f"background-sync health --limit 0 {redirected}") == Result(2, "", "")
    assert shell(operator.folder, f"background-sync contacts nobody {redirected}") == Result(3, "", "")


@pytest.mark.parametrize(
    ("arguments", "redirected"),
    [
        *(("--version", each) for each in (">&- 2>&-", "<&- >&- 2>&-", ">/dev/full 2>/dev/full")),
        *((arguments, ">/dev/full 2>&-") for arguments in ("--version", "health", "contacts nobody")),
    ],
)
def test_with_no_place_for_a_word_it_is_still_3(operator: Operator, arguments: str, redirected: str) -> None:
    assert shell(operator.folder, f"background-sync {arguments} {redirected}") == Result(3, "", "")


def test_a_sweep_whose_result_cannot_be_printed_is_not_begun(operator: Operator) -> None:
    before = operator.health()["sweeps"]
    result = shell(operator.folder, "background-sync sweep --json >/dev/full")
    assert result == Result(3, "", LOST.format("No space left on device"))
    assert operator.health()["sweeps"] == before


def test_a_bug_is_no_health_status(tmp_path: Path) -> None:
    broken = tmp_path / "background_sync"
    broken.mkdir()
    (broken / "__init__.py").write_text("raise KeyError('a bug')")
    result = shell(tmp_path, f"PYTHONPATH={tmp_path} background-sync health")
    assert result.status == 3
    assert "KeyError: 'a bug'" in result.stderr
