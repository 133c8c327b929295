"""Which notes are of sync, and that the notes of others are never lost or reordered."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from background_sync.rules.notes import is_flag, is_sync_note, with_note

Mark = tuple[bool, int]
"""Whether a note is of sync, and its number."""


def is_ours(mark: Mark) -> bool:
    return mark[0]


@pytest.mark.parametrize(
    ("content", "flag"),
    [("Sync check: No activity for 3 hours", True), ("Sync check:", True), ("Sync repair: a webhook", False)],
)
def test_a_note_of_sync_is_recognized_and_a_repair_note_is_not_a_flag(content: str, flag: bool) -> None:
    assert is_sync_note(content, "background-sync")
    assert is_flag(content, "background-sync") is flag


@pytest.mark.parametrize(
    ("content", "author"),
    [
        ("Sync check: No activity for 3 hours", "ana"),
        ("Sync check: No activity for 3 hours", None),
        ("Sync check: No activity for 3 hours", "Background-Sync"),
        ("hello", "background-sync"),
        (" Sync check: 1", "background-sync"),
        ("sync check: 1", "background-sync"),
        (None, "background-sync"),
        (["Sync check:"], "background-sync"),
        (b"Sync check:", "background-sync"),
    ],
)
def test_any_other_note_is_not_a_sync_note(content: object, author: object) -> None:
    assert not is_sync_note(content, author)
    assert not is_flag(content, author)


marks = st.lists(st.booleans(), max_size=30).map(lambda whose: [(each, n) for n, each in enumerate(whose)])


@given(marks, st.integers(1, 50))
def test_notes_of_others_are_never_lost_or_reordered(notes: list[Mark], limit: int) -> None:
    kept = with_note(notes, (True, 99), is_ours, limit)
    assert [each for each in kept if not is_ours(each)] == [each for each in notes if not is_ours(each)]


@given(marks, st.integers(1, 50))
def test_the_latest_sync_notes_are_kept_and_the_new_one_is_last(notes: list[Mark], limit: int) -> None:
    kept = with_note(notes, (True, 99), is_ours, limit)
    mine = [each for each in [*notes, (True, 99)] if is_ours(each)]
    assert [each for each in kept if is_ours(each)] == mine[-limit:]
    assert kept[-1] == (True, 99)
    assert [each for each in [*notes, (True, 99)] if each in kept] == kept
