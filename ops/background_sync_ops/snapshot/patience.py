"""Waiting for AWS where it can do no more at the moment."""

import random
import time
from collections.abc import Callable, Iterator
from typing import Any

from botocore.exceptions import ClientError

MAX_TRIES = 10
FIRST_DELAY_S = 0.05
MAX_DELAY_S = 5.0
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
    """AWS could not do it however often it was asked."""


def tries(doing: str) -> Iterator[int]:
    """Numbers of tries, with a growing pause before each but the first.

    Raises:
        Throttled: they are used up.
    """
    for number in range(MAX_TRIES):
        if number:
            pause_s = min(MAX_DELAY_S, FIRST_DELAY_S * 2**number)
            time.sleep(pause_s * random.uniform(0.5, 1))  # noqa: S311 - spreads the load, keeps no secret
        yield number
    raise Throttled(f"{doing}: AWS could not, {MAX_TRIES} times")


def patiently(doing: str, request: Callable[..., Any], **parameters: Any) -> Any:
    """What AWS answers to `request`, as soon as it is not too busy; raises `Throttled` and `ClientError`."""
    for _ in tries(doing):
        try:
            return request(**parameters)
        except ClientError as error:
            if error.response["Error"]["Code"] not in BUSY:
                raise
    raise AssertionError("tries() ends by raising")
