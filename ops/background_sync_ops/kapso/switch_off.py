"""The rule by which Kapso switches a failing webhook off, as integrators read it: within 15 minutes at least
40 deliveries, 10 failures, and 85 % failing. It stays off until a person switches it on."""

from collections import OrderedDict

WINDOW_MS = 15 * 60_000
MIN_DELIVERIES = 40
MIN_FAILURES = 10
FAILING_PERCENT = 85


def is_failing(deliveries: int, failures: int) -> bool:
    """Whether an endpoint with such a record is switched off."""
    return (
        deliveries >= MIN_DELIVERIES
        and failures >= MIN_FAILURES
        and 100 * failures >= FAILING_PERCENT * deliveries
    )


class Watch:
    """The deliveries to one webhook within the window. A delivery counts once, by its latest attempt."""

    def __init__(self) -> None:
        self._attempts: OrderedDict[str, tuple[int, bool]] = OrderedDict()
        self._failures = 0

    def note(self, delivery_id: str, at: int, *, failed: bool) -> bool:
        """Add an attempt at time `at`; whether the webhook is to be switched off."""
        if delivery_id in self._attempts:
            self._forget(delivery_id)
        self._attempts[delivery_id] = at, failed
        self._failures += failed
        while next(iter(self._attempts.values()))[0] <= at - WINDOW_MS:
            self._forget(next(iter(self._attempts)))
        return is_failing(len(self._attempts), self._failures)

    def _forget(self, delivery_id: str) -> None:
        self._failures -= self._attempts.pop(delivery_id)[1]
