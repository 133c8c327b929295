"""`background-sync contacts` on a running stack."""

from background_sync.rules.policy import DAY_MS
from tests.integration.cli.running import AT_MS, Operator


def test_it_shows_activity_flag_and_notes(operator: Operator) -> None:
    ended = operator.run("contacts", "acme")
    assert ended.returncode == 0, ended.stderr
    assert max(map(len, ended.stdout.splitlines())) <= 80
    assert "2025-12-31T04:00Z" in ended.stdout
    assert "1: Sync check:" in ended.stdout
    assert "5 contacts" in ended.stdout


def test_names_are_shown_as_they_are_and_steer_nothing(operator: Operator) -> None:
    printed = operator.run("contacts", "acme").stdout
    assert "[red]A[/red]" in printed
    assert r"\x1b[2J" in printed
    assert "\x1b" not in printed


def test_json_has_all_of_each(operator: Operator) -> None:
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


def test_stale_and_limit_choose(operator: Operator) -> None:
    stale = operator.json("contacts", "acme", "--stale")["contacts"]
    assert all(each["stale"] for each in stale)
    assert "628004" not in {each["contact_id"] for each in stale}
    assert len(operator.json("contacts", "acme", "--limit", "2")["contacts"]) == 2


def test_one_that_the_index_does_not_show_is_shown(operator: Operator) -> None:
    workspace = operator.add_workspace("hidden")
    operator.put(
        "ContactsTableName", {"workspace_id": workspace, "contact_id": "1", "last_activity_at": AT_MS}
    )
    operator.add_contact(workspace, "2", last_activity_at="yesterday")
    found = {each["contact_id"]: each for each in operator.json("contacts", workspace)["contacts"]}
    assert set(found) == {"1", "2"}
    assert found["2"]["verdict"] == "unreadable"
    assert operator.run("contacts", workspace).returncode == 0


def test_a_workspace_that_is_not_there_is_an_error(operator: Operator) -> None:
    ended = operator.run("contacts", "nobody")
    assert (ended.returncode, ended.stdout) == (3, "")
    assert ended.stderr == "error: there is no workspace nobody in the local stack\n"
