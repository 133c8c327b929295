"""`background-sync up --once`: from nothing to a sweep's numbers."""

import json
from pathlib import Path

from background_sync.rules.counts import TOTALLED
from background_sync_ops.stack.state import STATE_DIR, running_stack
from tests.integration.cli.running import ANY_PORTS, AT, AT_MS, run, run_here


def test_the_demo_is_swept_and_every_number_adds_up(tmp_path: Path) -> None:
    ended = run(tmp_path, "up", "--once", "--json", *ANY_PORTS)
    assert ended.returncode == 0, ended.stderr
    document = json.loads(ended.stdout)
    sweep, runs = document["sweep"], document["runs"]
    assert set(document) == {"sweep", "runs"}
    assert sweep["dispatched"] == sweep["completed"] == len(runs) > 1
    assert sweep["failed"] == 0
    assert sweep["skipped"] > 0
    for name in set(TOTALLED) - {"skipped"}:
        assert sweep[name] == sum(each[name] or 0 for each in runs), name
    assert sweep["flagged"] > 0
    assert {each["run_at"] for each in runs} == {sweep["run_at"]}
    assert running_stack(tmp_path / STATE_DIR) is None


def test_a_snapshot_is_swept_at_the_time_that_is_named(tmp_path: Path, snapshot: Path) -> None:
    ended = run(tmp_path, "up", "--once", "--import", str(snapshot), "--at", AT, "--json", *ANY_PORTS)
    assert ended.returncode == 0, ended.stderr
    document = json.loads(ended.stdout)
    sweep, [acme, capped] = document["sweep"], document["runs"]
    assert (sweep["run_at"], sweep["dispatched"], sweep["skipped"]) == (AT_MS, 2, 1)
    assert (sweep["contacts_checked"], sweep["stale_found"], sweep["flagged"]) == (9, 7, 4)
    assert (acme["workspace_id"], acme["stale_found"], acme["flagged"]) == ("acme", 3, 3)
    assert (acme["fresh"], acme["closed_leads"]) == (1, 1)
    assert (capped["flagged"], capped["over_cap"]) == (1, 3)
    assert "contacts/documents.jsonl:10: no JSON" in ended.stderr


def test_what_is_no_snapshot_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_text("no zip")
    ended = run_here(tmp_path, "up", "--once", "--import", "x.zip", *ANY_PORTS)
    assert (ended.returncode, ended.stdout) == (3, "")
    assert ended.stderr == "error: x.zip: neither a folder nor a readable ZIP file\n"
