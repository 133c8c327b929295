"""Shards are the same in every process and every version."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from background_sync.rules.values import shard_of, stable_hash


def test_a_hash_never_changes() -> None:
    assert (stable_hash("acme"), stable_hash(""), stable_hash("日本")) == (96778814, 0, 3350711756)


@given(st.text(max_size=50), st.integers(1, 100))
def test_a_shard_is_within_the_range(text: str, shards: int) -> None:
    assert 0 <= shard_of(text, shards) < shards


def test_shards_are_evenly_filled() -> None:
    filled = Counter(shard_of(f"workspace-{number}", 16) for number in range(16_000))
    assert len(filled) == 16
    assert max(filled.values()) < 1.2 * min(filled.values())
