"""Whom a run flags: first whose missed activity no flag has told of yet.

Then the least recently flagged, the never-flagged before all, and among equals the oldest activity.
"""

import heapq
from collections.abc import Collection, Iterable
from itertools import chain
from typing import TypeVar

from background_sync.rules.contact import Contact

Rank = tuple[bool, bool, int, int, str]
C = TypeVar("C", bound=Contact)


def rank(contact: Contact, refused: Collection[str]) -> Rank:
    """The place in the queue, smallest first; the contact's id makes it a total order.

    One in `refused`, which the database would not write lately, comes after all.
    """
    flagged_at = -1 if contact.flagged_at is None else contact.flagged_at
    is_refused = contact.contact_id in refused
    return is_refused, not contact.is_news, flagged_at, contact.activity_at, contact.contact_id


def best(candidates: Iterable[C], more: Iterable[C], limit: int, refused: Collection[str]) -> list[C]:
    """The first `limit` of both by rank, in order; holds no more than that at a time.

    A contact that moved in the index while it was read stands there twice, and counts once, as met last.
    """
    met = {each.contact_id: each for each in chain(candidates, more)}
    return heapq.nsmallest(limit, met.values(), key=lambda each: rank(each, refused))
