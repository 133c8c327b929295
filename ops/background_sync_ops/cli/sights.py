"""What somebody who watches health has before their eyes, and what changed of it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from background_sync_ops.cli.health import Look, observed, title
from background_sync_ops.cli.output import clean
from background_sync_ops.cli.times import iso

OVERALL = "Health"
WELL = "pass"


@dataclass(frozen=True)
class Silence:
    """No look was answered since `since` (ms), the first of them; `why` the last was not, on one line."""

    since: int
    why: str


@dataclass(frozen=True)
class WatchState:
    """The last look that was answered, if any was, and its time (ms); the silence since, if there is one."""

    look: Look | None = None
    at: int | None = None
    silence: Silence | None = None

    def without_answer(self, now: int, why: str) -> "WatchState":
        """The same after one more look, at `now` (ms), that nobody answered."""
        return WatchState(self.look, self.at, Silence(self.silence.since if self.silence else now, why))


def lines(before: WatchState, now: WatchState) -> Iterator[str]:
    """One for each change, with its time; none where nothing changed."""
    if now.silence is not None:
        if before.silence is None:
            yield f"{iso(now.silence.since)}  No answer: {now.silence.why}"
    elif now.look is not None:
        if before.silence is not None:
            yield f"{iso(now.at)}  It answers again"
        for change in changes(before.look, now.look):
            yield f"{iso(now.at)}  {change}"


def changes(before: Look | None, now: Look) -> Iterator[str]:
    """The overall state and the checks whose state is another one: `Dead letters: warn, was pass`.

    Of the first look, and of a check that was not there before, what is not pass; the overall state anyway.
    """
    known = {} if before is None else _states(before)
    for name, (state, value) in _states(now).items():
        was = known[name][0] if name in known else None
        if state != was and (was or name == OVERALL or state != WELL):
            yield f"{name}: {state}" + (f", was {was}" if was else "") + (f" ({value})" if value else "")


def _states(look: Look) -> Mapping[str, tuple[str, str]]:
    """State and value by title."""
    checks = look.report["checks"].items()
    each = {title(name): (clean(check["status"]), clean(observed(name, check))) for name, [check] in checks}
    return {OVERALL: (look.report["status"], ""), **each}
