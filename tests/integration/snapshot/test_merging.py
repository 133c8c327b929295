from typing import Any

from background_sync_ops.snapshot import Written
from tests.integration.snapshot.importing import NOW, Importing, contact, workspace


def test_a_newer_snapshot_wins_and_attributes_of_the_table_alone_are_kept(importing: Importing) -> None:
    importing.load([contact(name="Old")])
    importing.set_contact(owner="theo", tags={"vip"})
    report = importing.load([contact(name="New", lastActivityAt=NOW + 5)])
    assert report.contacts == Written(updated=1)
    found = importing.contacts()["62811"]
    assert (found["name"], found["owner"], found["tags"]) == ("New", "theo", {"vip"})
    assert (found["last_activity_at"], found["activity_at"]) == (NOW + 5, NOW + 5)


def test_only_changed_attributes_are_written(importing: Importing) -> None:
    sent: list[dict[str, Any]] = []
    events = importing.target.dynamodb.meta.events
    events.register("provide-client-params.dynamodb.UpdateItem", lambda params, **_: sent.append(params))
    importing.load([contact(name="Old", city="Lisbon")])
    importing.load([contact(name="New", city="Lisbon")])
    assert [each["UpdateExpression"].count("=") for each in sent] == [1]


def test_an_outdated_index_attribute_is_fixed(importing: Importing) -> None:
    importing.load([contact()])
    importing.set_contact(activity_at=5)
    assert importing.load([contact()]).contacts == Written(updated=1)
    assert importing.contacts()["62811"]["activity_at"] == NOW


def test_very_many_new_fields_are_written_in_several_updates(importing: Importing) -> None:
    importing.load([contact()])
    fields: dict[str, Any] = {f"field_{number}": number for number in range(200)}
    importing.load([contact(**fields, lastActivityAt=NOW + 5)])
    found = importing.contacts()["62811"]
    assert {name: found[name] for name in fields} == fields
    assert found["activity_at"] == NOW + 5
    assert importing.writes == {"UpdateItem": 3}


def test_a_workspace_takes_the_fields_of_the_snapshot_and_keeps_the_others(importing: Importing) -> None:
    importing.load([], [workspace(name="Old", settings={"theme": "dark"})])
    importing.set_workspace(latest_run_at=5, audited_at=6, unwritable=["1"], settings={"verify": "report"})
    report = importing.load([], [workspace(name="New", settings={"theme": "light"})])
    assert report.workspaces == Written(updated=1)
    assert importing.workspaces()["w1"] == {
        "workspace_id": "w1",
        "name": "New",
        "settings": {"verify": "report", "theme": "light"},
        "created_at": NOW,
        "latest_run_at": 5,
        "audited_at": 6,
        "unwritable": ["1"],
    }
