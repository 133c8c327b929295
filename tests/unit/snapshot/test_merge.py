from typing import Any

import pytest

from background_sync_ops.snapshot.merge import changes, is_of_another_document, merge_workspaces
from background_sync_ops.snapshot.values import BadDocument
from tests.unit.snapshot.making import NOW, contact, merge_contacts, workspace

T = NOW - 1_000_000


def note(content: str, at: int = 1, by: str = "rina") -> dict[str, Any]:
    return {"content": content, "added_by": by, "added_at": at}


def test_the_newer_activity_wins_field_by_field() -> None:
    old = contact(_id="a", lastActivityAt=T, name="Old", city="Lisbon", leadStatus="new")
    new = contact(_id="b", lastActivityAt=T + 1, name="New", leadStatus="archived")
    for merged in (merge_contacts(old, new), merge_contacts(new, old)):
        assert (merged["name"], merged["lead_status"], merged["city"]) == ("New", "archived", "Lisbon")
        assert (merged["last_activity_at"], merged["activity_at"]) == (T + 1, T + 1)


def test_with_the_same_activity_the_newer_update_wins_and_then_the_larger_id() -> None:
    one = contact(_id="a", lastActivityAt=T, updated_at=T + 9, name="one")
    two = contact(_id="b", lastActivityAt=T, updated_at=T + 8, name="two")
    assert merge_contacts(two, one)["name"] == merge_contacts(one, two)["name"] == "one"
    two["updated_at"] = T + 9
    assert merge_contacts(two, one)["name"] == merge_contacts(one, two)["name"] == "two"


def test_a_document_wins_over_a_stored_contact_with_the_same_activity() -> None:
    document = contact(lastActivityAt=T, name="New")
    for stored in (
        contact(lastActivityAt=T, name="Old"),
        {"workspace_id": "w1", "contact_id": "62811", "last_activity_at": T, "name": "Made by the CRM"},
    ):
        assert merge_contacts(stored, document)["name"] == "New"


def test_the_older_creation_and_the_newer_flag_are_kept() -> None:
    one = contact(_id="a", lastActivityAt=T + 1, created_at=T - 7, flagged_at=5)
    two = contact(_id="b", lastActivityAt=T, created_at=T - 8, flagged_at=9)
    for merged in (merge_contacts(one, two), merge_contacts(two, one)):
        assert (merged["created_at"], merged["flagged_at"]) == (T - 8, 9)
    assert merge_contacts(two, contact(lastActivityAt=T + 1))["flagged_at"] == 9


@pytest.mark.parametrize("name", ["behind_at", "reported_at", "repaired_at", "created_by_run", "renamed_at"])
def test_attributes_that_only_sync_writes_are_never_taken_from_a_document(name: str) -> None:
    stored = {"workspace_id": "w1", "contact_id": "62811", "last_activity_at": 5, "activity_at": 5, name: 900}
    assert merge_contacts(stored, contact(lastActivityAt=6, **{name: 1}))[name] == 900


def test_notes_are_joined_by_time() -> None:
    stored = contact(lastActivityAt=T, notes=[note("a", 1), note("c", 3)])
    document = contact(lastActivityAt=T, notes=[note("b", 2), note("c", 3), note("d", 3)])
    assert [each["content"] for each in merge_contacts(stored, document)["notes"]] == ["a", "b", "c", "d"]


def test_stored_notes_keep_their_order_if_nothing_is_added() -> None:
    notes = [note("b", 2), note("a", 1), note("a", 1), {"free": "form"}, "text"]
    stored = {**contact(), "notes": notes}
    assert merge_contacts(stored, contact(notes=[note("a", 1)]))["notes"] == notes


def test_stored_notes_of_unknown_shape_are_kept_if_others_are_added() -> None:
    odd = [{"content": 5}, "text", {"content": "x", "added_by": [1]}, {"content": "y", "added_at": "later"}]
    merged = merge_contacts({**contact(), "notes": odd}, contact(notes=[note("a", 1)]))
    assert merged["notes"] == [*odd, note("a", 1)]


def test_nothing_can_be_added_to_stored_notes_that_are_not_a_list() -> None:
    with pytest.raises(BadDocument, match="the notes of the stored contact are not a list"):
        merge_contacts({**contact(), "notes": "hello"}, contact(notes=[note("a")]))


def test_a_stored_null_counts_as_missing() -> None:
    stored = {**contact(lastActivityAt=T + 1), "notes": None, "name": None}
    merged = merge_contacts(stored, contact(lastActivityAt=T, name="Sari", notes=[note("a")]))
    assert (merged["name"], merged["notes"]) == ("Sari", [note("a")])


def test_invalid_stored_times_are_replaced() -> None:
    stored = {**contact(_creationTime=None), "last_activity_at": "x", "created_at": "y", "flagged_at": "z"}
    merged = merge_contacts(stored, contact(created_at=T, flagged_at=5))
    assert (merged["activity_at"], merged["created_at"], merged["flagged_at"]) == (T, T, 5)


def test_changes_are_the_attributes_that_are_missing_or_different() -> None:
    stored = {"a": 1, "b": True, "c": [1], "d": None, "e": 5}
    assert changes(stored, {"a": 1, "b": 1, "c": [2], "d": 4, "f": 6}) == {"b": 1, "c": [2], "d": 4, "f": 6}


def test_two_documents_are_recognised_by_their_ids() -> None:
    assert is_of_another_document(contact(_id="a"), contact(_id="b"))
    assert not is_of_another_document(contact(_id="a"), contact(_id="a"))
    assert not is_of_another_document({"contact_id": "62811"}, contact(_id="a"))


def test_an_older_workspace_document_only_adds_what_is_missing() -> None:
    stored = workspace(name="Newer", updated_at=6)
    merged = merge_workspaces(stored, workspace(name="Older", plan="team", updated_at=5))
    assert (merged["name"], merged["plan"]) == ("Newer", "team")


def test_settings_are_merged_one_by_one() -> None:
    stored = workspace(settings={"verify": "report", "theme": "dark"})
    merged = merge_workspaces(stored, workspace(settings={"theme": "light", "maxSyncNotes": 3}))
    assert merged["settings"] == {"verify": "report", "theme": "light", "max_sync_notes": 3}
    assert merge_workspaces(stored, workspace())["settings"] == stored["settings"]
