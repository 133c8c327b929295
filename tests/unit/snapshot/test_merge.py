from typing import Any

import pytest

from background_sync_ops.snapshot.merge import (
    Unmergeable,
    changes,
    is_of_another_document,
    merge_contacts,
    merge_workspaces,
)
from tests.unit.snapshot.making import contact, workspace

T = 1_000_000


def note(content: str, at: int = 1, by: str = "rina") -> dict[str, Any]:
    return {"content": content, "added_by": by, "added_at": at}


def test_the_newer_activity_wins_field_by_field() -> None:
    old = contact(_id="a", lastActivityAt=T, name="Old", city="Lisbon", leadStatus="new")
    new = contact(_id="b", lastActivityAt=T + 1, name="New", leadStatus="archived")
    for merged in (merge_contacts(old, new), merge_contacts(new, old)):
        assert (merged["name"], merged["lead_status"], merged["city"]) == ("New", "archived", "Lisbon")
        assert (merged["last_activity_at"], merged["activity_at"]) == (T + 1, T + 1)


def test_of_equal_activity_the_newer_update_wins_and_then_the_larger_id() -> None:
    one = contact(_id="a", lastActivityAt=T, updated_at=9, name="one")
    two = contact(_id="b", lastActivityAt=T, updated_at=8, name="two")
    assert merge_contacts(two, one)["name"] == merge_contacts(one, two)["name"] == "one"
    two["updated_at"] = 9
    assert merge_contacts(two, one)["name"] == merge_contacts(one, two)["name"] == "two"


def test_the_same_document_again_replaces_what_it_said() -> None:
    stored = contact(lastActivityAt=T, leadStatus="new", name="Sari")
    assert (
        merge_contacts(stored, contact(lastActivityAt=T, leadStatus="archived"))["lead_status"] == "archived"
    )


def test_a_contact_that_the_crm_made_yields_to_a_document_of_the_same_activity() -> None:
    stored = {"workspace_id": "w1", "contact_id": "62811", "last_activity_at": T, "name": "there"}
    assert merge_contacts(stored, contact(lastActivityAt=T, name="here"))["name"] == "here"


def test_the_last_activity_is_never_lowered() -> None:
    written_to = contact(_id="a", lastActivityAt=T, updated_at=T + 500)
    updated = contact(_id="b", updated_at=T + 100)
    merged = merge_contacts(written_to, updated)
    assert (merged["last_activity_at"], merged["activity_at"]) == (T + 100, T + 100)


def test_the_first_creation_and_the_latest_flag_are_kept() -> None:
    one = contact(_id="a", lastActivityAt=T + 1, created_at=7, flagged_at=5)
    two = contact(_id="b", lastActivityAt=T, created_at=6, flagged_at=9)
    merged = merge_contacts(one, two)
    assert (merged["created_at"], merged["flagged_at"]) == (6, 9)


def test_a_flag_time_that_is_there_is_not_lowered() -> None:
    stored = contact(lastActivityAt=T, flagged_at=9)
    assert merge_contacts(stored, contact(lastActivityAt=T + 1, flagged_at=5))["flagged_at"] == 9
    assert merge_contacts(stored, contact(lastActivityAt=T + 1))["flagged_at"] == 9


def test_notes_are_the_union_by_time() -> None:
    stored = contact(lastActivityAt=T, notes=[note("a", 1), note("c", 3)])
    merged = merge_contacts(
        stored, contact(lastActivityAt=T, notes=[note("b", 2), note("c", 3), note("d", 3)])
    )
    assert [each["content"] for each in merged["notes"]] == ["a", "b", "c", "d"]


@pytest.mark.parametrize("other", [note("a", 2), note("a", 1, "theo"), note("b", 1)])
def test_notes_that_differ_in_anything_are_two(other: dict[str, Any]) -> None:
    assert len(merge_contacts(contact(notes=[note("a", 1)]), contact(notes=[other]))["notes"]) == 2


def test_notes_that_are_there_stay_in_their_order_when_none_is_new() -> None:
    notes = [note("b", 2), note("a", 1), note("a", 1), {"free": "form"}, "text"]
    stored = {**contact(), "notes": notes}
    assert merge_contacts(stored, contact(notes=[note("a", 1)]))["notes"] == notes


def test_notes_that_cannot_be_read_stay_when_others_are_added() -> None:
    odd = [{"content": 5}, "text", {"content": "x", "added_by": [1]}, {"content": "y", "added_at": "later"}]
    merged = merge_contacts({**contact(), "notes": odd}, contact(notes=[note("a", 1)]))
    assert merged["notes"] == [*odd, note("a", 1)]


def test_stored_notes_that_are_no_list_cannot_be_added_to() -> None:
    with pytest.raises(Unmergeable, match="no list"):
        merge_contacts({**contact(), "notes": "hello"}, contact(notes=[note("a")]))


def test_a_stored_null_is_absent() -> None:
    stored = {**contact(lastActivityAt=T + 1), "notes": None, "name": None}
    merged = merge_contacts(stored, contact(lastActivityAt=T, name="Sari", notes=[note("a")]))
    assert (merged["name"], merged["notes"]) == ("Sari", [note("a")])


def test_a_stored_time_that_cannot_be_read_is_mended() -> None:
    stored = {**contact(_creationTime=None), "last_activity_at": "x", "created_at": "y", "flagged_at": "z"}
    merged = merge_contacts(stored, contact(created_at=T, flagged_at=5))
    assert (merged["activity_at"], merged["created_at"], merged["flagged_at"]) == (T, T, 5)


def test_changes_are_what_the_table_has_not() -> None:
    stored = {"a": 1, "b": True, "c": [1], "d": None, "e": 5}
    assert changes(stored, {"a": 1, "b": 1, "c": [2], "d": 4, "f": 6}) == {"b": 1, "c": [2], "d": 4, "f": 6}


def test_whether_two_documents_tell_of_one_person() -> None:
    assert is_of_another_document(contact(_id="a"), contact(_id="b"))
    assert not is_of_another_document(contact(_id="a"), contact(_id="a"))
    assert not is_of_another_document({"contact_id": "62811"}, contact(_id="a"))


def test_a_workspace_takes_what_the_snapshot_says_and_keeps_the_rest() -> None:
    stored = {**workspace(name="Old", updated_at=5), "latest_run_at": 7, "audited_at": 8, "unwritable": ["1"]}
    merged = merge_workspaces(stored, workspace(name="New", updated_at=5))
    assert merged == {**stored, "name": "New"}


def test_a_workspace_that_was_updated_since_only_gains_what_it_has_not() -> None:
    stored = workspace(name="Newer", updated_at=6)
    merged = merge_workspaces(stored, workspace(name="Older", plan="team", updated_at=5))
    assert (merged["name"], merged["plan"]) == ("Newer", "team")


def test_settings_are_merged_one_by_one() -> None:
    stored = workspace(settings={"verify": "report", "theme": "dark"})
    merged = merge_workspaces(stored, workspace(settings={"theme": "light", "maxSyncNotes": 3}))
    assert merged["settings"] == {"verify": "report", "theme": "light", "max_sync_notes": 3}
    assert merge_workspaces(stored, workspace())["settings"] == stored["settings"]
