"""The command line as a whole: help, version, usage errors."""

import subprocess
import sys
from pathlib import Path

import pytest

from background_sync_ops.cli.app import run

COMMANDS = (
    *("up", "import", "sweep", "health", "contacts", "forget", "redrive", "audit"),
    *("webhooks", "backfill", "demo", "dashboard", "logs", "doctor", "cost"),
)
SINCE = ("--since", "2026-01-01T10:00:00Z")


@pytest.fixture(autouse=True)
def folder_without_a_stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_every_command_says_its_exits(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([command, "--help"]) == 0
    assert "Exit status: 0" in capsys.readouterr().out


def test_the_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0
    text = capsys.readouterr().out
    assert all(command in text for command in COMMANDS)


def test_help_does_not_import_the_libraries_of_the_commands() -> None:
    code = """
import sys
from background_sync_ops.cli.app import run
run(["up", "--help"])
slow = {"boto3", "botocore", "pynamodb", "moto", "werkzeug", "samtranslator", "urllib3"}
sys.exit(bool(slow & set(sys.modules)))
"""
    ended = subprocess.run([sys.executable, "-c", code], stdout=subprocess.DEVNULL, check=False)
    assert ended.returncode == 0


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    assert capsys.readouterr().out.startswith("background-sync 0.")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["sweep", "--at", "2026-01-01T10:00:00"], "has no time zone: add Z for UTC"),
        (["sweep", "--at", "now"], "not an ISO 8601 time"),
        (["up", "--every", "soon"], "not a duration like 90s, 10m, 1h or 7d"),
        (["up", "--every", "25h"], "--every must be a day at most"),
        (["up", "--api-port", "70000"], "--api-port"),
        (["up", "--api-port", "9", "--aws-port", "9"], "--api-port and --aws-port are the same"),
        (["up", "--keep-secrets"], "--report and --keep-secrets go with --import"),
        (["up", "--report", "x"], "--report and --keep-secrets go with --import"),
        (["up", "--import", "nothing.zip"], "there is no file or folder nothing.zip"),
        (["import", "nothing.zip"], "there is no file or folder nothing.zip"),
        (["health", "--limit", "0"], "--limit"),
        (["health", "--interval", "5s"], "--interval goes with --watch"),
        (["health", "--watch", "--interval", "25h"], "--interval must be a day at most"),
        (["health", "--region", "eu-west-1"], "--profile and --region need --stack-name"),
        (["contacts"], "workspace"),
        (["contacts", "acme", "--missed", "--flagged-since", "1d"], "--flagged-since and --missed are lists"),
        (["contacts", "acme", "--missed", "--stale"], "--missed and --stale are lists of their own"),
        (["contacts", "acme", "--repaired-since", "soon"], "not a duration like 90s, 10m, 1h or 7d"),
        (["contacts", "acme", "--csv"], "--csv goes with --repaired-since, --flagged-since, --missed"),
        (["contacts", "acme", "--missed", "--csv", "--json"], "--csv and --json are two forms"),
        (["forget"], "workspace"),
        (["forget", "acme", ""], "contact must have 1 to 1024 bytes"),
        (["logs"], "workspace"),
        (["logs", "acme", "--since", "soon"], "not a duration like 90s, 10m, 1h or 7d"),
        (["logs", "acme", "--since", "2026-01-01T10:00:00"], "has no time zone: add Z for UTC"),
        (["logs", "acme", "--limit", "0"], "--limit"),
        (["logs", "acme", "--level", "loud"], "value for '--level': 'loud' is not one of"),
        (["up", "--kapso-url", "http://kapso.example"], "--kapso-url: a base URL must be https"),
        (["webhooks", "--yes"], "--yes goes with --fix or --connect"),
        (["webhooks", "--webhook", "x"], "--webhook goes with --fix"),
        (["webhooks", "acme", "--fix", "acme"], "name the workspace once"),
        (["webhooks", "--connect", "acme", "--fix", "acme"], "name the workspace once"),
        (["backfill", "acme"], "--since"),
        (["backfill", "acme", *SINCE, "--until", "2026-01-01T10:00:00Z"], "is not before"),
        (["backfill", "acme", *SINCE, "--until", "2026-02-01T10:00:00Z"], "is more than 30 d"),
        (["demo", "--loss", "101%"], "not a percentage like 5%"),
        (["demo", "--loss", "some"], "not a percentage like 5%"),
        (["demo", "--contacts", "49"], "--contacts"),
        (["cost", "--size", "2MB"], "not a size like 2KB or 500B, from 128B to 400KB"),
        (["unknown"], "No such command"),
    ],
)
def test_a_usage_error_is_2(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert captured.err.startswith("error: ")
    assert message.lower() in captured.err.lower()


@pytest.mark.parametrize(
    "arguments",
    [
        ["sweep"],
        ["health"],
        ["health", "--watch"],
        ["dashboard"],
        ["contacts", "acme"],
        ["forget", "acme"],
        ["logs", "acme"],
        ["redrive"],
        ["cost", "--from-runs"],
        ["audit"],
        ["webhooks"],
        ["webhooks", "--fix", "acme"],
        ["backfill", "acme", *SINCE, "--until", "2026-01-02T10:00:00Z"],
    ],
)
def test_without_a_stack_it_says_what_to_do(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(arguments) == 3
    assert capsys.readouterr().err == (
        "error: no local stack is running here: start one with `background-sync up`, "
        "or name an AWS stack with --stack-name\n"
    )


def test_a_bug_is_raised_and_not_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> int:
        raise KeyError("a bug")

    monkeypatch.setattr("background_sync_ops.cli.options.StackOptions.target", fail)
    with pytest.raises(KeyError):
        run(["redrive"])
