"""The messages of the story."""

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from background_sync.rules.policy import MINUTE_MS
from background_sync_ops.kapso.model import Direction
from background_sync_ops.story.people import DemoContact

CONVERSATION_LENGTHS = (1, 1, 2, 3, 4, 6)
# Every pause is longer than the grace of a comparison, so a contact whose last webhook is lost is behind.
PAUSES_MS = (3 * MINUTE_MS, 40 * MINUTE_MS)


@dataclass(frozen=True, slots=True)
class DemoMessage:
    """A message to or from a contact, written at a time (ms)."""

    at: int
    contact: DemoContact
    direction: Direction


def conversations(
    rng: random.Random, contacts: Iterable[DemoContact], begin: int, end: int
) -> list[DemoMessage]:
    """A conversation with each contact at some time between `begin` and `end`; messages ordered by time."""
    messages = (message for contact in contacts for message in _conversation(rng, contact, begin, end))
    return sorted(messages, key=lambda message: (message.at, message.contact.contact_id))


def _conversation(rng: random.Random, contact: DemoContact, begin: int, end: int) -> Iterator[DemoMessage]:
    at = rng.randrange(begin, end)
    for number in range(rng.choice(CONVERSATION_LENGTHS)):
        if at >= end:
            return
        yield DemoMessage(at, contact, "outbound" if number % 2 else "inbound")
        at += rng.randrange(*PAUSES_MS)


def one_message_each(contacts: Sequence[DemoContact], begin: int, end: int) -> list[DemoMessage]:
    """A message from each contact, evenly spread from `begin` to `end`."""
    step = (end - begin) // max(1, len(contacts))
    return [DemoMessage(begin + number * step, contact, "inbound") for number, contact in enumerate(contacts)]
