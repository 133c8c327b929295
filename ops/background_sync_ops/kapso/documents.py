"""Records as Kapso's APIs and webhooks show them."""

import re
import uuid
from collections.abc import Callable
from typing import Any

from background_sync_ops.kapso.model import Conversation, Delivery, Event, Message, Number, Person, Webhook
from background_sync_ops.kapso.quirks import Quirks
from background_sync_ops.kapso.times import iso, iso_with_offset

Time = Callable[[int | None], str | None]
"""Writes a time."""

_SELECTION = re.compile(r"kapso\(([^)]*)\)")


def conversation_document(
    conversation: Conversation, person: Person, number: Number, now: int, quirks: Quirks, fields: str | None
) -> dict[str, Any]:
    """A conversation; `fields` says what of its `kapso` block is wanted."""
    document = {
        **_conversation(conversation, person, now, quirks.time),
        "whatsapp_config_id": number.config_id,
    }
    block = _selected(kapso_block(conversation, person, quirks.time), fields)
    return quirks.shown(document | ({"kapso": block} if block else {}))


def _conversation(conversation: Conversation, person: Person, now: int, time: Time) -> dict[str, Any]:
    return {
        "id": conversation.id,
        "phone_number": person.phone,
        "business_scoped_user_id": person.business_scoped_user_id,
        "parent_business_scoped_user_id": None,
        "username": person.username,
        "status": status(conversation, now),
        "last_active_at": time(conversation.last_active_at),
        "created_at": time(conversation.created_at),
        "updated_at": time(conversation.updated_at),
        "metadata": {},
        "phone_number_id": conversation.phone_number_id,
    }


def status(conversation: Conversation, now: int) -> str:
    """`active`, or `ended` after the silence."""
    return "ended" if now >= conversation.ends_at else "active"


def kapso_block(conversation: Conversation, person: Person, time: Time) -> dict[str, Any]:
    """What Kapso knows of a conversation beyond Meta's own fields."""
    last = conversation.last_message
    return {
        "contact_name": person.name,
        "messages_count": conversation.messages_count,
        "last_message_id": last and last.id,
        "last_message_type": last and last.type,
        "last_message_timestamp": time(last.at if last else None),
        "last_message_text": last and last.text,
        "last_inbound_at": time(conversation.last_inbound_at),
        "last_outbound_at": time(conversation.last_outbound_at),
    }


def _selected(block: dict[str, Any], fields: str | None) -> dict[str, Any]:
    """`kapso(default)` is the whole block, `kapso(a,b)` some of it. `kapso()`, on which Kapso's own sources
    do not agree, is none of it."""
    found = _SELECTION.search(fields or "")
    names = {name.strip() for name in found[1].split(",")} if found else set()
    return block if "default" in names else {name: block[name] for name in block if name in names}


def contact_document(person: Person, quirks: Quirks) -> dict[str, Any]:
    """A contact of the platform."""
    return quirks.shown(
        {
            "id": person.id,
            "wa_id": person.phone,
            "business_scoped_user_id": person.business_scoped_user_id,
            "parent_business_scoped_user_id": None,
            "username": person.username,
            "profile_name": person.name,
            "display_name": None,
            "customer_id": None,
            "metadata": {},
            "created_at": quirks.time(person.created_at),
            "updated_at": quirks.time(person.updated_at),
        }
    )


def webhook_document(webhook: Webhook, number: Number, quirks: Quirks) -> dict[str, Any]:
    """A webhook, with its secret: Kapso shows it to whoever has the key."""
    batched = webhook.max_batch is not None
    return quirks.shown(
        {
            "id": webhook.id,
            "url": webhook.url,
            "kind": webhook.kind,
            "events": list(webhook.events),
            "active": webhook.active,
            "secret_key": webhook.secret_key,
            "headers": {},
            "buffer_enabled": batched,
            "buffer_window_seconds": 5 if batched else None,
            "max_buffer_size": webhook.max_batch,
            "buffer_events": ["whatsapp.message.received"] if batched else [],
            "inactivity_minutes": 60,
            "payload_version": "v2",
            "project_id": str(uuid.uuid5(uuid.NAMESPACE_OID, number.key)),
            "phone_number_id": webhook.phone_number_id,
            "created_at": quirks.time(webhook.created_at),
            "updated_at": quirks.time(webhook.updated_at),
        }
    )


def delivery_document(delivery: Delivery, quirks: Quirks) -> dict[str, Any]:
    """A line of the delivery log; it has no payload."""
    return quirks.shown(
        {
            "id": delivery.id,
            "event": delivery.event,
            "status": delivery.status,
            "response_status": delivery.response_status,
            "delivered_at": quirks.time(delivery.delivered_at),
            "failed_at": quirks.time(delivery.failed_at),
            "last_attempt_at": quirks.time(delivery.last_attempt_at),
            "attempt_count": delivery.attempt_count,
            "created_at": quirks.time(delivery.created_at),
            "webhook_id": delivery.webhook_id,
            "webhook_url": delivery.webhook_url,
            "whatsapp_config_id": delivery.config_id,
            "phone_number_id": delivery.phone_number_id,
            "conversation_phone_number": delivery.conversation_phone_number,
        }
    )


def event_document(event: Event, quirks: Quirks) -> dict[str, Any]:
    """The body of a webhook. The event's name is not in it."""

    def time(at: int | None) -> str | None:
        if at is None or quirks.webhook_offset_minutes is None:
            return None if at is None else iso(at, "seconds")
        return iso_with_offset(at, quirks.webhook_offset_minutes)

    conversation = _conversation(event.conversation, event.person, event.at, time)
    conversation["phone_number"] = _dialled(event.person.phone)
    conversation["kapso"] = kapso_block(event.conversation, event.person, time)
    message = {"message": _message(event, event.message)} if event.message else {}
    return message | {
        "conversation": conversation,
        "is_new_conversation": event.is_new_conversation,
        "phone_number_id": event.number.phone_number_id,
    }


def _message(event: Event, message: Message) -> dict[str, Any]:
    inbound, person = message.direction == "inbound", event.person
    receipt = event.name.rpartition(".")[2]
    side = "from" if inbound else "to"
    return {
        "id": message.id,
        "timestamp": str(message.at // 1000),
        "type": message.type,
        **({"text": {"body": message.text}} if message.type == "text" else {}),
        side: person.phone,
        f"{side}_user_id": person.business_scoped_user_id,
        "username": person.username,
        "kapso": {
            "direction": message.direction,
            "status": receipt,
            "processing_status": "pending" if inbound else "completed",
            "origin": "cloud_api",
            "has_media": message.type != "text",
            "content": message.text,
            "contact_name": person.name,
        },
    }


def _dialled(phone: str | None) -> str | None:
    """Webhooks write a phone with its plus, the API without."""
    return phone and f"+{phone}"
