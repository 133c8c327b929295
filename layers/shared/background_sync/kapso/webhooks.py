"""A number's webhooks, which Kapso switches off when they fail, and the log of failed deliveries.

A webhook's record holds its `secret_key`. The JSON parser drops every field that is not listed here, so no
object ever holds the secret.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Final

from background_sync.kapso.client import PLATFORM, KapsoClient
from background_sync.kapso.errors import InvalidResponse
from background_sync.kapso.parsing import (
    InvalidField,
    is_phone_id,
    next_cursor,
    read_object,
    read_records,
    read_text,
    read_time,
    validate_phone_id,
)
from background_sync.rules.policy import DAY_MS
from background_sync.rules.webhooks import NEEDED_EVENTS, Changes, Webhook

PAGE_SIZE = 100
MAX_PAGES = 100
WEBHOOK_FIELDS: Final = frozenset(
    {"data", "id", "url", "active", "kind", "events", "phone_number_id", "meta", "total_pages"}
)
DELIVERY_FIELDS: Final = frozenset(
    {"data", "paging", "cursors", "after", "next", "created_at", "failed_at", "phone_number_id"}
)
PERIODS: Final = (("24h", DAY_MS), ("7d", 7 * DAY_MS))
LONGEST_PERIOD: Final = "30d"
_WEBHOOK_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


def list_webhooks(client: KapsoClient, phone_id: str) -> tuple[Webhook, ...]:
    """A number's webhooks, at most `PAGE_SIZE`, in one request.

    Raises:
        KapsoError: there is no usable response. One invalid webhook makes the response unusable, because any
            webhook decides the state of the number.
    """
    path = _webhooks_path(validate_phone_id(phone_id))
    document = client.get(path, {"per_page": str(PAGE_SIZE)}, only_fields=WEBHOOK_FIELDS)
    try:
        return tuple(map(_read_webhook, read_records(document, phone_id=phone_id)))
    except InvalidField as error:
        raise InvalidResponse(f"a webhook of number {phone_id} in Kapso's answer: {error}") from None


def list_webhooks_by_number(client: KapsoClient) -> dict[str, tuple[Webhook, ...] | None]:
    """The webhooks of all numbers of the key's project, a request for each `PAGE_SIZE` of them.

    None stands for a number with an invalid webhook. A number without webhooks is not in the answer, and
    webhooks of the project itself, which bring no messages, are left out.

    Raises:
        KapsoError: there is no usable response.
    """
    found: dict[str, tuple[Webhook, ...] | None] = {}
    for page in range(1, MAX_PAGES + 1):
        query = {"page": str(page), "per_page": str(PAGE_SIZE)}
        document = client.get(f"{PLATFORM}/whatsapp/webhooks", query, only_fields=WEBHOOK_FIELDS)
        records = read_records(document)
        for record in records:
            _add_webhook(found, record)
        if len(records) < PAGE_SIZE and page >= _total_pages(document):
            return found
    raise InvalidResponse(f"more than {MAX_PAGES} pages of webhooks")


def _add_webhook(found: dict[str, tuple[Webhook, ...] | None], record: object) -> None:
    try:
        fields = read_object(record, "a webhook")
        phone_id = read_text(fields, "phone_number_id")
    except InvalidField as error:
        raise InvalidResponse(f"a webhook in Kapso's answer: {error}") from None
    if phone_id is None or not is_phone_id(phone_id):
        return
    try:
        known = found.get(phone_id, ())
        found[phone_id] = None if known is None else (*known, _read_webhook(fields))
    except InvalidField:
        found[phone_id] = None


def _total_pages(document: object) -> int:
    """How many pages the list has, as far as Kapso says it."""
    meta = document.get("meta") if isinstance(document, Mapping) else None
    total = meta.get("total_pages") if isinstance(meta, Mapping) else None
    return total if isinstance(total, int) else 1


def change_webhook(client: KapsoClient, phone_id: str, webhook_id: str, changes: Changes) -> None:
    """Change these fields of a webhook, and nothing else about it.

    Raises:
        KapsoError: it may be unchanged; `NumberUnknown` also for an unknown webhook.
        ValueError: the webhook id must not become part of a URL.
    """
    if not _WEBHOOK_ID.fullmatch(webhook_id):
        raise ValueError(f"webhook id {webhook_id!r} is not an id: expected letters, digits, - and _")
    path = f"{_webhooks_path(validate_phone_id(phone_id))}/{webhook_id}"
    client.patch(path, {"whatsapp_webhook": changes})


def create_webhook(client: KapsoClient, phone_id: str, url: str, secret_key: str) -> None:
    """Make a webhook of a number that gets what the mirror needs; raises `KapsoError`: it may be there."""
    document = {"url": url, "secret_key": secret_key, "events": list(NEEDED_EVENTS), "active": True}
    client.post(_webhooks_path(validate_phone_id(phone_id)), {"whatsapp_webhook": document})


def failed_deliveries(client: KapsoClient, phone_id: str, since_ms: int, *, max_pages: int = 1) -> list[int]:
    """When (ms) deliveries about a number failed since `since_ms`, by the log's newest `max_pages`.

    The log covers all numbers of the key's project, and 30 days. Each page is one request.

    Raises:
        KapsoError: there is no usable response.
    """
    validate_phone_id(phone_id)
    pages = _log_pages(client, since_ms, max_pages)
    times = (_failure_time(record, phone_id) for page in pages for record in page)
    return [time for time in times if time >= since_ms]


def _webhooks_path(phone_id: str) -> str:
    return f"{PLATFORM}/whatsapp/phone_numbers/{phone_id}/webhooks"


def _read_webhook(record: object) -> Webhook:
    fields = read_object(record, "a webhook")
    webhook_id, active = _read_printable(fields, "id"), fields.get("active")
    if webhook_id is None:
        raise InvalidField("it has no id")
    if not isinstance(active, bool):
        raise InvalidField("active is neither true nor false")
    return Webhook(
        id=webhook_id,
        url=_read_printable(fields, "url"),
        active=active,
        kind=_read_printable(fields, "kind"),
        events=_read_events(fields.get("events")),
    )


def _read_printable(fields: Mapping[str, object], name: str) -> str | None:
    return _printable(read_text(fields, name) or "") or None


def _read_events(value: object) -> tuple[str, ...]:
    events = [] if value is None else value
    if not isinstance(events, list) or not all(isinstance(event, str) for event in events):
        raise InvalidField("events is not a list of texts")
    return tuple(map(_printable, events))


def _printable(text: str) -> str:
    """The text without control characters, which could change a terminal."""
    return "".join(filter(str.isprintable, text))


def _log_pages(client: KapsoClient, since_ms: int, max_pages: int) -> Iterator[list[object]]:
    query = {"status": "failed", "errors_only": "true", "limit": str(PAGE_SIZE)}
    query["period"] = _period(client.clock.now() - since_ms)
    seen: set[str] = set()
    for _ in range(max_pages):
        document = client.get(f"{PLATFORM}/webhook_deliveries", query, only_fields=DELIVERY_FIELDS)
        records = read_records(document)
        yield records
        cursor = next_cursor(document, seen) if records else None
        if cursor is None or _log_time(records[-1], "created_at") < since_ms:
            return
        seen.add(cursor)
        query["after"] = cursor


def _period(age_ms: int) -> str:
    """The shortest of the log's periods that reaches back far enough."""
    return next((name for name, length_ms in PERIODS if age_ms < length_ms), LONGEST_PERIOD)


def _failure_time(record: object, phone_id: str) -> int:
    """In ms, or -1 if it is not of this number."""
    if not isinstance(record, Mapping) or record.get("phone_number_id") != phone_id:
        return -1
    return _log_time(record, "failed_at") or _log_time(record, "created_at")


def _log_time(record: object, name: str) -> int:
    """A time in ms, or 0 if it is invalid: the log is only a hint, so an invalid entry is not an error."""
    with suppress(InvalidField):
        return read_time(read_object(record, "a delivery"), name) or 0
    return 0
