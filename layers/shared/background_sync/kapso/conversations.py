"""The conversations of a number that changed since a time.

Kapso lists the newest activity first, and the list moves while it is paged: a conversation that is touched
during a scan jumps to the front, where only the next scan sees it. So the next scan must begin at the time
before this one began, with an overlap.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

from background_sync.kapso.client import PROXY, KapsoClient
from background_sync.kapso.errors import InvalidResponse
from background_sync.kapso.parsing import (
    InvalidField,
    iso_since,
    iso_until,
    next_cursor,
    read_object,
    read_records,
    read_text,
    read_time,
    validate_phone_id,
)
from background_sync.rules.identity import phone_digits
from background_sync.rules.times import is_activity_time

PAGE_SIZE = 100
MAX_PAGES = 100
ACTIVITY_TIMES = ("last_inbound_at", "last_outbound_at", "last_message_timestamp")
MAX_NAME_LENGTH = 500
_ID = re.compile(r"[\x21-\x7e]{1,128}")
_MAX_PHONE_DIGITS = 32
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """A conversation with one person. Times are in ms; one that cannot be true is left out.

    `phone` has digits only. `phone` and `business_scoped_user_id` may both be None. Delivery receipts move
    `last_active_at`, so what counts is `activities`: the times of the last inbound, the last outbound and the
    last message of any kind, as far as Kapso has them. `created_at` is when Kapso made the conversation.
    """

    id: str
    phone: str | None
    business_scoped_user_id: str | None
    last_active_at: int | None
    activities: tuple[int, ...]
    created_at: int | None
    profile_name: str | None

    def activity_before(self, until_ms: int) -> int | None:
        """The newest activity not after `until_ms`, else the newest of all, or None if there is none.

        Younger activity is left to the next scan, but it must not hide older activity.
        """
        settled = [each for each in self.activities if each <= until_ms]
        return max(settled or self.activities, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """A record that could not be read, and what it still says about who it is with, and how new it is."""

    reason: str
    phone: str | None = None
    business_scoped_user_id: str | None = None
    last_active_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationPage:
    """One page, in the records that could be read and those that could not."""

    conversations: tuple[Conversation, ...]
    unreadable: tuple[Unreadable, ...]
    next_cursor: str | None

    @property
    def records(self) -> int:
        """How many records the page has."""
        return len(self.conversations) + len(self.unreadable)

    @property
    def is_all(self) -> bool:
        """Whether a first page has the whole list, although a last page, too, may have a cursor."""
        return self.next_cursor is None or self.records < PAGE_SIZE


def changed_since(
    client: KapsoClient,
    phone_id: str,
    since_ms: int,
    *,
    until_ms: int | None = None,
    after: str | None = None,
    max_pages: int = MAX_PAGES,
) -> Iterator[ConversationPage]:
    """Yield pages of conversations that were active from `since_ms` to `until_ms`, both included and rounded
    outwards to whole seconds. There is at least one page. Each is one request, sent when it is wanted.

    The iterator stops after `max_pages`. To continue, pass the last page's `next_cursor` as `after`, with the
    same bounds.

    Raises:
        InvalidPhoneId: at once.
        KapsoError: while iterating. Earlier pages stay valid.
    """
    query = {
        "last_active_since": iso_since(since_ms),
        "limit": str(PAGE_SIZE),
        "fields": "kapso(default)",
    }
    if until_ms is not None:
        query["last_active_until"] = iso_until(until_ms)
    return _pages(client, validate_phone_id(phone_id), query, after, max_pages)


def _pages(
    client: KapsoClient, phone_id: str, query: Mapping[str, str], after: str | None, max_pages: int
) -> Iterator[ConversationPage]:
    seen: set[str] = set()
    for _ in range(max_pages):
        cursor = {}
        if after is not None:
            seen.add(after)
            cursor = {"after": after}
        document = client.get(f"{PROXY}/{phone_id}/conversations", {**query, **cursor})
        page = read_page(document, phone_id, seen, client.clock.now())
        yield page
        after = page.next_cursor
        if after is None:
            return


def read_page(document: object, phone_id: str, seen: set[str], now: int) -> ConversationPage:
    """Read a response at `now` (ms). An invalid record does not affect the others.

    Raises:
        InvalidResponse: it is not a page, or a page of another number; none of several records can be read,
            or none has its times; or a full page repeats a cursor of `seen`: the rest is missing.
    """
    conversations, unreadable = [], []
    records = read_records(document, phone_id=phone_id)
    for record in records:
        try:
            conversations.append(_read_conversation(record, now))
        except InvalidField as error:
            unreadable.append(_unreadable(record, str(error), now))
    _check_readable(records, unreadable)
    cursor = next_cursor(document, seen, is_full=len(records) >= PAGE_SIZE) if records else None
    return ConversationPage(
        conversations=tuple(conversations), unreadable=tuple(unreadable), next_cursor=cursor
    )


def _check_readable(records: Collection[object], unreadable: Sequence[Unreadable]) -> None:
    """A page without times would read as if everybody were quiet."""
    if records and not any(isinstance(each, Mapping) and _has_times(each.get("kapso")) for each in records):
        raise InvalidResponse(f"none of {len(records)} conversations has a kapso block with its times")
    if len(unreadable) == len(records) > 1:
        raise InvalidResponse(f"none of {len(records)} conversations can be read: {unreadable[0].reason}")


def _has_times(kapso: object) -> bool:
    """Whether a kapso block has a field for a time, which may be null."""
    return isinstance(kapso, Mapping) and any(name in kapso for name in ACTIVITY_TIMES)


def _unreadable(record: object, reason: str, now: int) -> Unreadable:
    fields = record if isinstance(record, Mapping) else {}
    return Unreadable(
        reason=reason,
        phone=_if_readable(lambda: read_phone(fields)),
        business_scoped_user_id=_if_readable(lambda: read_id(fields, "business_scoped_user_id")),
        last_active_at=_possible(fields, "last_active_at", now),
    )


def _if_readable(read: Callable[[], T | None]) -> T | None:
    with suppress(InvalidField):
        return read()
    return None


def _read_conversation(record: object, now: int) -> Conversation:
    fields = read_object(record, "a conversation")
    conversation_id = read_id(fields, "id")
    if conversation_id is None:
        raise InvalidField("a conversation has no id")
    try:
        return _read_fields(conversation_id, fields, now)
    except InvalidField as error:
        raise InvalidField(f"conversation {conversation_id}: {error}") from None


def _read_fields(conversation_id: str, fields: Mapping[str, object], now: int) -> Conversation:
    if read_time(fields, "last_active_at") is None:
        raise InvalidField("last_active_at is missing")
    # `read_records` compared the value if it is text; any other type makes the record invalid.
    read_text(fields, "phone_number_id")
    kapso = read_object(fields.get("kapso"), "kapso")
    if not _has_times(kapso):
        raise InvalidField("kapso has no times")
    times = [at for name in ACTIVITY_TIMES if (at := read_time(kapso, name)) is not None]
    activities = tuple(at for at in times if is_activity_time(at, now))
    if times and not activities:
        raise InvalidField("none of its times can be true")
    return Conversation(
        id=conversation_id,
        phone=read_phone(fields),
        business_scoped_user_id=read_id(fields, "business_scoped_user_id"),
        last_active_at=_possible(fields, "last_active_at", now),
        activities=activities,
        created_at=_possible(fields, "created_at", now),
        profile_name=read_name(kapso),
    )


def _possible(fields: Mapping[str, object], name: str, now: int) -> int | None:
    """A time that nothing else depends on; None if it is invalid or cannot be true."""
    at = _if_readable(lambda: read_time(fields, name))
    return at if at is not None and is_activity_time(at, now) else None


def read_id(fields: Mapping[str, object], name: str) -> str | None:
    """An id that may become part of a table's key."""
    value = read_text(fields, name)
    if value is not None and not _ID.fullmatch(value):
        raise InvalidField(f"{name} is not an id")
    return value


def read_phone(fields: Mapping[str, object]) -> str | None:
    phone = phone_digits(read_text(fields, "phone_number") or "")
    if len(phone) > _MAX_PHONE_DIGITS:
        raise InvalidField("phone_number is not a phone number")
    return phone or None


def read_name(kapso: Mapping[str, object]) -> str | None:
    name = read_text(kapso, "contact_name")
    return name[:MAX_NAME_LENGTH] if name and not name.isspace() else None
