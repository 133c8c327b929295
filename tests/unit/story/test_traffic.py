"""Contacts and messages depend on the seed alone, and every lost last message is a missed one."""

import random
from itertools import pairwise

from background_sync.rules.contact import GRACE_MS
from background_sync.rules.policy import DAY_MS
from background_sync_ops.story.people import DemoContact, make_contacts
from background_sync_ops.story.traffic import DemoMessage, conversations

BEGIN = 1_767_261_600_000
END = BEGIN + DAY_MS


def make(seed: int) -> tuple[list[DemoContact], list[DemoContact], list[DemoMessage]]:
    rng = random.Random(seed)  # noqa: S311 - a story is no secret
    known, new = make_contacts(rng, known=60, new=20, begin=BEGIN)
    return known, new, conversations(rng, [*known, *new], BEGIN, END)


def test_contacts_and_messages_depend_on_the_seed() -> None:
    assert make(1) == make(1)
    assert make(1) != make(2)


def test_messages_lie_in_order_and_those_of_a_contact_are_further_apart_than_the_grace() -> None:
    _, _, messages = make(6)
    all_times = [message.at for message in messages]
    assert all_times == sorted(all_times)
    assert BEGIN <= all_times[0] <= all_times[-1] < END
    for contact_id in {message.contact.contact_id for message in messages}:
        times = [message.at for message in messages if message.contact.contact_id == contact_id]
        assert all(other - one > GRACE_MS for one, other in pairwise(times))
