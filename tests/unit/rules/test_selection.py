"""The order of flags: never flagged first, then least recently flagged, then oldest activity."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from background_sync.rules.contact import GRACE_MS, Contact, best, rank

NOW = 1_000


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


def test_contacts_never_flagged_come_first() -> None:
    assert selected(contact("a", 1, flagged_at=1), contact("b", 9)) == ["b", "a"]


def test_the_least_recently_flagged_come_next() -> None:
    assert selected(contact("a", 1, flagged_at=8), contact("b", 9, flagged_at=7)) == ["b", "a"]


def test_among_equals_the_oldest_activity_comes_first() -> None:
    assert selected(contact("a", 6), contact("b", 5)) == ["b", "a"]


def test_the_contact_id_decides_last() -> None:
    assert selected(contact("b"), contact("c"), contact("a")) == ["a", "b", "c"]


def test_unwritable_contacts_come_last() -> None:
    assert selected(contact("a", 1), contact("b", 9, flagged_at=9), refused=("a",)) == ["b", "a"]


def test_contacts_with_unreported_activity_come_before_all_others() -> None:
    unreported = contact("b", 9, flagged_at=NOW, behind_at=NOW + GRACE_MS)
    assert selected(contact("a", 1), unreported) == ["b", "a"]


def test_contacts_with_reported_activity_wait_for_their_turn() -> None:
    reported = contact("b", 9, flagged_at=2 * GRACE_MS, behind_at=GRACE_MS + 10, reported_at=GRACE_MS + 10)
    assert selected(reported, contact("a", 1, flagged_at=NOW)) == ["a", "b"]


def test_unwritable_contacts_come_last_even_with_unreported_activity() -> None:
    unreported = contact("a", 1, behind_at=GRACE_MS + 2)
    assert selected(unreported, contact("b", 9, flagged_at=9), refused=("a",)) == ["b", "a"]


def test_a_limit_of_0_selects_nobody() -> None:
    assert selected(contact("a"), limit=0) == []


contacts = st.builds(
    Contact,
    st.text("abc", min_size=1, max_size=3),
    st.integers(0, 9),
    st.none(),
    st.none() | st.integers(1, 5) | st.just(NOW),
    st.none() | st.just(2 * GRACE_MS),
)


@settings(deadline=None)
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
