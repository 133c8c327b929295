"""Pages of ids, ordered by (time, id), newest first. The times may change between two pages."""

from bisect import bisect_left, insort
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice

Key = tuple[int, str]
"""A time in ms, and an id."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Which page is asked for. `since` and `until` (ms) are inclusive, `after` is exclusive."""

    limit: int
    since: int | None = None
    until: int | None = None
    after: Key | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Keys, newest first. `has_more`: the window has older ones."""

    keys: list[Key]
    has_more: bool


class Activity:
    """Ids, by the time of their last activity."""

    def __init__(self) -> None:
        self._keys: list[Key] = []
        self._times: dict[str, int] = {}

    def set_time(self, item: str, at: int) -> None:
        if item in self._times:
            del self._keys[bisect_left(self._keys, (self._times[item], item))]
        self._times[item] = at
        insort(self._keys, (at, item))

    def page(self, window: Window, matches: Callable[[str], bool] = lambda _: True) -> Page:
        """The page of a window, with only the ids that match."""
        keys = self._keys
        first = 0 if window.since is None else bisect_left(keys, (window.since, ""))
        end = len(keys) if window.until is None else bisect_left(keys, (window.until + 1, ""))
        if window.after is not None:
            end = min(end, bisect_left(keys, window.after))
        newest_first = (keys[index] for index in range(end - 1, first - 1, -1))
        # One more than the limit shows whether there are more.
        found = list(islice((key for key in newest_first if matches(key[1])), window.limit + 1))
        return Page(found[: window.limit], has_more=len(found) > window.limit)
