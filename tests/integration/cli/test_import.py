"""`background-sync import` into a running stack."""

import json
from pathlib import Path

from tests.integration.cli.running import ANY_PORTS, AT, Operator, contact, run, workspace, write_snapshot


def test_many_remarks_are_summed_up_and_the_report_has_them_all(operator: Operator, tmp_path: Path) -> None:
    wrong = [contact("many", number, 0, lastActivityAt="yesterday") for number in range(1, 31)]
    contacts = ["{", *wrong, contact("many", 40, 0, api_key="s3cret", score=float("nan"))]
    spaces = [workspace("many", settings={"verify": "on"}), workspace("many")]
    data, report = write_snapshot(tmp_path / "many", spaces, contacts), tmp_path / "report.jsonl"
    result = operator.run("import", str(data), "--report", str(report))
    assert result.status == 1
    assert "error: lines that could not be loaded: 32\n" in result.stderr
    reason = "lastActivityAt is text, expected milliseconds since 1970"
    assert f"  30: contacts/documents.jsonl: {reason} (lines 2, 3, 4, …)\n" in result.stderr
    assert "  1: contacts/documents.jsonl: not JSON:" in result.stderr
    assert "remarks on lines that were loaded: 3\n" in result.stderr
    assert "  contacts/documents.jsonl:32: score is NaN: not stored\n" in result.stderr
    assert "  workspaces/documents.jsonl:1: settings.verify is text, expected" in result.stderr
    lines = [json.loads(line) for line in report.read_text().splitlines()]
    assert len(lines) == 32 + 3
    at = {"file": "contacts/documents.jsonl", "line": 9}
    assert {**at, "field": "lastActivityAt", "kind": "text", "reason": reason} in lines
    assert "s3cret" not in result.stderr + report.read_text()


def test_secrets_are_stored_only_if_asked_for(operator: Operator, tmp_path: Path) -> None:
    contacts = [contact("secrets", 1, 0, api_key="s3cret")]
    data = write_snapshot(tmp_path / "secrets", [workspace("secrets")], contacts)
    assert operator.run("import", str(data)).status == 0
    assert operator.json("import", str(data), "--keep-secrets")["contacts"]["updated"] == 1
    document = operator.json("import", str(data))
    assert (document["contacts"]["unchanged"], document["remarked"]) == (1, 1)


def test_an_unwritable_report_is_an_error_before_loading(operator: Operator, tmp_path: Path) -> None:
    data = write_snapshot(tmp_path / "unloaded", [workspace("unloaded")], [])
    result = operator.run("import", str(data), "--report", str(tmp_path))
    assert (result.status, result.stderr) == (3, f"error: {tmp_path}: Is a directory\n")
    assert operator.json("import", str(data))["workspaces"]["created"] == 1


def test_up_once_tells_at_its_end_that_lines_were_left_out(tmp_path: Path, snapshot: Path) -> None:
    report = ("--report", "report.jsonl", "--keep-secrets")
    result = run(tmp_path, "up", "--once", "--import", str(snapshot), *report, "--at", AT, *ANY_PORTS)
    assert result.status == 1
    [left_out] = map(json.loads, (tmp_path / "report.jsonl").read_text().splitlines())
    assert (left_out["file"], left_out["line"]) == ("contacts/documents.jsonl", 10)
    assert result.stderr.endswith("error: lines of the snapshot that could not be loaded: 1 (listed above)\n")
