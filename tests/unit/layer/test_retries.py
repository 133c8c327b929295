"""Retries pause longer each time, at random, and leave enough of the invocation to close a run."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from background_sync.clock import CLOSING_MS, Deadline, SystemClock, attempts
from background_sync.records.batches import NotRead, read_many
from background_sync.records.database import Database
from background_sync.rules.policy import DAY_MS
from background_sync.settings import Tables
from tests.integration.world import NOW, TestClock


class StubbornClient:
    def __init__(self) -> None:
        self.asked = 0

    def batch_get_item(self, RequestItems: Mapping[str, Any], **_: object) -> dict[str, Any]:  # noqa: N803
        self.asked += 1
        return {"Responses": {}, "UnprocessedKeys": RequestItems}


def database(clock: TestClock) -> Database:
    client = cast("Any", StubbornClient())
    return Database(client, cast("Any", None), Tables("w", "c", "h"), clock)


@given(st.integers(1, 10), st.floats(0.01, 2))
def test_the_pause_doubles_and_is_random_from_half_to_one_and_a_half(tries: int, pause_s: float) -> None:
    clock = TestClock()
    times = [clock.now() for _ in attempts(clock, tries, pause_s)]
    pauses = [later - earlier for earlier, later in pairwise(times)]
    assert len(times) == tries
    for number, pause in enumerate(pauses):
        assert 499 * pause_s * 2**number - 1 <= pause <= 1501 * pause_s * 2**number + 1


@given(st.integers(1, 10), st.floats(0.01, 2), st.integers(0, 60_000))
def test_no_retry_begins_without_the_time_to_close_the_run(tries: int, pause_s: float, left_ms: int) -> None:
    clock = TestClock()
    deadline = Deadline(clock, NOW + left_ms)
    times = [clock.now() for _ in attempts(clock, tries, pause_s, deadline)]
    assert times[0] == NOW
    assert all(deadline.at - time >= CLOSING_MS - 1 for time in times[1:])


def test_a_batch_read_that_never_ends_leaves_the_time_to_close_the_run() -> None:
    clock = TestClock()
    stubborn, deadline = database(clock), Deadline(clock, NOW + 10_000)
    with stubborn.attempt(deadline), pytest.raises(NotRead, match="2 of 2 keys were not read"):
        list(read_many(stubborn, "c", [{"id": {"S": "1"}}, {"id": {"S": "2"}}]))
    assert deadline.at - clock.now() >= CLOSING_MS - 1
    assert cast("Any", stubborn.client).asked > 1


def test_less_than_the_margin_is_within_it_and_exactly_the_margin_is_not() -> None:
    clock = TestClock(1_000)
    assert Deadline(clock, 1_500).within(501)
    assert Deadline(clock, 900).within(0)
    assert not Deadline(clock, 1_500).within(500)


def test_the_clock_can_be_moved() -> None:
    assert abs(SystemClock(DAY_MS).now() - SystemClock().now() - DAY_MS) < DAY_MS
