"""What a person who watches health has seen so far, and what has changed since."""

from collections.abc import Iterator
from dataclasses import dataclass

from background_sync_ops.cli.health import observed, title
from background_sync_ops.cli.output import clean
from background_sync_ops.cli.times import iso
from background_sync_ops.health_api import HealthAnswer

OVERALL = "Health"


@dataclass(frozen=True)
class ApiOutage:
    """No answer since `since` (ms); `error` is why the last request failed, on one line."""

    since: int
    error: str


@dataclass(frozen=True)
class WatchState:
    """The last answer, if there was one, and its time (ms); the outage since then, if there is one."""

    answer: HealthAnswer | None = None
    at: int | None = None
    outage: ApiOutage | None = None

    def after_failure(self, now: int, error: str) -> "WatchState":
        """The state after one more request, at `now` (ms), that got no answer."""
        return WatchState(self.answer, self.at, ApiOutage(self.outage.since if self.outage else now, error))


def change_lines(before: WatchState, now: WatchState) -> Iterator[str]:
    """A line for each change, with its time."""
    if now.outage is not None:
        if before.outage is None:
            yield f"{iso(now.outage.since)}  No answer: {now.outage.error}"
    elif now.answer is not None:
        if before.outage is not None:
            yield f"{iso(now.at)}  It answers again"
        for change in changes(before.answer, now.answer):
            yield f"{iso(now.at)}  {change}"


def changes(before: HealthAnswer | None, now: HealthAnswer) -> Iterator[str]:
    """The overall state and the checks whose state has changed: `Dead letters: warn, was pass`.

    A check that was not there before is a change unless it passes. The first overall state always is.
    """
    known = {} if before is None else _states(before)
    for name, (state, value) in _states(now).items():
        was = known[name][0] if name in known else None
        if state != was and (was or name == OVERALL or state != "pass"):
            yield f"{name}: {state}" + (f", was {was}" if was else "") + (f" ({value})" if value else "")


def _states(answer: HealthAnswer) -> dict[str, tuple[str, str]]:
    """State and value by title."""
    checks = answer.report["checks"].items()
    each = {title(name): (clean(check["status"]), clean(observed(name, check))) for name, [check] in checks}
    return {OVERALL: (answer.report["status"], ""), **each}
