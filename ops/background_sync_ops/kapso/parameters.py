"""What a request's query asks for. Unknown names are ignored, as Kapso does; bad values are refused."""

import binascii
from collections.abc import Callable, Collection
from typing import TypeVar

from werkzeug.datastructures import MultiDict

from background_sync_ops.kapso.activity import Key, Window
from background_sync_ops.kapso.paging import decode
from background_sync_ops.kapso.problems import Problem
from background_sync_ops.kapso.times import first_ms, last_ms

DEFAULT_LIMIT = 20
MAX_LIMIT = 100

T = TypeVar("T")


class Parameters:
    """The query's values, read one by one. `bad`: the status of the answer to a value that cannot be read."""

    def __init__(self, query: MultiDict[str, str], bad: int) -> None:
        self._query = query
        self._bad = bad

    def text(self, name: str) -> str | None:
        """A value as it is; an empty one is none."""
        return self._query.get(name) or None

    def choice(self, name: str, choices: Collection[str]) -> str | None:
        """One of several values."""
        value = self.text(name)
        if value is not None and value not in choices:
            raise Problem(self._bad, f"{name} must be one of {', '.join(choices)}")
        return value

    def flag(self, name: str) -> bool:
        """True or false; false when it is not there."""
        return self.choice(name, ("true", "false")) == "true"

    def window(self, column: str, since: str | None = None, until: str | None = None) -> Window:
        """Limit, cursors and bounds. `column` is the cursors' time; `since` and `until` name the bounds."""
        window = Window(
            limit=self._read("limit", _limit) or DEFAULT_LIMIT,
            since=self._read(since, first_ms),
            until=self._read(until, last_ms),
            after=self._read("after", lambda text: _cursor(text, column)),
            before=self._read("before", lambda text: _cursor(text, column)),
        )
        if window.after and window.before:
            raise Problem(422, "after and before cannot be combined")
        return window

    def _read(self, name: str | None, read: Callable[[str], T]) -> T | None:
        value = None if name is None else self.text(name)
        try:
            return None if value is None else read(value)
        except (ValueError, OverflowError):
            raise Problem(self._bad, f"{name} is invalid") from None


def _limit(text: str) -> int:
    limit = int(text)
    if not 1 <= limit <= MAX_LIMIT:
        raise ValueError(text)
    return limit


def _cursor(text: str, column: str) -> Key:
    try:
        return decode(text, column)
    except (binascii.Error, KeyError, TypeError) as error:
        raise ValueError(text) from error
