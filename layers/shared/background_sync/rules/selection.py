"""Whom a run flags: least recently flagged first, the never-flagged before all, then the oldest activity."""

import heapq
from collections.abc import Collection, Iterable
from itertools import chain

from background_sync.rules.contact import Contact

Rank = tuple[bool, int, int, str]


def rank(contact: Contact, now: int, refused: Collection[str]) -> Rank:
    """The place in the queue, smallest first; the contact's id makes it a total order.

    One that this run flagged already (`flagged_at` = now) comes before all: it has its place. One in
    `refused`, which the database would not write lately, comes after all.
    """
    if contact.flagged_at == now:
        return False, -2, contact.activity_at, contact.contact_id
    flagged_at = -1 if contact.flagged_at is None else contact.flagged_at
    return contact.contact_id in refused, flagged_at, contact.activity_at, contact.contact_id


def best(
    candidates: Iterable[Contact], more: Iterable[Contact], limit: int, now: int, refused: Collection[str]
) -> list[Contact]:
    """The first `limit` of both by rank, in order; holds no more than that at a time.

    A contact that moved in the index while it was read stands there twice, and counts once, as met last.
    """
    met = {each.contact_id: each for each in chain(candidates, more)}
    return heapq.nsmallest(limit, met.values(), key=lambda each: rank(each, now, refused))
