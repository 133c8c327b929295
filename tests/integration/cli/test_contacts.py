"""`background-sync contacts` on a running stack."""

import csv

from background_sync.rules.policy import DAY_MS
from tests.integration.cli.running import AT_MS, Operator


def test_contacts_are_shown_with_activity_and_notes_and_their_names_as_text(operator: Operator) -> None:
    result = operator.run("contacts", "acme")
    assert result.status == 0, result.stderr
    for shown in ("2025-12-31T04:00Z", "1: Sync check:", "5 contacts", "[red]A[/red]", r"\x1b[2J"):
        assert shown in result.stdout
    assert "\x1b" not in result.stdout


def test_json_has_all_of_each_contact(operator: Operator) -> None:
    document = operator.json("contacts", "acme")
    assert (document["workspace_id"], document["total"], len(document["contacts"])) == ("acme", 5, 5)
    longest_quiet = document["contacts"][0]
    assert longest_quiet["contact_id"] == "628001"
    assert longest_quiet["stale"] is True
    assert longest_quiet["last_activity"] == AT_MS - 30 * 3_600_000
    assert longest_quiet["flagged_at"] == AT_MS
    assert longest_quiet["cooldown_until"] == AT_MS + DAY_MS
    [note] = longest_quiet["notes"]
    assert (note["content"], note["added_at"]) == ("Sync check: No activity for 30 hours", AT_MS)


def test_options_choose_stale_contacts_and_their_number(operator: Operator) -> None:
    stale = operator.json("contacts", "acme", "--stale")["contacts"]
    assert all(each["stale"] for each in stale)
    assert "628004" not in {each["contact_id"] for each in stale}
    assert len(operator.json("contacts", "acme", "--limit", "2")["contacts"]) == 2


def test_contacts_outside_the_index_and_unreadable_ones_are_shown(operator: Operator) -> None:
    workspace = operator.add_workspace("hidden")
    operator.add_contact_outside_the_index(workspace, "1")
    operator.add_contact(workspace, "2", last_activity_at="yesterday")
    found = {each["contact_id"]: each for each in operator.json("contacts", workspace)["contacts"]}
    assert set(found) == {"1", "2"}
    assert found["2"]["verdict"] == "unreadable"
    assert operator.run("contacts", workspace).status == 0


def test_what_a_run_flagged_is_listed_as_a_table_as_json_and_as_csv(operator: Operator) -> None:
    since = ("contacts", "acme", "--flagged-since", str(AT_MS))
    document = operator.json(*since)
    assert (document["what"], document["since"], document["total"]) == ("flagged", AT_MS, 3)
    assert {(each["contact_id"], each["run_at"]) for each in document["contacts"]} == {
        (contact_id, AT_MS) for contact_id in ("628001", "628002", "628005")
    }
    rows = list(csv.DictReader(operator.run(*since, "--csv").stdout.splitlines()))
    assert [each["contact_id"] for each in rows] == [each["contact_id"] for each in document["contacts"]]
    assert (rows[0]["note"], rows[0]["run_at"]) == (
        "Sync check: No activity for 30 hours",
        "2026-01-01T10:00:00Z",
    )
    table = operator.run(*since, "--limit", "1").stdout
    assert "acme: 3 contacts flagged since 2026-01-01T10:00:00Z, by 1 run." in table
    assert "1 shown, the newest first." in table
    assert "628002" not in table


def test_a_name_is_no_formula_in_csv(operator: Operator) -> None:
    workspace = operator.add_workspace("formula")
    operator.add_contact(workspace, "1", flagged_at=AT_MS, name='=HYPERLINK("http://x")')
    [row] = csv.DictReader(
        operator.run("contacts", workspace, "--flagged-since", "1d", "--csv").stdout.splitlines()
    )
    assert row["name"] == """'=HYPERLINK("http://x")"""


def test_what_did_not_happen_is_not_listed(operator: Operator) -> None:
    for option in ("--missed", "--repaired-since=7d", f"--flagged-since={AT_MS + 1}"):
        assert operator.json("contacts", "acme", option)["contacts"] == []
    assert operator.run("contacts", "nobody", "--missed").status == 3
