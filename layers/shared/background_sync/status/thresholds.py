"""When sync itself is healthy."""

from enum import IntEnum

LATE_WARN = 1.5
LATE_FAIL = 2.5
"""The age of the last finished sweep, in intervals. A verification that is late by `LATE_FAIL` only warns."""
FAILED_SHARE_FAIL = 0.5
DEPTH_WARN = 2.0
"""The waiting messages, as a multiple of one sweep's: a sweep may send an audit for each run."""


class State(IntEnum):
    """The states of application/health+json. A larger one is worse."""

    PASS = 0
    WARN = 1
    FAIL = 2

    def __str__(self) -> str:
        return self.name.lower()


def warn_if(condition: object) -> State:
    return State.WARN if condition else State.PASS


def sweep_age_state(age_ms: int, interval_ms: int) -> State:
    """`age_ms` is the time since the last finished sweep was scheduled."""
    return State.FAIL if age_ms > LATE_FAIL * interval_ms else warn_if(age_ms > LATE_WARN * interval_ms)


def failed_share_state(share: float) -> State:
    """`share` is that of failed runs in the last finished sweep, or of those without reception."""
    return State.FAIL if share >= FAILED_SHARE_FAIL else warn_if(share > 0)
