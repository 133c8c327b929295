"""Which notes are of sync, and that the notes of others are never lost or reordered."""

from fractions import Fraction
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from background_sync.rules.notes import flag_note, is_flag, is_sync_note, with_note
from background_sync.rules.policy import HOUR_MS
from background_sync.rules.values import round_half_up

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


@given(st.integers(-(10**20), 10**20), st.integers(1, 10**9))
def test_the_result_is_the_nearest_integer(numerator: int, denominator: int) -> None:
    assert round_half_up(numerator, denominator) == floor(Fraction(numerator, denominator) + Fraction(1, 2))


@pytest.mark.parametrize(
    ("age_ms", "hours"),
    [
        (2 * HOUR_MS, 2),
        (2 * HOUR_MS + HOUR_MS // 2 - 1, 2),
        (2 * HOUR_MS + HOUR_MS // 2, 3),
        (HOUR_MS + 1, 1),
        (10_000 * HOUR_MS, 10_000),
        (60_001, 0),
    ],
)
def test_a_flag_states_the_rounded_hours(age_ms: int, hours: int) -> None:
    note = flag_note(10**12, 10**12 + age_ms)
    assert note.content == f"Sync check: No activity for {hours} hours"
    assert (note.added_by, note.added_at) == ("background-sync", 10**12 + age_ms)
