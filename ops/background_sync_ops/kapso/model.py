"""What the store keeps. Records are values: a change makes a new one."""

from dataclasses import dataclass, field
from typing import Literal

from background_sync.rules.policy import HOUR_MS

Direction = Literal["inbound", "outbound"]
Receipt = Literal["delivered", "read", "failed"]
DeliveryStatus = Literal["pending", "delivered", "failed"]

SILENCE_MS = 24 * HOUR_MS
"""After so long without a message a conversation has ended."""

RECEIVED = "whatsapp.message.received"
SENT = "whatsapp.message.sent"
CREATED = "whatsapp.conversation.created"
MESSAGE_EVENTS = (RECEIVED, SENT)


@dataclass(frozen=True, slots=True)
class Number:
    """A WhatsApp number of a business; numbers with one `key` belong to one project."""

    phone_number_id: str
    key: str = field(repr=False)
    config_id: str


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who writes to a business: known by phone digits, by a business-scoped user id, or by both."""

    id: str
    phone: str | None
    business_scoped_user_id: str | None
    username: str | None
    name: str | None
    created_at: int
    updated_at: int


@dataclass(frozen=True, slots=True)
class Message:
    """A message between a number and a person."""

    id: str
    conversation_id: str
    direction: Direction
    at: int
    type: str
    text: str | None


@dataclass(frozen=True, slots=True)
class Conversation:
    """What a number and a person wrote without `SILENCE_MS` of silence in between."""

    id: str
    phone_number_id: str
    person_id: str
    created_at: int
    updated_at: int
    last_active_at: int
    last_inbound_at: int | None = None
    last_outbound_at: int | None = None
    last_message: Message | None = None
    messages_count: int = 0

    @property
    def ends_at(self) -> int:
        """When it has ended, if nothing is written until then."""
        return (self.last_message.at if self.last_message else self.created_at) + SILENCE_MS

    def covers(self, at: int) -> bool:
        """Whether a message of that time belongs here."""
        return self.created_at - SILENCE_MS < at < self.ends_at


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where events of a number are sent to. `resumed_at`: when it was last switched on again."""

    id: str
    phone_number_id: str
    url: str
    events: tuple[str, ...]
    active: bool
    kind: str
    secret_key: str = field(repr=False)
    max_batch: int | None
    created_at: int
    updated_at: int
    resumed_at: int | None = None

    def wants(self, event: str) -> bool:
        """Whether it is sent such an event. Raw events of Meta (kind `meta`) are none of this server's."""
        return self.active and self.kind == "kapso" and event in self.events


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, with the records as they were then."""

    name: str
    at: int
    number: Number
    person: Person
    conversation: Conversation
    message: Message | None
    is_new_conversation: bool


@dataclass(frozen=True, slots=True)
class Delivery:
    """One line of the delivery log: an event, or a batch of them, and one webhook."""

    id: str
    webhook_id: str
    webhook_url: str
    phone_number_id: str
    config_id: str
    event: str
    conversation_phone_number: str | None
    created_at: int
    status: DeliveryStatus = "pending"
    response_status: int | None = None
    attempt_count: int = 0
    last_attempt_at: int | None = None
    delivered_at: int | None = None
    failed_at: int | None = None
