"""Spreading records over shards: by a hash that is the same in every process."""

from zlib import crc32


def stable_hash(text: str) -> int:
    """A non-negative 32-bit hash; unlike `hash()`, the same everywhere and for ever."""
    return crc32(text.encode())


def shard_of(text: str, shards: int) -> int:
    """A shard in 0..shards-1."""
    return stable_hash(text) % shards
