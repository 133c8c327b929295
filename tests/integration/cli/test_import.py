"""`background-sync import` into a running stack."""

from pathlib import Path

from tests.integration.cli.running import Operator, contact, workspace, write_snapshot


def test_importing_twice_changes_nothing(operator: Operator, tmp_path: Path) -> None:
    contacts = [contact("moved", 1, 0), contact("moved", 2, 0)]
    data = write_snapshot(tmp_path / "good", [workspace("moved")], contacts)
    first = operator.json("import", str(data))
    assert (first["contacts"]["created"], first["bad"]) == (2, 0)
    second = operator.run("import", str(data))
    assert second.status == 0, second.stderr
    assert second.stdout.splitlines()[2].split() == ["contacts", "0", "0", "2"]


def test_invalid_lines_are_named_and_the_others_are_loaded(operator: Operator, tmp_path: Path) -> None:
    contacts = [contact("partly", 1, 0), "{", contact("gone", 2, 0)]
    data = write_snapshot(tmp_path / "bad", [workspace("partly")], contacts)
    result = operator.run("import", str(data))
    assert result.status == 1
    assert "error: lines that could not be loaded: 2\n" in result.stderr
    assert "contacts/documents.jsonl:2: not JSON" in result.stderr
    assert "contacts/documents.jsonl:3: there is no workspace 'gone'" in result.stderr
    assert operator.json("contacts", "partly")["total"] == 1
