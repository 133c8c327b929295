"""What Kapso knows. Every time is given by the caller; ids come from a seed: a run can be repeated."""

import base64
import random
import re
import threading
import uuid
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from background_sync.rules.identity import digits
from background_sync_ops.kapso.activity import Activity, Page, Window
from background_sync_ops.kapso.model import (
    CREATED,
    MESSAGE_EVENTS,
    RECEIVED,
    SENT,
    Conversation,
    Delivery,
    Direction,
    Event,
    Message,
    Number,
    Person,
    Receipt,
    Webhook,
)

Listener = Callable[[Event], None]

_PHONE = re.compile(r"\+?[\d ().-]+", re.ASCII)


class KapsoStore:
    """Numbers, people, conversations, webhooks and their deliveries. Safe to use from several threads.

    What it hands out are values: they do not change when the store does. A number is named by its
    `phone_number_id`; every method that takes one raises KeyError when it is unknown.
    """

    def __init__(self, seed: int = 0) -> None:
        self._random = random.Random(seed)  # noqa: S311 -- ids, not secrets
        self._lock = threading.RLock()
        self._listeners: list[Listener] = []
        self._numbers: dict[str, Number] = {}
        self._people: dict[str, Person] = {}
        self._conversations: dict[str, Conversation] = {}
        self._between: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
        self._activity: defaultdict[str, Activity] = defaultdict(Activity)
        self._messages: defaultdict[str, list[Message]] = defaultdict(list)
        self._webhooks: dict[str, Webhook] = {}
        self._deliveries: dict[str, Delivery] = {}
        self._log = Activity()

    # ---------------------------------------------------------------- numbers and people

    def add_number(self, phone_number_id: str, key: str) -> Number:
        """A number and the key of its project; again with another key, the number's new key."""
        with self._lock:
            known = self._numbers.get(phone_number_id)
            number = Number(phone_number_id, key, known.config_id if known else self._uuid())
            self._numbers[phone_number_id] = number
            return number

    def number(self, phone_number_id: str, key: str | None = None) -> Number:
        """A number; KeyError also when it is not one of `key`'s."""
        number = self._numbers[phone_number_id]
        if key not in (None, number.key):
            raise KeyError(phone_number_id)
        return number

    def knows_key(self, key: str) -> bool:
        """Whether a project has this key."""
        with self._lock:
            return any(number.key == key for number in self._numbers.values())

    def add_person(
        self,
        phone: str | None = None,
        *,
        business_scoped_user_id: str | None = None,
        username: str | None = None,
        name: str | None = None,
        at: int = 0,
    ) -> Person:
        """Somebody new, by the digits of a phone, a business-scoped user id, or both."""
        if phone is None and business_scoped_user_id is None:
            raise ValueError("a person needs a phone or a business-scoped user id")
        phone = None if phone is None else digits(phone)
        with self._lock:
            person = Person(self._uuid(), phone, business_scoped_user_id, username, name, at, at)
            return self._keep_person(person)

    def person(self, person_id: str) -> Person:
        """Somebody as they are now. Raises KeyError."""
        return self._people[person_id]

    def rename(self, person: Person, name: str | None, at: int | None = None) -> Person:
        """A changed profile name: no event tells of it, and no conversation moves."""
        return self.identify(person, at, name=name)

    def identify(self, person: Person, at: int | None = None, **changes: Any) -> Person:
        """Change `phone`, `business_scoped_user_id`, `username` or `name` of somebody. No event."""
        if changes.get("phone"):
            changes["phone"] = digits(str(changes["phone"]))
        with self._lock:
            known = self._people[person.id]
            updated_at = known.updated_at if at is None else at
            return self._keep_person(replace(known, **changes, updated_at=updated_at))

    def _keep_person(self, person: Person) -> Person:
        self._people[person.id] = person
        return person

    def find_contact(self, key: str, identifier: str) -> Person | None:
        """Somebody whom one of a key's numbers has written with: by id, business-scoped user id, or phone."""
        with self._lock:
            numbers = {number.phone_number_id for number in self._numbers.values() if number.key == key}
            ids = {person_id for number, person_id in self._between if number in numbers}
            mine = [self._people[person_id] for person_id in ids]
        for matches in (_by_id, _by_phone):
            if found := next((person for person in mine if matches(person, identifier)), None):
                return found
        return None

    # ---------------------------------------------------------------- traffic

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Calls `listener` with every event from now on; returns what ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def message(
        self,
        phone_number_id: str,
        person: Person,
        direction: Direction,
        at: int,
        *,
        text: str | None = "Hello",
        type: str = "text",  # noqa: A002 -- the name that the API has
    ) -> Message:
        """A message, perhaps older than others that are there. After 24 h of silence: a new conversation."""
        with self._lock:
            conversation, is_new = self._conversation_for(phone_number_id, person, at)
            message = Message(self._wamid(), conversation.id, direction, at, type, text)
            self._messages[conversation.id].append(message)
            conversation = self._keep(_with_message(conversation, message))
            events = self._events(conversation, at, message, is_new=is_new)
        self._emit(events)
        return message

    def open_conversation(self, phone_number_id: str, person: Person, at: int) -> Conversation:
        """A conversation in which nothing has been written yet."""
        with self._lock:
            conversation = self._start(phone_number_id, person, at)
            events = self._events(conversation, at, None, is_new=True)
        self._emit(events)
        return conversation

    def delivery_receipt(
        self, phone_number_id: str, person: Person, at: int, status: Receipt = "delivered"
    ) -> Conversation:
        """The last sent message's status changes: moves `last_active_at` and no other activity.

        Raises LookupError without a conversation. Where nothing was sent there is no event.
        """
        with self._lock:
            conversation = self._keep(_touched(self.conversations(phone_number_id, person)[-1], at))
            sent = [each for each in self._messages[conversation.id] if each.direction == "outbound"]
            name = f"whatsapp.message.{status}"
            events = [self._event(name, conversation, at, message) for message in sent[-1:]]
        self._emit(events)
        return conversation

    def _conversation_for(self, phone_number_id: str, person: Person, at: int) -> tuple[Conversation, bool]:
        for conversation in reversed(self.conversations(phone_number_id, person)):
            if conversation.covers(at):
                return conversation, False
        return self._start(phone_number_id, person, at), True

    def _start(self, phone_number_id: str, person: Person, at: int) -> Conversation:
        number, known = self._numbers[phone_number_id], self._people[person.id]
        conversation = Conversation(self._uuid(), number.phone_number_id, known.id, at, at, at)
        self._between[phone_number_id, known.id].append(conversation.id)
        return self._keep(conversation)

    def _keep(self, conversation: Conversation) -> Conversation:
        self._conversations[conversation.id] = conversation
        self._activity[conversation.phone_number_id].touch(conversation.id, conversation.last_active_at)
        return conversation

    # ---------------------------------------------------------------- events

    def _events(
        self, conversation: Conversation, at: int, message: Message | None, *, is_new: bool
    ) -> list[Event]:
        names = [CREATED] if is_new else []
        if message is not None:
            names.append(RECEIVED if message.direction == "inbound" else SENT)
        return [self._event(name, conversation, at, message, is_new=is_new) for name in names]

    def _event(
        self,
        name: str,
        conversation: Conversation,
        at: int,
        message: Message | None,
        *,
        is_new: bool = False,
    ) -> Event:
        number = self._numbers[conversation.phone_number_id]
        person = self._people[conversation.person_id]
        return Event(name, at, number, person, conversation, message, is_new)

    def _emit(self, events: Sequence[Event]) -> None:
        """Outside the lock: a listener may call the store from wherever it likes."""
        for event in events:
            for listener in tuple(self._listeners):
                listener(event)

    # ---------------------------------------------------------------- what is there

    def conversations(self, phone_number_id: str, person: Person | None = None) -> list[Conversation]:
        """A number's conversations, with one person or with all, the oldest first."""
        with self._lock:
            self.number(phone_number_id)
            pairs = [(phone_number_id, person.id)] if person else list(self._between)
            ids = [
                each for pair in pairs if pair[0] == phone_number_id for each in self._between.get(pair, [])
            ]
            return sorted((self._conversations[each] for each in ids), key=lambda each: each.created_at)

    def messages(self, conversation: Conversation) -> list[Message]:
        """What was written in a conversation, in the order in which it came in."""
        with self._lock:
            return list(self._messages[conversation.id])

    def last_activity(self, phone_number_id: str, person: Person) -> int | None:
        """The time of the newest message between a number and a person, if there is one."""
        times = [
            each.last_message.at
            for each in self.conversations(phone_number_id, person)
            if each.last_message is not None
        ]
        return max(times, default=None)

    def page_of_conversations(
        self,
        phone_number_id: str,
        window: Window,
        keep: Callable[[Conversation, Person], bool] = lambda *_: True,
    ) -> tuple[Page, list[tuple[Conversation, Person]]]:
        """A page of a number's conversations, newest activity first, each with its person."""
        with self._lock:
            page = self._activity[phone_number_id].page(window, lambda each: keep(*self._with_person(each)))
            return page, [self._with_person(each) for _, each in page.keys]

    def _with_person(self, conversation_id: str) -> tuple[Conversation, Person]:
        conversation = self._conversations[conversation_id]
        return conversation, self._people[conversation.person_id]

    # ---------------------------------------------------------------- webhooks

    def add_webhook(
        self,
        phone_number_id: str,
        url: str,
        *,
        events: Sequence[str] = MESSAGE_EVENTS,
        active: bool = True,
        kind: str = "kapso",
        secret_key: str | None = None,
        max_batch: int | None = None,
        at: int = 0,
    ) -> Webhook:
        """A number's webhook. `max_batch`: messages received come in batches of so many at most."""
        with self._lock:
            self.number(phone_number_id)
            secret_key = secret_key or f"wh_sec_{self._random.randbytes(12).hex()}"
            return self._keep_webhook(
                Webhook(
                    id=self._uuid(),
                    phone_number_id=phone_number_id,
                    url=url,
                    events=tuple(events),
                    active=active,
                    kind=kind,
                    secret_key=secret_key,
                    max_batch=max_batch,
                    created_at=at,
                    updated_at=at,
                )
            )

    def webhook(self, webhook_id: str) -> Webhook:
        """A webhook as it is now. Raises KeyError."""
        return self._webhooks[webhook_id]

    def webhooks(self, phone_number_id: str) -> list[Webhook]:
        """A number's webhooks, the oldest first."""
        with self._lock:
            self.number(phone_number_id)
            return [each for each in self._webhooks.values() if each.phone_number_id == phone_number_id]

    def change_webhook(self, webhook_id: str, at: int, **changes: Any) -> Webhook:
        """Change `active`, `url`, `events` or `secret_key` of a webhook. Raises KeyError."""
        with self._lock:
            known = self._webhooks[webhook_id]
            changed = replace(known, **changes, updated_at=at)
            if changed.active and not known.active:
                changed = replace(changed, resumed_at=at)
            return self._keep_webhook(changed)

    def remove_webhook(self, webhook_id: str) -> None:
        """A person removes a webhook. Raises KeyError."""
        with self._lock:
            del self._webhooks[webhook_id]

    def _keep_webhook(self, webhook: Webhook) -> Webhook:
        self._webhooks[webhook.id] = webhook
        return webhook

    # ---------------------------------------------------------------- delivery log

    def log_delivery(self, delivery: Delivery) -> Delivery:
        """Write a line of the delivery log, new or changed."""
        with self._lock:
            self._deliveries[delivery.id] = delivery
            self._log.touch(delivery.id, delivery.created_at)
            return delivery

    def delivery(self, delivery_id: str) -> Delivery:
        """A line of the delivery log. Raises KeyError."""
        return self._deliveries[delivery_id]

    def deliveries(self, phone_number_id: str | None = None) -> list[Delivery]:
        """The delivery log, of one number or of all, in the order in which it was begun."""
        with self._lock:
            return [
                each for each in self._deliveries.values() if phone_number_id in (None, each.phone_number_id)
            ]

    def page_of_deliveries(
        self, key: str, window: Window, keep: Callable[[Delivery], bool]
    ) -> tuple[Page, list[Delivery]]:
        """A page of the delivery log of a key's numbers, the newest first."""

        def wanted(delivery_id: str) -> bool:
            delivery = self._deliveries[delivery_id]
            return self._numbers[delivery.phone_number_id].key == key and keep(delivery)

        with self._lock:
            page = self._log.page(window, wanted)
            return page, [self._deliveries[each] for _, each in page.keys]

    # ---------------------------------------------------------------- ids

    def new_id(self) -> str:
        """A UUID that depends on the seed and on how many were made before."""
        with self._lock:
            return self._uuid()

    def _uuid(self) -> str:
        return str(uuid.UUID(bytes=self._random.randbytes(16), version=4))

    def _wamid(self) -> str:
        return f"wamid.{base64.b64encode(self._random.randbytes(24)).decode()}"


def _by_id(person: Person, identifier: str) -> bool:
    return identifier in (person.id, person.business_scoped_user_id)


def _by_phone(person: Person, identifier: str) -> bool:
    return _PHONE.fullmatch(identifier) is not None and person.phone == digits(identifier)


def _touched(conversation: Conversation, at: int) -> Conversation:
    return replace(
        conversation,
        last_active_at=max(conversation.last_active_at, at),
        updated_at=max(conversation.updated_at, at),
    )


def _with_message(conversation: Conversation, message: Message) -> Conversation:
    """Messages come in any order: what is newest stays newest."""
    last, inbound = conversation.last_message, message.direction == "inbound"
    return replace(
        _touched(conversation, message.at),
        created_at=min(conversation.created_at, message.at),
        last_inbound_at=_later(conversation.last_inbound_at, message.at if inbound else None),
        last_outbound_at=_later(conversation.last_outbound_at, None if inbound else message.at),
        last_message=message if last is None or message.at >= last.at else last,
        messages_count=conversation.messages_count + 1,
    )


def _later(one: int | None, other: int | None) -> int | None:
    return max((at for at in (one, other) if at is not None), default=None)
