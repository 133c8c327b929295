"""Retries while AWS is too busy. They come on top of botocore's own, which end after some seconds."""

from collections.abc import Callable, Iterator
from typing import Any

from botocore.exceptions import ClientError

from background_sync.clock import SystemClock, attempts

MAX_TRIES = 10
FIRST_PAUSE_S = 0.05
BUSY = frozenset(
    {
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ThrottlingException",
        "TooManyUpdates",
    }
)


class Throttled(Exception):
    """AWS was too busy on every attempt."""


def tries(doing: str) -> Iterator[int]:
    """Yield the number of each attempt, with a growing pause before each but the first.

    Raises:
        Throttled: there are no attempts left. `doing` says what was attempted.
    """
    yield from attempts(SystemClock(), MAX_TRIES, FIRST_PAUSE_S)
    raise Throttled(f"{doing}: AWS was too busy on each of {MAX_TRIES} attempts; import again later")


def with_retries(doing: str, request: Callable[..., Any], **parameters: Any) -> Any:
    """The answer of AWS to a request, retried while AWS is too busy; raises `Throttled` and `ClientError`."""
    for _ in tries(doing):
        try:
            return request(**parameters)
        except ClientError as error:
            if error.response["Error"]["Code"] not in BUSY:
                raise
    raise AssertionError("tries() ends by raising")
