"""Windows over things that are ordered by (time, id), newest first, while the things move."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

Key = tuple[int, str]
"""A time in ms, and an id."""


@dataclass(frozen=True, slots=True)
class Window:
    """What is asked for: times are inclusive, cursors are not; at most one of `after` and `before`."""

    limit: int
    since: int | None = None
    until: int | None = None
    after: Key | None = None
    before: Key | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Keys, newest first. `older` and `newer`: whether the window holds more on that side."""

    keys: list[Key]
    older: bool
    newer: bool


class Activity:
    """Ids by the time of their last activity; a time may change."""

    def __init__(self) -> None:
        self._keys: list[Key] = []
        self._times: dict[str, int] = {}

    def touch(self, item: str, at: int) -> None:
        """Give an id its time, new or changed."""
        if item in self._times:
            del self._keys[bisect_left(self._keys, (self._times[item], item))]
        self._times[item] = at
        insort(self._keys, (at, item))

    def page(self, window: Window, keep: Callable[[str], bool] = lambda _: True) -> Page:
        """A window's page, of the ids that `keep` wants."""
        low, high = self._bounds(window)
        if window.before is not None:
            start = max(low, bisect_right(self._keys, window.before))
            found = self._take(range(start, high), window.limit, keep)
            return Page(found[: window.limit][::-1], older=True, newer=len(found) > window.limit)
        end = high if window.after is None else min(high, bisect_left(self._keys, window.after))
        found = self._take(range(end - 1, low - 1, -1), window.limit, keep)
        return Page(found[: window.limit], older=len(found) > window.limit, newer=window.after is not None)

    def _bounds(self, window: Window) -> tuple[int, int]:
        low = 0 if window.since is None else bisect_left(self._keys, (window.since, ""))
        high = len(self._keys) if window.until is None else bisect_left(self._keys, (window.until + 1, ""))
        return low, high

    def _take(self, places: range, limit: int, keep: Callable[[str], bool]) -> list[Key]:
        """One more than the limit, to know whether there is more."""
        keys: Iterator[Key] = (self._keys[place] for place in places)
        return list(islice((key for key in keys if keep(key[1])), limit + 1))
