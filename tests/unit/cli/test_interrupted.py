"""Ctrl-C ends a command that follows work of the stack, and not the work."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from background_sync_ops.cli.app import run
from background_sync_ops.cli.signals import continues_alone

PRESS = "import os, signal; os.kill(os.getpid(), signal.SIGINT)"


def test_ctrl_c_says_that_the_work_continues_and_how_to_look(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as ended, continues_alone("the sweep"):
        raise KeyboardInterrupt
    expected = "the sweep continues without this command. Its progress: `background-sync health`\n"
    assert (ended.value.exit_code, capsys.readouterr().err) == (130, expected)


def test_work_that_is_not_interrupted_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="other"), continues_alone("the sweep"):
        raise ValueError("other")
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("arguments", "interrupted"),
    [
        (["sweep"], "background_sync_ops.cli.options.StackOptions.target"),
        (["audit"], "background_sync_ops.cli.options.StackOptions.target"),
        (["demo"], "background_sync_ops.story.play"),
    ],
)
def test_ctrl_c_before_there_is_work_says_that_the_command_ended(
    arguments: list[str],
    interrupted: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def press(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(interrupted, press)
    assert run(arguments) == 130
    assert capsys.readouterr().err == "Interrupted.\n"


def test_ctrl_c_while_the_libraries_are_imported_is_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "typer.py").write_text(PRESS)
    command = [sys.executable, "-c", "from background_sync_ops.cli import main; main()", "sweep"]
    ended = subprocess.run(
        command, env={"PYTHONPATH": str(tmp_path)}, capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (130, "", "Interrupted.\n")


def test_nothing_is_imported_before_ctrl_c_is_caught() -> None:
    count = (
        "import sys; before = {*sys.modules}; import background_sync_ops.cli; print({*sys.modules} - before)"
    )
    printed = subprocess.check_output([sys.executable, "-c", count], text=True)
    own = ("background_sync_ops", "background_sync_ops.cli", "background_sync_ops.errors")
    assert sorted(ast.literal_eval(printed)) == [*own]
