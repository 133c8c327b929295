"""`background-sync contacts` on a running stack."""

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
