"""`background-sync up`: served until it is told to end, and nothing left behind."""

import json
import signal
from contextlib import closing
from pathlib import Path

import pytest

from background_sync_ops.stack.loopback import listen
from background_sync_ops.stack.state import STATE_DIR, STATE_FILE
from tests.integration.cli.running import AT, Operator, Up, get, run, until
from tests.integration.stack.processes import runs


def test_ctrl_c_ends_it_and_leaves_nothing_behind(tmp_path: Path, snapshot: Path) -> None:
    with closing(Up(tmp_path, "--import", str(snapshot), "--at", AT, "--json")) as up:
        up.until_printed("Next sweep at 2026-01-01T11:00:00Z")
        started = up.descendants()
        assert len(started) > 2
        assert up.end(signal.SIGINT) == 0
        until(lambda: not any(map(runs, started)), "its processes are gone")
        assert json.loads(up.out)["sweep"]["completed"] == 2
        assert "Traceback" not in up.err
    assert not (tmp_path / STATE_DIR / STATE_FILE).exists()


def test_it_sweeps_again_when_it_is_time_and_ends_when_it_is_told_to(tmp_path: Path, snapshot: Path) -> None:
    with closing(Up(tmp_path, "--import", str(snapshot), "--every", "2s")) as up:
        until(lambda: up.until_printed("").out.count("0 failed") >= 2, "two sweeps")
        started = up.descendants()
        assert up.end(signal.SIGTERM) == 0
        until(lambda: not any(map(runs, started)), "its processes are gone")
        assert "Traceback" not in up.err


def test_told_to_end_before_it_is_served_it_says_so_by_its_status(tmp_path: Path) -> None:
    with closing(Up(tmp_path)) as up:
        until((tmp_path / STATE_DIR / "logs").exists, "it has begun")
        started = up.descendants()
        assert up.end() == 130
        until(lambda: not any(map(runs, started)), "its processes are gone")
        assert "Traceback" not in up.err


def test_it_says_where_everything_is(operator: Operator) -> None:
    printed = (operator.folder / "out").read_text()
    assert f"{operator.info.api_url}/health" in printed
    assert operator.info.endpoint_url in printed
    for output in ("WorkspacesTableName", "ContactsTableName", "SyncHealthTableName"):
        assert operator.info.outputs[output] in printed
    assert operator.info.outputs["KapsoBaseUrl"] in printed
    assert "In another terminal, in this folder (also sweep, contacts, logs):" in printed
    for output in ("WorkQueueUrl", "DeadLetterQueueUrl"):
        assert operator.info.outputs[output].rpartition("/")[2] in printed
    assert max(map(len, printed.splitlines())) <= 80


def test_it_prints_what_came_of_import_and_sweep(operator: Operator) -> None:
    printed = (operator.folder / "out").read_text()
    assert ["contacts", "9", "0", "0"] in [line.split() for line in printed.splitlines()]
    assert "9 checked, 7 stale, 4 flagged" in printed
    assert "2 dispatched, 1 skipped (1 no token)" in printed
    assert "documents.jsonl:10: no JSON" in (operator.folder / "err").read_text()


def test_it_serves_health(operator: Operator) -> None:
    status, content_type, _ = get(f"{operator.info.api_url}/health")
    assert (status, content_type) == (200, "application/health+json")


def test_a_second_one_here_is_refused(operator: Operator) -> None:
    ended = operator.run("up", "--once")
    assert (ended.returncode, ended.stdout) == (3, "")
    assert f"process {operator.info.pid} is already running a stack" in ended.stderr
    assert "--state-dir" in ended.stderr


@pytest.mark.parametrize("option", ["--api-port", "--aws-port"])
def test_a_taken_port_is_named_with_its_option(tmp_path: Path, option: str) -> None:
    other = {"--api-port": "--aws-port", "--aws-port": "--api-port"}[option]
    with listen(0) as taken:
        port = taken.getsockname()[1]
        ended = run(tmp_path, "up", "--once", option, str(port), other, "0")
    assert (ended.returncode, ended.stdout) == (3, "")
    expected = (
        f"error: port {port} is already taken: choose another port with {option}, 0 for any free port\n"
    )
    assert ended.stderr == expected
