"""Ctrl-C ends a command that follows work of the stack, and not the work."""

import pytest

from background_sync_ops.cli.signals import continues_alone


def test_ctrl_c_says_that_the_work_continues_and_how_to_look(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(KeyboardInterrupt), continues_alone("the sweep"):
        raise KeyboardInterrupt
    expected = "the sweep continues without this command. Its progress: `background-sync health`\n"
    assert capsys.readouterr().err == expected


def test_work_that_is_not_interrupted_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="other"), continues_alone("the sweep"):
        raise ValueError("other")
    assert capsys.readouterr().err == ""
