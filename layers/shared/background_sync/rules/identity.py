"""Who a contact is: the digits of the phone, or the business-scoped user id of people without a phone."""

import re
from collections.abc import Collection, Mapping

RESERVED_PREFIX = "#"
"""A workspace id must not begin with it: sweeps and audits are stored in the same table as runs."""
MAX_WORKSPACE_ID_BYTES = 2048
"""DynamoDB's limit for a partition key."""
_NOT_DIGITS = re.compile(r"\D", re.ASCII)


def digits(phone: str) -> str:
    """The digits of a phone number: `+62 823-9250` and `628239250` are the same person."""
    return _NOT_DIGITS.sub("", phone)


class Ambiguous(Exception):
    """A person in Kapso matches no single contact. The contacts it may be are in `contact_ids`."""

    def __init__(self, message: str, contact_ids: Collection[str] = ()) -> None:
        super().__init__(message)
        self.contact_ids = contact_ids


def match(phone: str | None, bsuid: str | None, candidates: Mapping[str, str | None]) -> str | None:
    """The id of the contact with these identities, or None when there is none yet.

    `candidates` maps the ids of the contacts that either identity leads to, to their business-scoped user
    ids. The business-scoped user id counts first, then the phone.

    Raises:
        Ambiguous: there is no identity at all, or the two identities lead to two contacts, or the phone's
            contact is known to be another person.
    """
    if not phone and not bsuid:
        raise Ambiguous("neither phone nor business-scoped user id")
    by_bsuid = {each for each, theirs in candidates.items() if bsuid and bsuid in (each, theirs)}
    by_phone = {each for each in candidates if each == phone}
    found = by_bsuid | by_phone
    if len(found) > 1:
        raise Ambiguous(f"it matches {len(found)} contacts", found)
    if bsuid and not by_bsuid and any(candidates[each] for each in by_phone):
        raise Ambiguous("the phone's contact has another business-scoped user id")
    return next(iter(found), None)
