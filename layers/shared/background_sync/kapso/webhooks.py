"""Why webhooks go missing: a number's webhooks, which Kapso switches off when they fail, and its log of them.

A webhook's record holds its `secret_key`. No object with it ever exists here: the parser itself drops every
field but those below.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from background_sync.kapso.client import PLATFORM, KapsoClient
from background_sync.kapso.errors import InvalidResponse
from background_sync.kapso.parsing import (
    Unreadable,
    checked_phone_id,
    next_cursor,
    read_object,
    read_records,
    read_text,
    read_time,
    refuse_other_number,
)

PAGE_SIZE = 100
MAX_LOG_PAGES = 1
WEBHOOK_FIELDS: Final = frozenset({"data", "id", "url", "active", "kind", "events", "phone_number_id"})
DELIVERY_FIELDS: Final = frozenset(
    {"data", "paging", "cursors", "after", "next", "created_at", "failed_at", "phone_number_id"}
)
PERIODS: Final = (("24h", 24 * 3_600_000), ("7d", 7 * 24 * 3_600_000))
LONGEST_PERIOD: Final = "30d"
_WEBHOOK_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where Kapso sends a number's events. `url` is as its owner wrote it, and may hold a password."""

    id: str
    url: str | None
    active: bool
    kind: str | None
    events: tuple[str, ...]


def list_webhooks(client: KapsoClient, phone_id: str) -> tuple[Webhook, ...]:
    """A number's webhooks, `PAGE_SIZE` at most: one request.

    Raises:
        KapsoError: no answer, or one that leaves open whether a webhook is on.
    """
    path = _webhooks_path(checked_phone_id(phone_id))
    document = client.get(path, {"limit": str(PAGE_SIZE)}, only=WEBHOOK_FIELDS)
    records = read_records(document)
    refuse_other_number(records, phone_id)
    try:
        return tuple(map(_webhook, records))
    except Unreadable as error:
        raise InvalidResponse(f"a webhook of number {phone_id} in Kapso's answer: {error}") from None


def webhook_state(webhooks: Collection[Webhook]) -> str:
    """The state of a number's webhooks: `none`, `off` if any is off, else `active`."""
    if not webhooks:
        return "none"
    return "active" if all(webhook.active for webhook in webhooks) else "off"


def activate(client: KapsoClient, phone_id: str, webhook_id: str) -> None:
    """Switch a webhook on, and change nothing else of it.

    Raises:
        KapsoError: it is not certain that it is on; `NumberUnknown` also for an unknown webhook.
        ValueError: the webhook's id must not become part of a URL.
    """
    if not _WEBHOOK_ID.fullmatch(webhook_id):
        raise ValueError(f"webhook id {webhook_id!r} is no id")
    path = f"{_webhooks_path(checked_phone_id(phone_id))}/{webhook_id}"
    client.patch(path, {"whatsapp_webhook": {"active": True}})


def failed_deliveries(
    client: KapsoClient, phone_id: str, since_ms: int, *, max_pages: int = MAX_LOG_PAGES
) -> int:
    """How many deliveries about a number have failed since `since_ms`, as far as the log's newest `max_pages`
    tell: it is of all numbers of the key's project, and goes back 30 days. One request a page.

    Raises:
        KapsoError: no answer.
    """
    checked_phone_id(phone_id)
    pages = _log_pages(client, since_ms, max_pages)
    return sum(_failed_since(record, phone_id, since_ms) for page in pages for record in page)


def _webhooks_path(phone_id: str) -> str:
    return f"{PLATFORM}/whatsapp/phone_numbers/{phone_id}/webhooks"


def _webhook(record: object) -> Webhook:
    fields = read_object(record, "a webhook")
    webhook_id, active = _printable(fields, "id"), fields.get("active")
    if webhook_id is None:
        raise Unreadable("it has no id")
    if not isinstance(active, bool):
        raise Unreadable("active is neither true nor false")
    return Webhook(
        webhook_id,
        _printable(fields, "url"),
        active,
        _printable(fields, "kind"),
        _events(fields.get("events")),
    )


def _printable(fields: Mapping[str, object], name: str) -> str | None:
    """A text that does nothing to a terminal."""
    return "".join(filter(str.isprintable, read_text(fields, name) or "")) or None


def _events(value: object) -> tuple[str, ...]:
    events = [] if value is None else value
    if not isinstance(events, list) or not all(isinstance(event, str) for event in events):
        raise Unreadable("events is no list of texts")
    return tuple("".join(filter(str.isprintable, event)) for event in events)


def _log_pages(client: KapsoClient, since_ms: int, max_pages: int) -> Iterator[list[object]]:
    query = {"status": "failed", "errors_only": "true", "limit": str(PAGE_SIZE)}
    query["period"] = _period(client.clock.now() - since_ms)
    known: set[str] = set()
    for _ in range(max_pages):
        document = client.get(f"{PLATFORM}/webhook_deliveries", query, only=DELIVERY_FIELDS)
        records = read_records(document)
        yield records
        cursor = next_cursor(document, known) if records else None
        if cursor is None or _time(records[-1], "created_at") < since_ms:
            return
        known.add(cursor)
        query["after"] = cursor


def _period(age_ms: int) -> str:
    """The shortest of the log's periods that goes back far enough."""
    return next((name for name, length_ms in PERIODS if age_ms < length_ms), LONGEST_PERIOD)


def _failed_since(record: object, phone_id: str, since_ms: int) -> bool:
    if not isinstance(record, Mapping) or record.get("phone_number_id") != phone_id:
        return False
    return (_time(record, "failed_at") or _time(record, "created_at")) >= since_ms


def _time(record: object, name: str) -> int:
    """An instant, 0 where it cannot be read: the log is only a hint."""
    with suppress(Unreadable):
        return read_time(read_object(record, "a delivery"), name) or 0
    return 0
