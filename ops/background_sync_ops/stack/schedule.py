"""When sweeps are due, and the event that EventBridge sends for one. Pure: time comes in as values."""

import re
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from background_sync_ops.stack.clients import ACCOUNT_ID, REGION
from background_sync_ops.stack.errors import TemplateError

_RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")


@dataclass(frozen=True)
class Schedule:
    """Sweeps at `start` and then every `every`. Times are aware datetimes."""

    start: datetime
    every: timedelta

    def __post_init__(self) -> None:
        if self.every <= timedelta(0):
            raise ValueError("the interval between sweeps must be positive")

    def next_after(self, now: datetime) -> datetime:
        """The first scheduled time that is later than `now`. Times missed before it are not made up for."""
        if now < self.start:
            return self.start
        return self.start + ((now - self.start) // self.every + 1) * self.every


def rate(expression: str) -> timedelta:
    """The interval of a rule, from `rate(5 minutes)`; raises `TemplateError` for any other expression."""
    found = _RATE.fullmatch(expression)
    if found is None:
        raise TemplateError(f"{expression} is no rate of minutes, hours or days")
    return timedelta(**{f"{found[2]}s": int(found[1])})


def scheduled_event(at: datetime, rule_arn: str) -> dict[str, Any]:
    """EventBridge's document for a schedule that fires at `at` (an aware datetime, told in whole seconds)."""
    return {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": ACCOUNT_ID,
        "time": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": REGION,
        "resources": [rule_arn],
        "detail": {},
    }
