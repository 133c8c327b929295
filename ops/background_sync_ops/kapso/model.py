"""The records of the store. They are immutable: a change makes a new record."""

from dataclasses import dataclass, field, replace
from typing import Literal

from background_sync.rules.policy import HOUR_MS

Direction = Literal["inbound", "outbound"]
DeliveryStatus = Literal["pending", "delivered", "failed"]

SESSION_MS = 24 * HOUR_MS
"""A conversation ends after so long without a message."""

RECEIVED = "whatsapp.message.received"
SENT = "whatsapp.message.sent"
MESSAGE_EVENTS = (RECEIVED, SENT)


@dataclass(frozen=True, slots=True)
class Person:
    """Someone who writes with a business. `phone` (digits), `business_scoped_user_id` or both are known."""

    id: str
    phone: str | None
    business_scoped_user_id: str | None
    name: str | None


@dataclass(frozen=True, slots=True)
class Message:
    id: str
    conversation_id: str
    direction: Direction
    at: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """The messages between a number and a person, without `SESSION_MS` of silence between two of them."""

    id: str
    phone_number_id: str
    person_id: str
    created_at: int
    last_active_at: int
    last_inbound_at: int | None = None
    last_outbound_at: int | None = None
    last_message: Message | None = None
    messages_count: int = 0

    @property
    def ends_at(self) -> int:
        """When it ends if no other message comes."""
        return (self.last_message.at if self.last_message else self.created_at) + SESSION_MS

    def includes(self, at: int) -> bool:
        """Whether a message of that time belongs to this conversation."""
        return self.created_at - SESSION_MS < at < self.ends_at

    def touched(self, at: int) -> "Conversation":
        return replace(self, last_active_at=max(self.last_active_at, at))

    def with_message(self, message: Message) -> "Conversation":
        """Messages may come in any order, so an older one does not replace a newer one."""
        inbound = message.direction == "inbound"
        is_newest = self.last_message is None or message.at >= self.last_message.at
        return replace(
            self.touched(message.at),
            created_at=min(self.created_at, message.at),
            last_inbound_at=_newest(self.last_inbound_at, message.at) if inbound else self.last_inbound_at,
            last_outbound_at=self.last_outbound_at if inbound else _newest(self.last_outbound_at, message.at),
            last_message=message if is_newest else self.last_message,
            messages_count=self.messages_count + 1,
        )


def _newest(known: int | None, at: int) -> int:
    return at if known is None else max(known, at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """Where a number's events are sent. One of the kind `meta` is listed, and is sent nothing here.

    `max_batch`: received messages are sent in batches of at most so many. `resumed_at`: when the webhook was
    last switched on.
    """

    id: str
    phone_number_id: str
    url: str
    events: tuple[str, ...]
    active: bool
    secret_key: str = field(repr=False)
    max_batch: int | None
    kind: str = "kapso"
    resumed_at: int | None = None

    def wants(self, event: str) -> bool:
        return self.active and self.kind == "kapso" and event in self.events


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A message, with the records as they were when it was written."""

    name: str
    person: Person
    conversation: Conversation
    message: Message
    is_new_conversation: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """An entry of the delivery log: an event, or a batch of events, sent to one webhook."""

    id: str
    webhook_id: str
    webhook_url: str
    phone_number_id: str
    event: str
    conversation_phone_number: str | None
    created_at: int
    status: DeliveryStatus = "pending"
    response_status: int | None = None
    attempt_count: int = 0
    last_attempt_at: int | None = None
    delivered_at: int | None = None
    failed_at: int | None = None
