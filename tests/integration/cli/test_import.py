"""`background-sync import` into a running stack."""

from pathlib import Path

from tests.integration.cli.running import Operator, contact, workspace, write_snapshot


def test_good_lines_are_loaded_and_importing_twice_changes_nothing(
    operator: Operator, tmp_path: Path
) -> None:
    data = write_snapshot(
        tmp_path / "good", [workspace("moved")], [contact("moved", 1, 0), contact("moved", 2, 0)]
    )
    first = operator.json("import", str(data))
    assert (first["contacts"]["created"], first["bad"]) == (2, 0)
    second = operator.run("import", str(data))
    assert second.returncode == 0, second.stderr
    assert second.stdout.splitlines()[2].split() == ["contacts", "0", "0", "2"]


def test_bad_lines_are_told_with_file_and_line_and_the_status_says_so(
    operator: Operator, tmp_path: Path
) -> None:
    data = write_snapshot(
        tmp_path / "bad", [workspace("partly")], [contact("partly", 1, 0), "{", contact("gone", 2, 0)]
    )
    ended = operator.run("import", str(data))
    assert ended.returncode == 1
    assert "error: lines that could not be loaded: 2\n" in ended.stderr
    assert "contacts/documents.jsonl:2: no JSON" in ended.stderr
    assert "contacts/documents.jsonl:3: no workspace" in ended.stderr
    assert operator.json("contacts", "partly")["total"] == 1
