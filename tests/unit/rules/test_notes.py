"""Which notes are ours, and that those of others are never lost or reordered."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from background_sync.rules.notes import is_flag, is_sync_note, with_note

Mark = tuple[bool, int]
"""Whether a note is ours, and which it is."""


def ours(mark: Mark) -> bool:
    return mark[0]


@pytest.mark.parametrize(
    "content", ["Sync check: No activity for 3 hours", "Sync repair: a webhook", "Sync check:"]
)
def test_what_sync_wrote_counts(content: str) -> None:
    assert is_sync_note(content, "background-sync")


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
def test_what_anybody_else_wrote_does_not(content: object, author: object) -> None:
    assert not is_sync_note(content, author)
    assert not is_flag(content, author)


def test_a_repair_is_no_flag() -> None:
    assert is_flag("Sync check: x", "background-sync")
    assert not is_flag("Sync repair: x", "background-sync")


marks = st.lists(st.booleans(), max_size=30).map(lambda whose: [(each, n) for n, each in enumerate(whose)])


@given(marks, st.integers(1, 50))
def test_notes_of_others_are_never_lost_or_reordered(notes: list[Mark], limit: int) -> None:
    kept = with_note(notes, (True, 99), ours, limit)
    assert [each for each in kept if not ours(each)] == [each for each in notes if not ours(each)]


@given(marks, st.integers(1, 50))
def test_of_ours_the_latest_stay_and_the_new_one_is_last(notes: list[Mark], limit: int) -> None:
    kept = with_note(notes, (True, 99), ours, limit)
    mine = [each for each in [*notes, (True, 99)] if ours(each)]
    assert [each for each in kept if ours(each)] == mine[-limit:]
    assert kept[-1] == (True, 99)
    assert [each for each in [*notes, (True, 99)] if each in kept] == kept
