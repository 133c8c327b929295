"""Reads a request's query. Unknown names are ignored, as Kapso does; invalid values are refused."""

from collections.abc import Callable, Collection
from typing import TypeVar

from werkzeug.datastructures import MultiDict

from background_sync_ops.kapso.activity import Window
from background_sync_ops.kapso.paging import decode
from background_sync_ops.kapso.problems import Problem
from background_sync_ops.kapso.times import parse

DEFAULT_LIMIT = 20
MAX_LIMIT = 100

T = TypeVar("T")


class Parameters:
    """`invalid_status` is the HTTP status of the response to an invalid value."""

    def __init__(self, query: MultiDict[str, str], invalid_status: int) -> None:
        self._query = query
        self._invalid_status = invalid_status

    def text(self, name: str) -> str | None:
        """The value, or None if it is missing or empty."""
        return self._query.get(name) or None

    def choice(self, name: str, choices: Collection[str]) -> str | None:
        value = self.text(name)
        if value is not None and value not in choices:
            raise Problem(self._invalid_status, f"{name} must be one of {', '.join(choices)}")
        return value

    def numbered_page(self) -> tuple[int, int]:
        """The number of a page, from 1, and its size."""
        return self._read("page", _read_positive) or 1, self._read("per_page", _read_limit) or DEFAULT_LIMIT

    def window(self, column: str) -> Window:
        """The page that is asked for; `column` is the name of the time in the cursors."""
        return Window(
            limit=self._read("limit", _read_limit) or DEFAULT_LIMIT,
            since=self._read("last_active_since", parse),
            until=self._read("last_active_until", parse),
            after=self._read("after", lambda text: decode(text, column)),
        )

    def _read(self, name: str, read: Callable[[str], T]) -> T | None:
        value = self.text(name)
        try:
            return None if value is None else read(value)
        except (ValueError, TypeError, KeyError, OverflowError):
            raise Problem(self._invalid_status, f"{name} is invalid") from None


def _read_limit(text: str) -> int:
    limit = int(text)
    if not 1 <= limit <= MAX_LIMIT:
        raise ValueError(f"limit must be from 1 to {MAX_LIMIT}")
    return limit


def _read_positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError("page must be 1 or more")
    return number
