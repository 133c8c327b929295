"""`background-sync health --watch`: asks for health again and again, until it is interrupted.

    terminal        one screen, redrawn after each request
    no terminal     a line for each change
    --json          a document on one line for each request

A request that fails does not end it: the last answer stays, and the error is shown with it.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from datetime import timedelta

from rich.console import Console, RenderableType
from rich.live import Live
from rich.text import Text

from background_sync.clock import Clock
from background_sync_ops.cli.errors import explained
from background_sync_ops.cli.health import health_parts, print_parts
from background_sync_ops.cli.options import StackOptions
from background_sync_ops.cli.output import OneScreen, console, print_json_line, print_line, print_stderr
from background_sync_ops.cli.signals import interrupted_by_signals
from background_sync_ops.cli.times import SECOND_MS, iso, span
from background_sync_ops.cli.watch_state import WatchState, change_lines
from background_sync_ops.errors import NOT_DONE, USAGE, CommandError
from background_sync_ops.health_api import HealthAnswer, HealthQuery, RequestRefused, ask_health
from background_sync_ops.target import Target

DAY = timedelta(days=1)
View = Callable[[WatchState, WatchState], None]
"""Shows the state now, given the state before."""


@dataclass
class HealthWatch:
    """Asks, shows the answer and waits."""

    ask: Callable[[], HealthAnswer]
    clock: Clock
    interval: timedelta
    state: WatchState = field(default_factory=WatchState)

    def run(self, view: View) -> None:
        """Repeat until KeyboardInterrupt. Raises bugs, and `RequestRefused`."""
        while True:
            before, self.state = self.state, self._next()
            view(before, self.state)
            self.clock.sleep(self.interval.total_seconds())

    def _next(self) -> WatchState:
        try:
            return WatchState(self.ask(), self.clock.now())
        except RequestRefused:
            raise
        except Exception as error:
            line = explained(error)
            if line is None:
                raise
            return self.state.after_failure(self.clock.now(), line)

    @property
    def status(self) -> int:
        """The exit status of the last answer, or 3 if there was none."""
        return NOT_DONE if self.state.answer is None else self.state.answer.status


def watch_health(
    stack: StackOptions, query: HealthQuery, interval: timedelta, clock: Clock | None = None
) -> int:
    """The exit status. `clock` is the stack's own unless a test passes another."""
    if interval > DAY:
        raise CommandError("--interval must be a day at most", USAGE)
    watch: HealthWatch | None = None
    with suppress(KeyboardInterrupt), interrupted_by_signals():
        target = stack.target()
        watch = HealthWatch(_asking(stack, target, query), clock or target.clock, interval)
        with _view(query, interval) as view:
            watch.run(view)
    if watch is None:
        return NOT_DONE
    out = console()
    if not query.as_json and is_screen(out):
        # The terminal drops the watch's screen at the end, so what it showed last is printed again.
        print_parts(out, page(watch.state, query, "Ended."))
    return watch.status


def _asking(stack: StackOptions, target: Target, query: HealthQuery) -> Callable[[], HealthAnswer]:
    # A local stack is looked up each time, because it may restart on other ports.
    return lambda: ask_health(stack.target() if target.is_local else target, query)


def is_screen(out: Console) -> bool:
    """Whether the output can be redrawn. A pipe cannot, even if the environment forces colours."""
    return out.is_interactive and out.file.isatty()


def _view(query: HealthQuery, interval: timedelta) -> AbstractContextManager[View]:
    if query.as_json:
        return nullcontext(_print_document)
    out = console()
    return _screen(out, query, interval) if is_screen(out) else nullcontext(_print_changes)


def _print_document(before: WatchState, now: WatchState) -> None:
    if now.answer is not None and now.outage is None:
        print_json_line(now.answer.document)
    elif before.outage is None:
        for line in change_lines(before, now):
            print_stderr(line)


def _print_changes(before: WatchState, now: WatchState) -> None:
    for line in change_lines(before, now):
        print_line(line)


@contextmanager
def _screen(out: Console, query: HealthQuery, interval: timedelta) -> Iterator[View]:
    """The terminal's alternate screen: it is redrawn without flicker, and gone at the end."""
    hint = f"Every {span(interval.total_seconds() * SECOND_MS)}; Ctrl-C ends it."
    with Live("Looking", console=out, screen=True, auto_refresh=False) as live:
        yield lambda _, now: live.update(OneScreen([*page(now, query, hint)]), refresh=True)


def page(state: WatchState, query: HealthQuery, hint: str) -> Iterator[RenderableType]:
    """The time of the last answer, the outage since then, and the answer."""
    last = "No answer yet." if state.answer is None else f"Last answer {iso(state.at)}."
    yield f"{last} {hint}"
    if state.outage is not None:
        yield Text(f"No answer since {iso(state.outage.since)}: {state.outage.error}", "bold red")
    yield ""
    if state.answer is not None:
        yield from health_parts(state.answer, query)
