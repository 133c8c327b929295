"""Least recently flagged first, never-flagged before all, oldest activity first among equals."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from background_sync.rules.contact import GRACE_MS, Contact, best, rank

NOW = 1_000


def chosen(*contacts: Contact, limit: int = 9, refused: tuple[str, ...] = ()) -> list[str]:
    return [each.contact_id for each in best((), contacts, limit, refused)]


def contact(
    contact_id: str,
    activity_at: int = 5,
    flagged_at: int | None = None,
    behind_at: int | None = None,
    reported_at: int | None = None,
) -> Contact:
    return Contact(contact_id, activity_at, None, flagged_at, behind_at, reported_at)


def test_the_never_flagged_come_before_all() -> None:
    assert chosen(contact("a", 1, flagged_at=1), contact("b", 9)) == ["b", "a"]


def test_then_the_least_recently_flagged() -> None:
    assert chosen(contact("a", 1, flagged_at=8), contact("b", 9, flagged_at=7)) == ["b", "a"]


def test_among_equals_the_oldest_activity_comes_first() -> None:
    assert chosen(contact("a", 6), contact("b", 5)) == ["b", "a"]


def test_the_order_is_total() -> None:
    assert chosen(contact("b"), contact("c"), contact("a")) == ["a", "b", "c"]


def test_who_could_not_be_written_comes_last() -> None:
    assert chosen(contact("a", 1), contact("b", 9, flagged_at=9), refused=("a",)) == ["b", "a"]


def test_whose_missed_activity_was_not_told_of_comes_before_all() -> None:
    news = contact("b", 9, flagged_at=NOW, behind_at=NOW + GRACE_MS)
    assert chosen(contact("a", 1), news) == ["b", "a"]


def test_whose_missed_activity_was_told_of_waits_for_the_turn() -> None:
    told = contact("b", 9, flagged_at=2 * GRACE_MS, behind_at=GRACE_MS + 10, reported_at=GRACE_MS + 10)
    assert chosen(told, contact("a", 1, flagged_at=NOW)) == ["a", "b"]


def test_who_could_not_be_written_comes_last_even_with_news() -> None:
    news = contact("a", 1, behind_at=GRACE_MS + 2)
    assert chosen(news, contact("b", 9, flagged_at=9), refused=("a",)) == ["b", "a"]


def test_a_limit_of_0_chooses_nobody() -> None:
    assert chosen(contact("a"), limit=0) == []


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
    everybody=st.lists(contacts, max_size=40, unique_by=lambda each: each.contact_id),
    cuts=st.lists(st.integers(0, 40), max_size=6),
    limit=st.integers(0, 12),
    refused=st.sets(st.text("abc", min_size=1, max_size=3), max_size=5),
)
def test_however_the_pages_are_cut_it_is_the_best_of_all(
    everybody: list[Contact], cuts: list[int], limit: int, refused: set[str]
) -> None:
    kept: list[Contact] = []
    edges = [0, *sorted(cuts), len(everybody)]
    for start, end in pairwise(edges):
        kept = best(kept, everybody[start:end], limit, refused)
        assert len(kept) <= limit
    assert kept == sorted(everybody, key=lambda each: rank(each, refused))[:limit]
