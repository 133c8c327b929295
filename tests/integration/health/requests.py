"""Counting what a question costs."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.integration.world import World


@contextmanager
def requests_of(world: World) -> Iterator[list[str]]:
    """The requests to the tables within the block, by their names."""
    seen: list[str] = []

    def note(event_name: str, **_: object) -> None:
        seen.append(event_name.rsplit(".", 1)[-1])

    events = world.database.client.meta.events
    events.register("before-send", note)
    yield seen
    events.unregister("before-send", note)
