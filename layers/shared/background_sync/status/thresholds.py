"""When sync itself is healthy."""

from enum import IntEnum

LATE_WARN = 1.5
LATE_FAIL = 2.5
"""In sweep intervals."""
FAILED_SHARE_FAIL = 0.5
DEPTH_WARN = 2.0
"""In sweeps' worth of messages: a sweep may send every workspace an audit besides its run."""


class State(IntEnum):
    """As in application/health+json; the larger, the worse."""

    PASS = 0
    WARN = 1
    FAIL = 2

    def __str__(self) -> str:
        return self.name.lower()


def sweep_age_state(age_ms: int | None, interval_ms: int) -> State:
    """Of the time since the last finished sweep's scheduled time; None: there was no sweep yet."""
    if age_ms is None:
        return State.WARN
    if age_ms > LATE_FAIL * interval_ms:
        return State.FAIL
    return State.WARN if age_ms > LATE_WARN * interval_ms else State.PASS


def failed_share_state(share: float) -> State:
    """Of the share of failed runs in the last finished sweep."""
    if share >= FAILED_SHARE_FAIL:
        return State.FAIL
    return State.WARN if share > 0 else State.PASS


def queue_age_state(age_ms: int, interval_ms: int) -> State:
    """Of the time since the oldest sweep with open runs began; what fails is that none finishes."""
    return State.WARN if age_ms > interval_ms else State.PASS


def queue_depth_state(depth: float | None) -> State:
    """Of the messages that wait, in sweeps' worth; None: no sweep says how many that is."""
    return State.WARN if depth is not None and depth > DEPTH_WARN else State.PASS


def verification_age_state(behind_ms: int, interval_ms: int) -> State:
    """Of how far behind the last finished sweep the last one is that compared everything."""
    return State.WARN if behind_ms > LATE_FAIL * interval_ms else State.PASS


def deferred_state(deferred: int) -> State:
    """Of the runs of the last finished sweep that could not verify; later ones catch up."""
    return State.WARN if deferred else State.PASS


def webhooks_state(off: int) -> State:
    """Of the numbers that have no webhook, or one that is switched off: a sweep alone sees what happens."""
    return State.WARN if off else State.PASS


def dead_letters_state(messages: int) -> State:
    """Of the messages in the dead-letter queue: each is a workspace that a person should look at."""
    return State.WARN if messages else State.PASS
