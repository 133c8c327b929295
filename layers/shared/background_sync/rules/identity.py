"""Who a contact is: the digits of the phone, or the business-scoped user id of people without a phone."""

import re
from collections.abc import Collection, Mapping

RESERVED_PREFIX = "#"
"""A workspace id must not begin with it: sweeps and audits are stored in the same table as runs."""
MAX_WORKSPACE_ID_BYTES = 2048 - len("#backfill#")
"""DynamoDB's limit for a partition key, less the longest prefix of a workspace's own partitions."""
MAX_CONTACT_ID_BYTES = 1024
"""DynamoDB's limit for a sort key, of the table and of the index by business-scoped user id."""
_NOT_DIGITS = re.compile(r"\D", re.ASCII)
_TWO_SPELLINGS = (
    # Brazil: old accounts lack the ninth digit. Eight digits that begin with 2 to 5 are a landline.
    (re.compile(r"(55\d\d)(9?)([016-9]\d{7})"), "9"),
    # Mexico: people have not dialled the 1 since 2019.
    (re.compile(r"(52)(1?)(\d{10})"), "1"),
    # Argentina: only calls from abroad need the 9.
    (re.compile(r"(54)(9?)(\d{10})"), "9"),
)
"""The countries where WhatsApp's id and the number that people dial differ by one digit.

Sources: WhatsApp's help about international phone numbers (Mexico, Argentina); Anatel's resolution 553/2010
(Brazil).
"""


def phone_digits(phone: str) -> str:
    """The digits of a phone number: `+62 823-9250` and `628239250` are the same person.

    A text with letters is no phone number: some providers put a business-scoped user id into such a field.
    """
    return "" if any(map(str.isalpha, phone)) else _NOT_DIGITS.sub("", phone)


def spellings(phone: str) -> tuple[str, ...]:
    """All known spellings of a number (digits), its own first."""
    for pattern, extra in _TWO_SPELLINGS:
        if found := pattern.fullmatch(phone):
            country, digit, rest = found.groups()
            return phone, country + ("" if digit else extra) + rest
    return (phone,)


def is_key(value: str, limit: int) -> bool:
    """Whether DynamoDB takes a text as a key."""
    try:
        return 0 < len(value.encode()) <= limit
    except UnicodeEncodeError:
        return False


def check_key(name: str, value: str, limit: int) -> None:
    """Raises ValueError for what DynamoDB refuses as a key."""
    if not is_key(value, limit):
        raise ValueError(f"{name} has {len(value.encode())} bytes, expected 1 to {limit}")


class Ambiguous(Exception):
    """A person in Kapso matches no single contact. The contacts it may be are in `contact_ids`."""

    def __init__(self, message: str, contact_ids: Collection[str] = ()) -> None:
        super().__init__(message)
        self.contact_ids = contact_ids


def match(phone: str | None, bsuid: str | None, candidates: Mapping[str, str | None]) -> str | None:
    """The id of the contact with these identities, or None when there is none yet.

    `candidates` maps the ids of the contacts that either identity leads to, to their business-scoped user
    ids. The business-scoped user id counts first, then the phone in any spelling. A phone's contact with
    another business-scoped id is that contact still: the CRM's webhook goes by the phone.

    Raises:
        Ambiguous: there is no identity at all, or the identities lead to two contacts.
    """
    if not phone and not bsuid:
        raise Ambiguous("neither phone nor business-scoped user id")
    found = {each for each, theirs in candidates.items() if bsuid and bsuid in (each, theirs)}
    found |= candidates.keys() & (spellings(phone) if phone else ())
    if len(found) > 1:
        raise Ambiguous(f"it matches {len(found)} contacts", found)
    return next(iter(found), None)
