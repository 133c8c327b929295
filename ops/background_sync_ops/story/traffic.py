"""Who writes when."""

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from background_sync.rules.policy import MINUTE_MS
from background_sync_ops.kapso.model import Direction
from background_sync_ops.story.people import Somebody

LENGTHS = (1, 1, 2, 3, 4, 6)
"""Messages of a conversation."""
PAUSES_MS = (3 * MINUTE_MS, 40 * MINUTE_MS)
"""Between two of them; longer than what counts as in step, so that every lost last message is a miss."""


@dataclass(frozen=True, slots=True)
class Line:
    """A message, written at a time (ms)."""

    at: int
    who: Somebody
    direction: Direction


def conversations(rng: random.Random, people: Iterable[Somebody], begin: int, end: int) -> list[Line]:
    """A conversation with each, somewhere between two times; in the order in which the messages come."""
    lines = (line for somebody in people for line in _conversation(rng, somebody, begin, end))
    return sorted(lines, key=lambda line: (line.at, line.who.contact_id))


def _conversation(rng: random.Random, who: Somebody, begin: int, end: int) -> Iterator[Line]:
    at = rng.randrange(begin, end)
    for number in range(rng.choice(LENGTHS)):
        if at >= end:
            return
        yield Line(at, who, "outbound" if number % 2 else "inbound")
        at += rng.randrange(*PAUSES_MS)


def one_each(people: Sequence[Somebody], begin: int, end: int) -> list[Line]:
    """A message from each, evenly between two times."""
    step = (end - begin) // max(1, len(people))
    return [Line(begin + number * step, somebody, "inbound") for number, somebody in enumerate(people)]
