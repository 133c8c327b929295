"""Commands that are interrupted."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import typer

from background_sync_ops.cli.command import typed
from background_sync_ops.cli.output import print_stderr
from background_sync_ops.errors import INTERRUPTED

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def continues_alone(work: str) -> Iterator[None]:
    """If Ctrl-C ends the command in the block, say that the work continues, and how to look at it."""
    try:
        yield
    except KeyboardInterrupt:
        print_stderr(typed(f"{work} continues without this command. Its progress: `background-sync health`"))
        raise typer.Exit(INTERRUPTED) from None


@contextmanager
def interrupted_by_signals() -> Iterator[None]:
    """Ctrl-C, SIGTERM and a closed terminal raise KeyboardInterrupt in the block.

    Only the first signal does: a second one must not interrupt the clean-up.
    """
    before = {each: signal.signal(each, _interrupt) for each in SIGNALS}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _interrupt(_: int, __: FrameType | None) -> None:
    for each in SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt
