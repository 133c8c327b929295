"""The order of flags: never flagged first, then least recently flagged, then oldest activity."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from background_sync.rules.contact import GRACE_MS, Contact, best, rank

NOW = 1_000
REPORTED = {"flagged_at": 2 * GRACE_MS, "behind_at": GRACE_MS + 10, "reported_at": GRACE_MS + 10}


def selected(*contacts: Contact, limit: int = 9, refused: tuple[str, ...] = ()) -> list[str]:
    return [each.contact_id for each in best((), contacts, limit, refused)]


def contact(
    contact_id: str,
    activity_at: int = 5,
    flagged_at: int | None = None,
    behind_at: int | None = None,
    reported_at: int | None = None,
) -> Contact:
    return Contact(contact_id, activity_at, None, flagged_at, behind_at, reported_at)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (contact("b", 9), contact("a", 1, flagged_at=1)),  # Never flagged.
        (contact("b", 9, flagged_at=7), contact("a", 1, flagged_at=8)),  # Least recently flagged.
        (contact("b", 5), contact("a", 6)),  # Oldest activity.
        (contact("a"), contact("b")),  # The contact id decides last.
        (contact("b", 9, flagged_at=NOW, behind_at=NOW + GRACE_MS), contact("a", 1)),  # Unreported activity.
        (contact("a", 1, flagged_at=NOW), contact("b", 9, **REPORTED)),  # Reported activity is no reason.
    ],
)
def test_of_two_contacts_this_one_comes_first(first: Contact, second: Contact) -> None:
    assert selected(second, first) == [first.contact_id, second.contact_id]


@pytest.mark.parametrize("behind_at", [None, GRACE_MS + 2])
def test_unwritable_contacts_come_last_even_with_unreported_activity(behind_at: int | None) -> None:
    unwritable = contact("a", 1, behind_at=behind_at)
    assert selected(unwritable, contact("b", 9, flagged_at=9), refused=("a",)) == ["b", "a"]


contacts = st.builds(
    Contact,
    st.text("abc", min_size=1, max_size=3),
    st.integers(0, 9),
    st.none(),
    st.none() | st.integers(1, 5) | st.just(NOW),
    st.none() | st.just(2 * GRACE_MS),
)


@given(
    all_contacts=st.lists(contacts, max_size=40, unique_by=lambda each: each.contact_id),
    cuts=st.lists(st.integers(0, 40), max_size=6),
    limit=st.integers(0, 12),
    refused=st.sets(st.text("abc", min_size=1, max_size=3), max_size=5),
)
def test_the_selection_does_not_depend_on_the_pages(
    all_contacts: list[Contact], cuts: list[int], limit: int, refused: set[str]
) -> None:
    kept: list[Contact] = []
    edges = [0, *sorted(cuts), len(all_contacts)]
    for start, end in pairwise(edges):
        kept = best(kept, all_contacts[start:end], limit, refused)
        assert len(kept) <= limit
    assert kept == sorted(all_contacts, key=lambda each: rank(each, refused))[:limit]
