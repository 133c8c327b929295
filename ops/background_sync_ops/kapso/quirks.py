"""Kapso's habits, each of which a client must bear. All may be combined."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum
from typing import Any

from background_sync_ops.kapso.times import TimeForm, iso

NULLABLE = frozenset(
    {
        # conversations
        "phone_number",
        "business_scoped_user_id",
        "parent_business_scoped_user_id",
        "username",
        "metadata",
        "contact_name",
        "messages_count",
        "last_message_id",
        "last_message_type",
        "last_message_text",
        "last_message_timestamp",
        "last_inbound_at",
        "last_outbound_at",
        # contacts
        "wa_id",
        "display_name",
        "customer_id",
        # webhook deliveries
        "response_status",
        "delivered_at",
        "failed_at",
        "last_attempt_at",
        "webhook_id",
        "webhook_url",
        "whatsapp_config_id",
        "conversation_phone_number",
    }
)
"""Every field that may be null. Not `phone_number_id`: a conversation is asked for by number."""


class LastPage(Enum):
    """What the proxy's `paging` looks like where nothing follows."""

    NULL_AFTER = "cursors.after is null"
    NO_AFTER = "cursors is empty"
    NO_CURSORS = "paging is empty"
    NO_PAGING = "paging is missing"
    SET_AFTER = "cursors.after is set, and the page that it leads to is empty"
    REPEATED_AFTER = "cursors.after is the one that was asked with: it leads here again"


@dataclass(frozen=True, slots=True)
class Quirks:
    """How the server answers.

    last_page              the proxy's paging where nothing follows
    proxy_next             the proxy's paging has `next` and `previous` too (null at the ends)
    platform_next          the platform's paging has them; without, an empty page is the end
    times                  the form of times
    nulls                  names of fields that are null, whatever the record says; `kapso` may be one
    absent                 names of fields that are left out
    error_text             the proxy's errors are {"error": "text"}
    webhook_offset_minutes times in webhook bodies carry this numeric offset instead of `Z`
    """

    last_page: LastPage = LastPage.NULL_AFTER
    proxy_next: bool = False
    platform_next: bool = True
    times: TimeForm = "microseconds"
    nulls: Collection[str] = frozenset()
    absent: Collection[str] = frozenset()
    error_text: bool = False
    webhook_offset_minutes: int | None = None

    def time(self, at: int | None) -> str | None:
        """A time in the chosen form."""
        return None if at is None else iso(at, self.times)

    def shown(self, document: dict[str, Any]) -> dict[str, Any]:
        """A document without what is to be absent, and with null for what is to be null."""
        return {name: self._value(name, value) for name, value in document.items() if name not in self.absent}

    def _value(self, name: str, value: Any) -> Any:
        if name in self.nulls:
            return None
        return self.shown(value) if isinstance(value, dict) else value
