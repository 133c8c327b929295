"""The rule that switches a failing webhook off, as Kapso publishes it: within 15 minutes at least 40
deliveries, at least 10 failures, and at least 85 % failing. It stays off until a person switches it on."""

from collections import OrderedDict

WINDOW_MS = 15 * 60_000
MIN_DELIVERIES = 40
MIN_FAILURES = 10
FAILING_PERCENT = 85


class RecentDeliveries:
    """The deliveries to one webhook within the window. Only the latest attempt of a delivery counts."""

    def __init__(self) -> None:
        self._attempts: OrderedDict[str, tuple[int, bool]] = OrderedDict()

    def add(self, delivery_id: str, at: int, *, failed: bool) -> bool:
        """Add an attempt at time `at`. Returns whether the webhook must be switched off."""
        self._attempts.pop(delivery_id, None)
        self._attempts[delivery_id] = at, failed
        while next(iter(self._attempts.values()))[0] <= at - WINDOW_MS:
            self._attempts.popitem(last=False)
        return is_failing(len(self._attempts), sum(failed for _, failed in self._attempts.values()))


def is_failing(deliveries: int, failures: int) -> bool:
    return (
        deliveries >= MIN_DELIVERIES
        and failures >= MIN_FAILURES
        and 100 * failures >= FAILING_PERCENT * deliveries
    )
