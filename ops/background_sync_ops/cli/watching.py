"""`background-sync health --watch`: looks again and again, until it is told to end.

    terminal        one screen, drawn anew at each look
    no terminal     a line for each change
    --json          a document on a line for each look

A look that fails does not end it: the last good one stays, with what keeps the next from coming.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from datetime import timedelta

from rich.console import Console, RenderableType
from rich.live import Live
from rich.text import Text

from background_sync.clock import Clock
from background_sync_ops.cli.api import RequestRefused
from background_sync_ops.cli.ending import ended_by_signals
from background_sync_ops.cli.errors import NOT_DONE, USAGE, CommandError, explained
from background_sync_ops.cli.health import Look, Query, look, parts, print_parts
from background_sync_ops.cli.output import Cut, console, print_json_line, print_line
from background_sync_ops.cli.sights import WatchState, lines
from background_sync_ops.cli.times import iso, span
from background_sync_ops.cli.where import Where
from background_sync_ops.target import Target

DAY = timedelta(days=1)
FIVE_SECONDS = timedelta(seconds=5)
View = Callable[[WatchState, WatchState], None]
"""Shows what there is to see now, given what there was before."""


@dataclass
class Watch:
    """Looks, shows and waits; `sight` is what there is to see by now."""

    look: Callable[[], Look]
    clock: Clock
    interval: timedelta
    sight: WatchState = field(default_factory=WatchState)

    def run(self, view: View) -> None:
        """Go on until KeyboardInterrupt; raises what is a bug, and `RequestRefused`."""
        while True:
            before, self.sight = self.sight, self._next()
            view(before, self.sight)
            self.clock.sleep(self.interval.total_seconds())

    def _next(self) -> WatchState:
        try:
            return WatchState(self.look(), self.clock.now())
        except RequestRefused:
            raise
        except Exception as error:
            why = explained(error)
            if why is None:
                raise
            return self.sight.without_answer(self.clock.now(), why)

    @property
    def status(self) -> int:
        """The exit status: of the last look that was answered, or 3 when none was."""
        return NOT_DONE if self.sight.look is None else self.sight.look.status


def watch(where: Where, query: Query, interval: timedelta, clock: Clock | None = None) -> int:
    """The exit status of the last answered look; `clock` is the stack's own unless a test brings another."""
    if interval > DAY:
        raise CommandError("--interval is a day at most", USAGE)
    watched: Watch | None = None
    with suppress(KeyboardInterrupt), ended_by_signals():
        target = where.target()
        watched = Watch(_looks(where, target, query), clock or target.clock, interval)
        with _view(query, interval) as view:
            watched.run(view)
    return NOT_DONE if watched is None else _ended(watched, query)


def _looks(where: Where, target: Target, query: Query) -> Callable[[], Look]:
    """Looks at one stack; a local one is found anew each time, for it may come back at other addresses."""
    return lambda: look(where.target() if target.is_local else target, query)


def _ended(watched: Watch, query: Query) -> int:
    """The screen of a terminal is gone at the end; what it showed last is left behind instead."""
    out = console()
    if not query.as_json and on_screen(out):
        print_parts(out, page(watched.sight, query, "Ended."))
    return watched.status


def on_screen(out: Console) -> bool:
    """Whether it can be drawn over; a pipe cannot, whatever the environment says of colours."""
    return out.is_interactive and out.file.isatty()


def _view(query: Query, interval: timedelta) -> AbstractContextManager[View]:
    if query.as_json:
        return nullcontext(_print_document)
    out = console()
    return _screen(out, query, interval) if on_screen(out) else nullcontext(_print_changes)


def _print_document(before: WatchState, now: WatchState) -> None:
    if now.look is not None and now.silence is None:
        print_json_line(now.look.runs)
    elif before.silence is None:
        for line in lines(before, now):
            console(stderr=True).print(line, soft_wrap=True)


def _print_changes(before: WatchState, now: WatchState) -> None:
    for line in lines(before, now):
        print_line(line)


@contextmanager
def _screen(out: Console, query: Query, interval: timedelta) -> Iterator[View]:
    """The terminal's other screen: drawn over in place it does not flicker, and it is gone at the end."""
    hint = f"Every {span(interval.total_seconds() * 1000)}; Ctrl-C ends it."
    with Live("Looking", console=out, screen=True, auto_refresh=False) as live:
        yield lambda _, now: live.update(Cut([*page(now, query, hint)]), refresh=True)


def page(sight: WatchState, query: Query, hint: str) -> Iterator[RenderableType]:
    """When the last answered look was, what is wrong with the ones since, and what it showed."""
    yield f"{_when(sight)} {hint}"
    if sight.silence is not None:
        yield Text(f"No answer since {iso(sight.silence.since)}: {sight.silence.why}", "bold red")
    yield ""
    if sight.look is not None:
        yield from parts(sight.look, query)


def _when(sight: WatchState) -> str:
    return "No look yet." if sight.look is None else f"Last look {iso(sight.at)}."
