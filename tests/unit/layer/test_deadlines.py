"""How much of an invocation is left."""

from background_sync.clock import Deadline, SystemClock
from background_sync.rules.policy import DAY_MS
from tests.integration.world import TestClock


def test_less_than_the_margin_is_within_it_and_exactly_the_margin_is_not() -> None:
    clock = TestClock(1_000)
    assert Deadline(clock, 1_500).within(501)
    assert Deadline(clock, 900).within(0)
    assert not Deadline(clock, 1_500).within(500)


def test_the_clock_can_be_moved() -> None:
    assert abs(SystemClock(DAY_MS).now() - SystemClock().now() - DAY_MS) < DAY_MS
