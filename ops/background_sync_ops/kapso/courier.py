"""Delivers webhooks, at least once unless they are lost.

    event ── lost? ──> a parcel for each webhook that wants it ──> deliver_pending()
                                    ^                                |
                                    └──── retry after a delay <──── response is not 200

Nothing is sent by itself: a test or the demo calls `deliver_pending`.
"""

import json
import random
import threading
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from background_sync_ops.kapso.documents import event_document
from background_sync_ops.kapso.model import RECEIVED, Delivery, Event, Webhook
from background_sync_ops.kapso.sending import post, signature
from background_sync_ops.kapso.store import KapsoStore
from background_sync_ops.kapso.switch_off import RecentDeliveries

HTTP_OK = 200
RETRY_DELAYS_MS = (10_000, 40_000, 90_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """What happens to deliveries on their way. Shares are from 0 to 1; `seed` decides each independently.

    loss             share of events that are never sent
    duplicates       share of accepted deliveries that are sent again, with the same idempotency key
    retry_delays_ms  delays after failed attempts; after the last one the delivery has failed
    """

    loss: float = 0.0
    duplicates: float = 0.0
    seed: int = 0
    retry_delays_ms: Sequence[int] = RETRY_DELAYS_MS


@dataclass
class _Parcel:
    """A pending delivery. `batch_of` is the conversation of a batch. The first attempt fixes the body."""

    delivery: Delivery
    batch_of: str | None
    due_at: int
    payloads: list[dict[str, Any]]
    body: bytes = field(default=b"", repr=False)

    def open_for(self, webhook: Webhook, conversation_id: str) -> bool:
        """Whether another message of the conversation can join this batch."""
        return (
            (self.delivery.webhook_id, self.batch_of) == (webhook.id, conversation_id)
            and self.delivery.attempt_count == 0
            and len(self.payloads) < (webhook.max_batch or 0)
        )


class Courier:
    """Takes the store's events and delivers them to its webhooks.

    `lost` holds the events that `channel.loss` dropped. The delivery log has no entry for them.
    """

    def __init__(self, store: KapsoStore, now: Callable[[], int]) -> None:
        self.lost: list[Event] = []
        self._store = store
        self._now = now
        self._lock = threading.Lock()
        self._parcels: list[_Parcel] = []
        self._recent: defaultdict[tuple[str, int | None], RecentDeliveries] = defaultdict(RecentDeliveries)
        self.channel = Channel()

    @property
    def channel(self) -> Channel:
        """Setting a channel starts its seed anew."""
        return self._channel

    @channel.setter
    def channel(self, channel: Channel) -> None:
        self._channel = channel
        names = ("loss", "duplicates")
        self._random = {name: random.Random(f"{channel.seed}/{name}") for name in names}  # noqa: S311

    # ---------------------------------------------------------------- events come in

    def accept(self, event: Event) -> None:
        """The listener of the store. An event that no webhook wants cannot get lost."""
        webhooks = self._store.webhooks(event.conversation.phone_number_id)
        wanting = [webhook for webhook in webhooks if webhook.wants(event.name)]
        if wanting and self._happens("loss", self.channel.loss):
            self.lost.append(event)
            return
        for webhook in wanting:
            self._pack(webhook, event)

    def _happens(self, name: str, share: float) -> bool:
        return self._random[name].random() < share

    def _pack(self, webhook: Webhook, event: Event) -> None:
        payload, conversation_id = event_document(event), event.conversation.id
        with self._lock:
            batch = next((each for each in self._parcels if each.open_for(webhook, conversation_id)), None)
            if batch is not None and event.name == RECEIVED:
                batch.payloads.append(payload)
                return
            delivery = _delivery(self._store.new_id(), webhook, event)
            self._store.log_delivery(delivery)
            batched = webhook.max_batch is not None and event.name == RECEIVED
            batch_of = conversation_id if batched else None
            self._parcels.append(_Parcel(delivery, batch_of, event.message.at, [payload]))

    # ---------------------------------------------------------------- deliveries go out

    def deliver_pending(self) -> int:
        """Attempt every delivery that is due. Returns the number of attempts."""
        now = self._now()
        with self._lock:
            due = [parcel for parcel in self._parcels if parcel.due_at <= now]
            self._parcels = [parcel for parcel in self._parcels if parcel.due_at > now]
        for parcel in due:
            self._attempt(parcel, self._store.webhook(parcel.delivery.webhook_id))
        return len(due)

    def _attempt(self, parcel: _Parcel, webhook: Webhook) -> None:
        now = self._now()
        if not webhook.active:
            self._log(parcel, status="failed", failed_at=now)
            return
        response_status = self._send(parcel, webhook)
        attempts = parcel.delivery.attempt_count + 1
        self._log(parcel, response_status=response_status, attempt_count=attempts, last_attempt_at=now)
        accepted = response_status == HTTP_OK
        if accepted:
            self._log(parcel, status="delivered", delivered_at=now)
        elif attempts > len(self.channel.retry_delays_ms):
            self._log(parcel, status="failed", failed_at=now)
        else:
            parcel.due_at = now + self.channel.retry_delays_ms[attempts - 1]
            with self._lock:
                self._parcels.append(parcel)
        # A webhook that was switched on again starts with an empty record.
        recent = self._recent[webhook.id, webhook.resumed_at]
        if recent.add(parcel.delivery.id, now, failed=not accepted):
            self._store.change_webhook(webhook.id, now, active=False)
        if accepted and self._happens("duplicates", self.channel.duplicates):
            self._send(parcel, webhook)

    def _send(self, parcel: _Parcel, webhook: Webhook) -> int | None:
        parcel.body = parcel.body or _body(parcel)
        headers = {
            "Content-Type": "application/json",
            "X-Webhook-Event": parcel.delivery.event,
            "X-Webhook-Signature": signature(webhook.secret_key, parcel.body),
            "X-Idempotency-Key": parcel.delivery.id,
            "X-Webhook-Payload-Version": "v2",
        }
        if parcel.batch_of is not None:
            headers |= {"X-Webhook-Batch": "true", "X-Batch-Size": str(len(parcel.payloads))}
        return post(webhook.url, parcel.body, headers)

    def _log(self, parcel: _Parcel, **changes: Any) -> None:
        parcel.delivery = replace(parcel.delivery, **changes)
        self._store.log_delivery(parcel.delivery)


def _delivery(delivery_id: str, webhook: Webhook, event: Event) -> Delivery:
    return Delivery(
        id=delivery_id,
        webhook_id=webhook.id,
        webhook_url=webhook.url,
        phone_number_id=webhook.phone_number_id,
        event=event.name,
        conversation_phone_number=event.person.phone,
        created_at=event.message.at,
    )


def _body(parcel: _Parcel) -> bytes:
    document: dict[str, Any] = parcel.payloads[0]
    if parcel.batch_of is not None:
        document = {"type": parcel.delivery.event, "batch": True, "data": parcel.payloads}
    return json.dumps(document).encode()
