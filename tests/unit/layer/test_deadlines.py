"""How much of an invocation is left."""

from background_sync.clock import Deadline, SystemClock


class Stopped:
    """A clock at 1,000 ms."""

    def now(self) -> int:
        return 1_000

    def sleep(self, seconds: float) -> None:
        raise NotImplementedError


def test_less_than_the_margin_is_within_it() -> None:
    assert Deadline(Stopped(), 1_500).within(501)
    assert Deadline(Stopped(), 900).within(0)


def test_exactly_the_margin_is_not_within_it() -> None:
    assert not Deadline(Stopped(), 1_500).within(500)


def test_the_clock_can_be_moved() -> None:
    day_ms = 86_400_000
    assert abs(SystemClock(day_ms).now() - SystemClock().now() - day_ms) < day_ms
