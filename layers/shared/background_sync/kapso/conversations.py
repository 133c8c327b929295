"""Conversations that changed since a time.

Kapso lists the newest activity first, and its cursor moves with what happens meanwhile: a conversation that
is touched during the scan jumps to the front and is seen only by the next one. So whoever scans remembers the
time before the scan began, and lets the windows overlap.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from background_sync.kapso.client import PROXY, KapsoClient
from background_sync.kapso.parsing import (
    Unreadable,
    checked_phone_id,
    iso_since,
    iso_until,
    next_cursor,
    read_object,
    read_records,
    read_text,
    read_time,
    refuse_other_number,
)
from background_sync.rules.identity import digits

PAGE_SIZE = 100
MAX_PAGES = 100
ACTIVITY_TIMES = ("last_inbound_at", "last_outbound_at", "last_message_timestamp")
MAX_NAME_LENGTH = 500
_ID = re.compile(r"[\x21-\x7e]{1,128}")
_MAX_PHONE_DIGITS = 32


@dataclass(frozen=True, slots=True)
class Conversation:
    """What a conversation tells of one person (times in ms).

    `phone` is digits alone; it and `business_scoped_user_id` may both be None. `last_active_at` moves with
    delivery receipts too, so activity is `activity_at`: the newest of the last inbound, outbound and any
    message, None when Kapso knows none of them. `profile_name` is None when empty.
    """

    id: str
    phone: str | None
    business_scoped_user_id: str | None
    last_active_at: int
    activity_at: int | None
    profile_name: str | None


@dataclass(frozen=True, slots=True)
class ConversationPage:
    """A page; `invalid` says of each record that could not be read why, and `next_cursor` is None at the
    scan's end."""

    conversations: tuple[Conversation, ...]
    invalid: tuple[str, ...]
    next_cursor: str | None


def changed_since(
    client: KapsoClient,
    phone_id: str,
    since_ms: int,
    *,
    until_ms: int | None = None,
    after: str | None = None,
    max_pages: int = MAX_PAGES,
) -> Iterator[ConversationPage]:
    """Pages of the conversations that were active from `since_ms` to `until_ms`, both included and rounded
    outwards to whole seconds; one request a page, and one page at least.

    After `max_pages` it stops; the last page's `next_cursor` then goes on as `after`, with the same bounds.

    Raises:
        KapsoError: while iterating; what came before stands. `InvalidPhoneId` at once.
    """
    query = {
        "last_active_since": iso_since(since_ms),
        "limit": str(PAGE_SIZE),
        "fields": "kapso(default)",
    }
    if until_ms is not None:
        query["last_active_until"] = iso_until(until_ms)
    return _pages(client, checked_phone_id(phone_id), query, after, max_pages)


def _pages(
    client: KapsoClient, phone_id: str, query: Mapping[str, str], after: str | None, max_pages: int
) -> Iterator[ConversationPage]:
    known: set[str] = set()
    for _ in range(max_pages):
        cursor = {}
        if after is not None:
            known.add(after)
            cursor = {"after": after}
        document = client.get(f"{PROXY}/{phone_id}/conversations", {**query, **cursor})
        page = read_page(document, phone_id, known)
        yield page
        after = page.next_cursor
        if after is None:
            return


def read_page(document: object, phone_id: str, known: set[str]) -> ConversationPage:
    """Read an answer; a record that cannot be read stops no other.

    Raises:
        InvalidResponse: it is no page, or a page of another number.
    """
    conversations, invalid = [], []
    records = read_records(document)
    refuse_other_number(records, phone_id)
    for record in records:
        try:
            conversations.append(_conversation(record))
        except Unreadable as error:
            invalid.append(str(error))
    cursor = next_cursor(document, known) if records else None
    return ConversationPage(tuple(conversations), tuple(invalid), cursor)


def _conversation(record: object) -> Conversation:
    fields = read_object(record, "a conversation")
    conversation_id = _checked_id(fields, "id")
    if conversation_id is None:
        raise Unreadable("a conversation has no id")
    try:
        return _read(conversation_id, fields)
    except Unreadable as error:
        raise Unreadable(f"conversation {conversation_id}: {error}") from None


def _read(conversation_id: str, fields: Mapping[str, object]) -> Conversation:
    last_active_at = read_time(fields, "last_active_at")
    if last_active_at is None:
        raise Unreadable("last_active_at is missing")
    read_text(fields, "phone_number_id")  # its value was looked at before, its type was not
    kapso = read_object(fields.get("kapso") or {}, "kapso")
    times = [read_time(kapso, name) for name in ACTIVITY_TIMES]
    return Conversation(
        id=conversation_id,
        phone=_phone(fields),
        business_scoped_user_id=_checked_id(fields, "business_scoped_user_id"),
        last_active_at=last_active_at,
        activity_at=max((time for time in times if time is not None), default=None),
        profile_name=_name(kapso),
    )


def _checked_id(fields: Mapping[str, object], name: str) -> str | None:
    """An id that may become a key."""
    found = read_text(fields, name)
    if found is not None and not _ID.fullmatch(found):
        raise Unreadable(f"{name} is no id")
    return found


def _phone(fields: Mapping[str, object]) -> str | None:
    found = digits(read_text(fields, "phone_number") or "")
    if len(found) > _MAX_PHONE_DIGITS:
        raise Unreadable("phone_number is no phone number")
    return found or None


def _name(kapso: Mapping[str, object]) -> str | None:
    name = read_text(kapso, "contact_name")
    return name[:MAX_NAME_LENGTH] if name and not name.isspace() else None
