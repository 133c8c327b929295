"""Who a contact is: the digits of the phone, or the business-scoped user id of people without one."""

import re
from collections.abc import Collection, Mapping

RESERVED_PREFIX = "#"
"""No workspace's id may begin with it: the records of sweeps and audits stand in one table with the runs."""
_NOT_DIGITS = re.compile(r"\D", re.ASCII)


def digits(phone: str) -> str:
    """A phone by its digits alone: `+62 823-9250` and `628239250` are one person."""
    return _NOT_DIGITS.sub("", phone)


class Ambiguous(Exception):
    """A person of Kapso's fits no contact, or more than one (`contact_ids`); such are never merged."""

    def __init__(self, message: str, contact_ids: Collection[str] = ()) -> None:
        super().__init__(message)
        self.contact_ids = contact_ids


def match(phone: str | None, bsuid: str | None, candidates: Mapping[str, str | None]) -> str | None:
    """The contact id of the person with these identities, or None where there is none yet.

    `candidates` maps the contact ids that any of the identities leads to, to their business-scoped user ids.
    That id counts first, then the phone.

    Raises:
        Ambiguous: there is no identity at all, or they lead to two contacts, or to one that is known to be
            somebody else.
    """
    if not phone and not bsuid:
        raise Ambiguous("neither phone nor business-scoped user id")
    named = {each for each, theirs in candidates.items() if bsuid and bsuid in (each, theirs)}
    by_phone = {each for each in candidates if each == phone}
    found = named | by_phone
    if len(found) > 1:
        raise Ambiguous(f"it fits {len(found)} contacts", found)
    if bsuid and not named and any(candidates[each] for each in by_phone):
        raise Ambiguous("the phone's contact has another business-scoped user id")
    return next(iter(found), None)
