"""Somebody else writes between the import's reading and its writing."""

from collections.abc import Callable
from typing import Any

import pytest

from background_sync_ops.snapshot import Written
from background_sync_ops.snapshot.drafts import MAX_TRIES
from tests.integration.snapshot.importing import NOW, Importing, contact, workspace

Meddle = Callable[[Callable[[], None]], None]


@pytest.fixture
def meddle(importing: Importing) -> Meddle:
    """Does something once, right after the import's next read of a batch."""

    def after_reading(act: Callable[[], None]) -> None:
        waiting = [act]

        def hook(**_: Any) -> None:
            if waiting:
                waiting.pop()()

        importing.target.dynamodb.meta.events.register("after-call.dynamodb.BatchGetItem", hook)

    return after_reading


def note(content: str) -> dict[str, Any]:
    return {"content": content, "added_by": "rina", "added_at": 7}


def test_a_note_added_meanwhile_is_kept(importing: Importing, meddle: Meddle) -> None:
    importing.load([contact()], [workspace()])
    meddle(lambda: importing.set_contact(notes=[note("meanwhile")]))
    given = {"content": "imported", "addedBy": "rina", "addedAt": 8}
    report = importing.load([contact(notes=[given], name="New")], [])
    found = importing.contacts()["62811"]
    assert report.contacts == Written(updated=1)
    assert [each["content"] for each in found["notes"]] == ["meanwhile", "imported"]
    assert found["name"] == "New"


def test_activity_recorded_meanwhile_wins(importing: Importing, meddle: Meddle) -> None:
    importing.load([contact(name="Old")])
    newer: dict[str, Any] = {"last_activity_at": NOW + 9, "activity_at": NOW + 9, "name": "Meanwhile"}
    meddle(lambda: importing.set_contact(**newer))
    importing.load([contact(name="New", lastActivityAt=NOW + 5)], [])
    found = importing.contacts()["62811"]
    assert {name: found[name] for name in newer} == newer


def test_a_contact_made_meanwhile_is_not_overwritten(importing: Importing, meddle: Meddle) -> None:
    importing.load()
    meddle(lambda: importing.set_contact(last_activity_at=NOW + 9, activity_at=NOW + 9, name="Meanwhile"))
    report = importing.load([contact(name="New", city="Lisbon")], [])
    found = importing.contacts()["62811"]
    assert (found["name"], found["city"]) == ("Meanwhile", "Lisbon")
    assert report.contacts == Written(updated=1)


def test_another_field_changed_meanwhile_is_no_conflict(importing: Importing, meddle: Meddle) -> None:
    importing.load([contact(name="Old")])
    meddle(lambda: importing.set_contact(city="Lisbon"))
    importing.load([contact(name="New")], [])
    assert importing.writes == {"UpdateItem": 2}  # the meddler's and the import's
    found = importing.contacts()["62811"]
    assert (found["name"], found["city"]) == ("New", "Lisbon")


def test_a_workspace_updated_meanwhile_is_judged_again(importing: Importing, meddle: Meddle) -> None:
    importing.load([], [workspace(name="Old", updated_at=5)])
    meddle(lambda: importing.set_workspace(name="Meanwhile", updated_at=9))
    importing.load([], [workspace(name="New", updated_at=6)])
    assert importing.workspaces()["w1"]["name"] == "Meanwhile"


def test_a_contact_that_never_rests_is_reported(importing: Importing) -> None:
    importing.load([contact(name="Old")])
    ticks = iter(range(100))

    def touch(**_: Any) -> None:
        importing.set_contact(flagged_at=next(ticks))

    importing.target.dynamodb.meta.events.register("after-call.dynamodb.BatchGetItem", touch)
    report = importing.load([contact(name="New")], [])
    assert [each.reason for each in report.bad_lines] == [
        f"somebody else changed it {MAX_TRIES} times meanwhile"
    ]
