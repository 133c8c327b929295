"""Reads what a command prints."""

from collections.abc import Callable

from rich.console import Console, RenderableType

from background_sync_ops.cli.output import console

COLUMNS = 80


def printed(show: Callable[[Console], None]) -> str:
    """What `show` prints on a console of 80 columns. Fails if it prints a longer line."""
    out = console()
    out.width = COLUMNS
    with out.capture() as capture:
        show(out)
    text = capture.get()
    assert all(len(line) <= COLUMNS for line in text.splitlines())
    return text


def rendered(renderable: RenderableType) -> str:
    return printed(lambda out: out.print(renderable))


def words(text: str) -> str:
    return " ".join(text.split())
