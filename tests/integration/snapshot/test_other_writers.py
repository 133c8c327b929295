"""Another writer changes a record between the import's read and its write."""

from collections.abc import Callable
from typing import Any

import pytest

from background_sync_ops.snapshot import Written
from background_sync_ops.snapshot.loaders import MAX_TRIES
from tests.integration.snapshot.importing import NOW, Importing, contact, note, stored_note, workspace

Interfere = Callable[[Callable[[], None]], None]


@pytest.fixture
def interfere(importing: Importing) -> Interfere:
    """Does something once, right after the import's next read of a batch."""

    def after_read(act: Callable[[], None]) -> None:
        waiting = [act]

        def hook(**_: Any) -> None:
            if waiting:
                waiting.pop()()

        importing.target.dynamodb.meta.events.register("after-call.dynamodb.BatchGetItem", hook)

    return after_read


def test_a_note_of_another_writer_is_kept(importing: Importing, interfere: Interfere) -> None:
    importing.load([contact()])
    interfere(lambda: importing.set_contact(notes=[stored_note("meanwhile", 7)]))
    report = importing.load([contact(notes=[note("imported", 8)], name="New")], [])
    found = importing.contacts()["62811"]
    assert report.contacts == Written(updated=1)
    assert [each["content"] for each in found["notes"]] == ["meanwhile", "imported"]
    assert found["name"] == "New"


@pytest.mark.parametrize("known", [True, False])
def test_newer_activity_of_others_wins(importing: Importing, interfere: Interfere, known: bool) -> None:
    importing.load([contact(name="Old")] if known else [])
    newer: dict[str, Any] = {"last_activity_at": NOW + 9, "activity_at": NOW + 9, "name": "Meanwhile"}
    interfere(lambda: importing.set_contact(**newer))
    report = importing.load([contact(name="New", city="Lisbon", lastActivityAt=NOW + 5)], [])
    assert importing.contacts()["62811"].items() >= (newer | {"city": "Lisbon"}).items()
    assert report.contacts == Written(updated=1)


def test_a_change_of_an_unrelated_field_is_not_a_conflict(importing: Importing, interfere: Interfere) -> None:
    importing.load([contact(name="Old")])
    interfere(lambda: importing.set_contact(city="Lisbon"))
    importing.load([contact(name="New")], [])
    # One update of the other writer, and one of the import.
    assert importing.writes == {"UpdateItem": 2}
    found = importing.contacts()["62811"]
    assert (found["name"], found["city"]) == ("New", "Lisbon")


def test_a_workspace_updated_meanwhile_is_merged_again(importing: Importing, interfere: Interfere) -> None:
    importing.load([], [workspace(name="Old", updated_at=5)])
    interfere(lambda: importing.set_workspace(name="Meanwhile", updated_at=9))
    importing.load([], [workspace(name="New", updated_at=6)])
    assert importing.workspaces()["w1"]["name"] == "Meanwhile"


def test_a_contact_that_changes_during_every_attempt_is_reported(importing: Importing) -> None:
    importing.load([contact(name="Old")])
    times = iter(range(100))

    def touch(**_: Any) -> None:
        importing.set_contact(flagged_at=next(times))

    importing.target.dynamodb.meta.events.register("after-call.dynamodb.BatchGetItem", touch)
    report = importing.load([contact(name="New")], [])
    assert [each.reason for each in report.bad_lines] == [
        f"another writer changed it during each of {MAX_TRIES} attempts"
    ]
