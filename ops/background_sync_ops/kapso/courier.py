"""Delivery of webhooks, at least once where nothing is lost.

    event ── lost? ──> a parcel for each webhook that wants it ──> deliver_pending()
                                    ^                                |
                                    └──── later, until given up <──── not answered with 200

Nothing is sent by itself: a test or a demo calls `deliver_pending`.
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
from background_sync_ops.kapso.quirks import Quirks
from background_sync_ops.kapso.sending import post, signature
from background_sync_ops.kapso.store import KapsoStore
from background_sync_ops.kapso.switch_off import Watch

HTTP_OK = 200
RETRY_DELAYS_MS = (10_000, 40_000, 90_000)
TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class Channel:
    """What lies between Kapso and an endpoint. Shares are from 0 to 1, decided by `seed`, each on its own.

    loss             share of events that nobody ever sends; or a function that chooses them
    duplicates       share of accepted deliveries that are sent a second time, with the same idempotency key
    late             share of deliveries that are due `late_ms` after their event
    shuffled         what is due is sent in any order
    retry_delays_ms  from a failed attempt to the next; after the last one the delivery has failed
    timeout_s        how long an endpoint may take to answer
    """

    loss: float | Callable[[Event], bool] = 0.0
    duplicates: float = 0.0
    late: float = 0.0
    late_ms: int = 60_000
    shuffled: bool = False
    seed: int = 0
    retry_delays_ms: Sequence[int] = RETRY_DELAYS_MS
    timeout_s: float = TIMEOUT_S


@dataclass
class _Parcel:
    """A delivery under way. Its body is fixed by the first attempt."""

    delivery_id: str
    webhook_id: str
    event: str
    batch_of: str | None
    due: int
    payloads: list[dict[str, Any]]
    attempts: int = 0
    body: bytes = field(default=b"", repr=False)


class Courier:
    """Takes events and delivers them to the webhooks of the store."""

    def __init__(
        self,
        store: KapsoStore,
        now: Callable[[], int],
        quirks: Callable[[], Quirks] = Quirks,
        channel: Channel | None = None,
    ) -> None:
        self.lost: list[Event] = []
        """The events that `channel.loss` dropped: no webhook got them, and the delivery log knows nothing."""
        self._store = store
        self._now = now
        self._quirks = quirks
        self._lock = threading.Lock()
        self._parcels: list[_Parcel] = []
        self._watches: defaultdict[tuple[str, int | None], Watch] = defaultdict(Watch)
        self.channel = channel or Channel()

    @property
    def channel(self) -> Channel:
        """What lies between Kapso and the endpoints. A new one begins its seed anew."""
        return self._channel

    @channel.setter
    def channel(self, channel: Channel) -> None:
        self._channel = channel
        names = ("loss", "duplicates", "late", "order")
        self._chance = {name: random.Random(f"{channel.seed}/{name}") for name in names}  # noqa: S311

    @property
    def pending(self) -> int:
        """How many deliveries are waiting for an attempt."""
        return len(self._parcels)

    # ---------------------------------------------------------------- events come in

    def accept(self, event: Event) -> None:
        """Takes an event: the store's listener. What no webhook wants cannot get lost."""
        webhooks = self._store.webhooks(event.number.phone_number_id)
        wanting = [webhook for webhook in webhooks if webhook.wants(event.name)]
        if wanting and self._is_lost(event):
            self.lost.append(event)
            return
        for webhook in wanting:
            self._pack(webhook, event)

    def _is_lost(self, event: Event) -> bool:
        loss = self.channel.loss
        return loss(event) if callable(loss) else self._happens("loss", loss)

    def _happens(self, name: str, share: float) -> bool:
        return self._chance[name].random() < share

    def _pack(self, webhook: Webhook, event: Event) -> None:
        payload = event_document(event, self._quirks())
        batch_of = event.conversation.id if webhook.max_batch and event.name == RECEIVED else None
        with self._lock:
            open_batch = batch_of and self._open_batch(webhook, batch_of)
            if open_batch:
                open_batch.payloads.append(payload)
                return
            delivery = self._store.log_delivery(_delivery(self._store.new_id(), webhook, event))
            late = self.channel.late_ms if self._happens("late", self.channel.late) else 0
            self._parcels.append(
                _Parcel(delivery.id, webhook.id, event.name, batch_of, event.at + late, [payload])
            )

    def _open_batch(self, webhook: Webhook, batch_of: str) -> _Parcel | None:
        for parcel in self._parcels:
            if (parcel.webhook_id, parcel.batch_of, parcel.attempts) == (webhook.id, batch_of, 0):
                return parcel if len(parcel.payloads) < (webhook.max_batch or 0) else None
        return None

    # ---------------------------------------------------------------- deliveries go out

    def deliver_pending(self, *, everything: bool = False) -> int:
        """Attempts every delivery that is due; the number of attempts.

        everything: due or not, again and again until it is delivered or given up
        """
        attempts = 0
        while parcels := self._take(everything=everything):
            for parcel in parcels:
                self._attempt(parcel)
            attempts += len(parcels)
        return attempts

    def _take(self, *, everything: bool) -> list[_Parcel]:
        with self._lock:
            latest = None if everything else self._now()
            due = [each for each in self._parcels if latest is None or each.due <= latest]
            self._parcels = [each for each in self._parcels if latest is not None and each.due > latest]
        if self.channel.shuffled:
            self._chance["order"].shuffle(due)
        return due

    def _attempt(self, parcel: _Parcel) -> None:
        webhook = self._wanted(parcel)
        if webhook is None:
            self._note(parcel, None, failed=True)
            return
        parcel.attempts += 1
        status = self._send(parcel, webhook)
        accepted = status == HTTP_OK
        given_up = not accepted and parcel.attempts > len(self.channel.retry_delays_ms)
        self._note(parcel, status, delivered=accepted, failed=given_up)
        if not accepted and not given_up:
            self._again(parcel)
        self._judge(parcel, webhook, failed=not accepted)
        if accepted and self._happens("duplicates", self.channel.duplicates):
            self._send(parcel, webhook)

    def _wanted(self, parcel: _Parcel) -> Webhook | None:
        """What was switched off or removed meanwhile is sent nothing any more."""
        try:
            webhook = self._store.webhook(parcel.webhook_id)
        except KeyError:
            return None
        return webhook if webhook.active else None

    def _send(self, parcel: _Parcel, webhook: Webhook) -> int | None:
        parcel.body = parcel.body or _body(parcel)
        headers = {
            "Content-Type": "application/json",
            "X-Webhook-Event": parcel.event,
            "X-Webhook-Signature": signature(webhook.secret_key, parcel.body),
            "X-Idempotency-Key": parcel.delivery_id,
            "X-Webhook-Payload-Version": "v2",
        }
        if parcel.batch_of is not None:
            headers |= {"X-Webhook-Batch": "true", "X-Batch-Size": str(len(parcel.payloads))}
        return post(webhook.url, parcel.body, headers, self.channel.timeout_s)

    def _again(self, parcel: _Parcel) -> None:
        parcel.due = self._now() + self.channel.retry_delays_ms[parcel.attempts - 1]
        with self._lock:
            self._parcels.append(parcel)

    def _note(
        self, parcel: _Parcel, status: int | None, *, delivered: bool = False, failed: bool = False
    ) -> None:
        now, delivery = self._now(), self._store.delivery(parcel.delivery_id)
        attempted = parcel.attempts > delivery.attempt_count
        self._store.log_delivery(
            replace(
                delivery,
                status="delivered" if delivered else "failed" if failed else "pending",
                response_status=status if attempted else delivery.response_status,
                attempt_count=parcel.attempts,
                last_attempt_at=now if attempted else delivery.last_attempt_at,
                delivered_at=now if delivered else None,
                failed_at=now if failed else None,
            )
        )

    def _judge(self, parcel: _Parcel, webhook: Webhook, *, failed: bool) -> None:
        """What happened before a webhook was switched on again does not count against it."""
        watch = self._watches[webhook.id, webhook.resumed_at]
        if watch.note(parcel.delivery_id, self._now(), failed=failed):
            self._store.change_webhook(webhook.id, self._now(), active=False)


def _delivery(delivery_id: str, webhook: Webhook, event: Event) -> Delivery:
    return Delivery(
        id=delivery_id,
        webhook_id=webhook.id,
        webhook_url=webhook.url,
        phone_number_id=webhook.phone_number_id,
        config_id=event.number.config_id,
        event=event.name,
        conversation_phone_number=event.person.phone,
        created_at=event.at,
    )


def _body(parcel: _Parcel) -> bytes:
    document: dict[str, Any] = parcel.payloads[0]
    if parcel.batch_of is not None:
        document = {"type": parcel.event, "batch": True, "data": parcel.payloads}
    return json.dumps(document).encode()
