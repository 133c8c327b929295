"""Records as the JSON documents of Kapso's APIs and webhooks."""

from collections.abc import Callable, Collection
from typing import Any

from background_sync_ops.kapso.model import RECEIVED, Conversation, Delivery, Event, Person, Webhook
from background_sync_ops.kapso.times import iso

WriteTime = Callable[[int | None], str | None]


def conversation_document(
    conversation: Conversation, person: Person, now: int, *, with_kapso_block: bool
) -> dict[str, Any]:
    document = _conversation(conversation, person, now, _time)
    return document | ({"kapso": _kapso_block(conversation, person, _time)} if with_kapso_block else {})


def webhook_document(webhook: Webhook) -> dict[str, Any]:
    """A webhook, with its secret, as Kapso returns it."""
    batched = webhook.max_batch is not None
    return {
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
        "buffer_events": [RECEIVED] if batched else [],
        "payload_version": "v2",
        "phone_number_id": webhook.phone_number_id,
    }


def health_document(phone_number_id: str, failing: Collection[str], now: int) -> dict[str, Any]:
    """The live check of a number: what Meta answers. `failing` are the names of checks that do not pass."""
    details: dict[str, dict[str, Any]] = {
        "phone_number_access": {"id": phone_number_id, "status": "CONNECTED"},
        "token_validity": {},
        "messaging_health": {"can_send_message": "AVAILABLE"},
        "webhook_subscription": {
            "subscribed": "webhook_subscription" not in failing,
            "subscribed_fields": [] if "webhook_subscription" in failing else ["messages"],
        },
        "webhook_verified": {"verified_at": None if "webhook_verified" in failing else iso(now, "seconds")},
    }
    return {
        "status": "unhealthy" if failing else "healthy",
        "timestamp": iso(now, "seconds"),
        "error": None,
        "checks": {
            name: {"passed": name not in failing, "details": found} for name, found in details.items()
        },
    }


def delivery_document(delivery: Delivery) -> dict[str, Any]:
    """An entry of the delivery log. It has no payload."""
    return {
        "id": delivery.id,
        "event": delivery.event,
        "status": delivery.status,
        "response_status": delivery.response_status,
        "delivered_at": _time(delivery.delivered_at),
        "failed_at": _time(delivery.failed_at),
        "last_attempt_at": _time(delivery.last_attempt_at),
        "attempt_count": delivery.attempt_count,
        "created_at": _time(delivery.created_at),
        "webhook_id": delivery.webhook_id,
        "webhook_url": delivery.webhook_url,
        "phone_number_id": delivery.phone_number_id,
        "conversation_phone_number": delivery.conversation_phone_number,
    }


def event_document(event: Event) -> dict[str, Any]:
    """The body of a webhook. It does not name the event; a header does."""
    conversation = _conversation(event.conversation, event.person, event.message.at, _time_in_seconds)
    # Webhooks write a phone with its plus sign, the API without.
    conversation["phone_number"] = event.person.phone and f"+{event.person.phone}"
    conversation["kapso"] = _kapso_block(event.conversation, event.person, _time_in_seconds)
    return {
        "message": _message(event),
        "conversation": conversation,
        "is_new_conversation": event.is_new_conversation,
        "phone_number_id": event.conversation.phone_number_id,
    }


def _message(event: Event) -> dict[str, Any]:
    message, person = event.message, event.person
    inbound = message.direction == "inbound"
    side = "from" if inbound else "to"
    return {
        "id": message.id,
        "timestamp": str(message.at // 1000),
        "type": "text",
        "text": {"body": message.text},
        side: person.phone,
        f"{side}_user_id": person.business_scoped_user_id,
        "username": None,
        "kapso": {
            "direction": message.direction,
            "status": "received" if inbound else "sent",
            "processing_status": "pending" if inbound else "completed",
            "origin": "cloud_api",
            "has_media": False,
            "content": message.text,
            "contact_name": person.name,
        },
    }


def _conversation(
    conversation: Conversation, person: Person, now: int, write_time: WriteTime
) -> dict[str, Any]:
    return {
        "id": conversation.id,
        "phone_number": person.phone,
        "business_scoped_user_id": person.business_scoped_user_id,
        "parent_business_scoped_user_id": None,
        "username": None,
        "status": "ended" if now >= conversation.ends_at else "active",
        "last_active_at": write_time(conversation.last_active_at),
        "created_at": write_time(conversation.created_at),
        "updated_at": write_time(conversation.last_active_at),
        "metadata": {},
        "phone_number_id": conversation.phone_number_id,
    }


def _kapso_block(conversation: Conversation, person: Person, write_time: WriteTime) -> dict[str, Any]:
    """What Kapso adds to Meta's own fields."""
    last = conversation.last_message
    return {
        "contact_name": person.name,
        "messages_count": conversation.messages_count,
        "last_message_id": last and last.id,
        "last_message_type": last and "text",
        "last_message_timestamp": write_time(last.at if last else None),
        "last_message_text": last and last.text,
        "last_inbound_at": write_time(conversation.last_inbound_at),
        "last_outbound_at": write_time(conversation.last_outbound_at),
    }


def _time(at: int | None) -> str | None:
    return None if at is None else iso(at)


def _time_in_seconds(at: int | None) -> str | None:
    return None if at is None else iso(at, "seconds")
