"""`background-sync up`: a stack that is loaded, swept and served until it is interrupted."""

import json
import signal
from contextlib import closing
from pathlib import Path

import pytest

from background_sync.rules.counts import TOTALLED
from background_sync_ops.demo import VERIFYING
from background_sync_ops.stack.loopback import listen
from background_sync_ops.stack.state import STATE_DIR, STATE_FILE, running_stack
from tests.integration.cli.running import ANY_PORTS, AT, AT_MS, Operator, Up, error, run, run_here, until
from tests.integration.cli.test_foreign_variables import LIBRARIES
from tests.integration.stack.processes import runs


def end_with_all_its_processes(up: Up, how: signal.Signals) -> int:
    started = up.descendants()
    status = up.end(how)
    until(lambda: not any(map(runs, started)), "its processes are gone")
    assert "Traceback" not in up.err
    return status


def test_a_snapshot_is_swept_and_ctrl_c_leaves_nothing_behind(tmp_path: Path, snapshot: Path) -> None:
    with closing(Up(tmp_path, "--import", str(snapshot), "--at", AT, "--json")) as up:
        up.until_printed("Next sweep at 2026-01-01T11:00:00Z")
        assert len(up.descendants()) > 2
        later = run_here(tmp_path, "sweep", "--at", "2026-01-03T10:00:00Z", "--advance-clock")
        assert (later.status, "2 dispatched" in later.words) == (0, True), later.stderr
        up.until_printed("Next sweep at 2026-01-03T11:00:00Z")
        assert end_with_all_its_processes(up, signal.SIGINT) == 0
    assert not (tmp_path / STATE_DIR / STATE_FILE).exists()
    document = json.loads(up.out)
    assert (set(document), "Status page" in up.err) == ({"sweep", "runs"}, True)
    sweep, [acme, capped] = document["sweep"], document["runs"]
    assert (sweep["run_at"], sweep["dispatched"], sweep["skipped"], sweep["completed"]) == (AT_MS, 2, 1, 2)
    assert (sweep["contacts_checked"], sweep["stale_found"], sweep["flagged"]) == (9, 7, 4)
    assert (acme["workspace_id"], acme["stale_found"], acme["flagged"]) == ("acme", 3, 3)
    assert (acme["fresh"], acme["closed_leads"]) == (1, 1)
    assert (capped["flagged"], capped["over_cap"]) == (1, 3)
    assert "contacts/documents.jsonl:10: not JSON" in up.err


def test_the_stack_sweeps_again_after_every_interval_and_ends_on_sigterm(tmp_path: Path) -> None:
    with closing(Up(tmp_path, "--every", "2s")) as up:
        up.until(lambda: up.out.count("0 failed") >= 2, "two sweeps")
        assert_the_webhook_of_the_demo_can_be_put_right(tmp_path)
        assert end_with_all_its_processes(up, signal.SIGTERM) == 0


def assert_the_webhook_of_the_demo_can_be_put_right(folder: Path) -> None:
    """The demo has a Kapso of its own, so every command has something to ask about."""
    found = run_here(folder, "webhooks")
    assert (found.status, "4 numbers: 3 active, 1 with every webhook off." in found.words) == (1, True)
    assert run_here(folder, "webhooks", "--fix", VERIFYING, "--yes").status == 0
    assert run_here(folder, "webhooks").status == 0
    counted = run_here(folder, "backfill", VERIFYING, "--since", "2d", "--dry-run", "--json")
    assert (counted.status, json.loads(counted.stdout)["missing"]) == (0, 0), counted.stderr


def test_ctrl_c_before_the_stack_is_served_is_exit_status_130(tmp_path: Path) -> None:
    with closing(Up(tmp_path)) as up:
        until((tmp_path / STATE_DIR / "logs").exists, "it has begun")
        assert end_with_all_its_processes(up, signal.SIGINT) == 130


def test_once_sweeps_the_demo_and_every_total_is_the_sum_of_its_runs(tmp_path: Path) -> None:
    """Its functions have the template's variables, and none that is meant for other programs."""
    result = run(tmp_path, "up", "--once", "--json", *ANY_PORTS, LOG_LEVEL="verbose", **LIBRARIES)
    assert result.status == 0, result.stderr
    assert '"level":"INFO"' in (tmp_path / STATE_DIR / "logs/DispatcherFunction.log").read_text()
    document = json.loads(result.stdout)
    sweep, swept = document["sweep"], document["runs"]
    assert set(document) == {"sweep", "runs"}
    assert sweep["dispatched"] == sweep["completed"] == len(swept) > 1
    assert sweep["failed"] == 0
    assert sweep["skipped"] > 0
    for name in set(TOTALLED) - {"skipped"}:
        assert sweep[name] == sum(each[name] or 0 for each in swept), name
    assert sweep["flagged"] > 0
    [verified] = [each for each in swept if each["workspace_id"] == VERIFYING]
    assert (verified["repaired"], verified["created"], verified["flagged"]) == (6, 2, 0)
    assert (verified["webhook"], verified["confirmed_quiet"] > 30) == ("off", True)
    assert {each["run_at"] for each in swept} == {sweep["run_at"]}
    assert running_stack(tmp_path / STATE_DIR) is None


def test_the_first_screen_says_what_runs_where_then_the_sweep_then_three_commands(operator: Operator) -> None:
    text = (operator.folder / "out").read_text()
    picture, imported, sweep, commands = (
        text.index(each) for each in ("Status", "Imported", "Sweep", "In another")
    )
    assert picture < imported < sweep < commands
    api_url = operator.info.api_url
    addresses = (f"{api_url}/", f"{api_url}/#workspaces", f"{api_url}/health", operator.info.endpoint_url)
    for address in (*addresses, operator.info.outputs["KapsoBaseUrl"]):
        assert picture < text.index(f" {address}") < imported, address
    tried = [line.split() for line in text[commands:].splitlines()[1:4]]
    assert [words[1] for words in tried] == ["health", "contacts", "demo"]
    assert operator.run("contacts", tried[1][2]).status == 0
    assert text.count("\n") <= 40
    assert max(map(len, text.splitlines())) <= 80
    assert ["contacts", "9", "0", "0"] in [line.split() for line in text.splitlines()]
    assert "9 checked, 7 stale, 4 flagged" in text
    assert "2 dispatched, 1 skipped (1 no token)" in text
    assert "documents.jsonl:10: not JSON" in (operator.folder / "err").read_text()


@pytest.mark.parametrize("option", ["--api-port", "--aws-port"])
def test_a_taken_port_is_named_with_its_option(tmp_path: Path, option: str) -> None:
    other = {"--api-port": "--aws-port", "--aws-port": "--api-port"}[option]
    with listen(0) as taken:
        port = taken.getsockname()[1]
        result = run_here(tmp_path, "up", "--once", option, str(port), other, "0")
    advice = f"choose another port with {option}, 0 for any free port"
    assert result == error(f"port {port} is already taken: {advice}")
