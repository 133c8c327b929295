"""What Kapso knows. The caller passes every time, and ids come from a seed, so a run can be repeated."""

import base64
import random
import threading
import uuid
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace

from background_sync.rules.identity import phone_digits
from background_sync_ops.kapso.activity import Activity, Page, Window
from background_sync_ops.kapso.model import (
    MESSAGE_EVENTS,
    RECEIVED,
    SENT,
    Conversation,
    Delivery,
    Direction,
    Event,
    Message,
    Person,
    Webhook,
)

Listener = Callable[[Event], None]


class KapsoStore:
    """Numbers, people, conversations, webhooks and their deliveries. It is thread-safe.

    It returns immutable records. Numbers are identified by their `phone_number_id`.
    """

    def __init__(self, seed: int = 0) -> None:
        self._random = random.Random(seed)  # noqa: S311 -- ids, not secrets
        self._lock = threading.RLock()
        self._listeners: list[Listener] = []
        self._keys: dict[str, str] = {}
        self._people: dict[str, Person] = {}
        self._conversations: dict[str, Conversation] = {}
        self._conversation_ids: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
        self._activity: defaultdict[str, Activity] = defaultdict(Activity)
        self._webhooks: dict[str, Webhook] = {}
        self._deliveries: dict[str, Delivery] = {}
        self._delivery_log = Activity()
        self.failing_checks: defaultdict[str, set[str]] = defaultdict(set)
        """By number, the checks that do not pass when Kapso asks Meta: `token_validity`, and so on."""

    # ---------------------------------------------------------------- numbers and people

    def add_number(self, phone_number_id: str, key: str) -> None:
        """Add a number of the project with this key, or change the key of a known number."""
        with self._lock:
            self._keys[phone_number_id] = key

    def has_number(self, phone_number_id: str, key: str) -> bool:
        return self._keys.get(phone_number_id) == key

    def numbers_of(self, key: str) -> list[str]:
        """The numbers of the project with this key."""
        with self._lock:
            return [phone_id for phone_id, theirs in self._keys.items() if theirs == key]

    def knows_key(self, key: str) -> bool:
        with self._lock:
            return key in self._keys.values()

    def add_person(
        self,
        phone: str | None = None,
        *,
        business_scoped_user_id: str | None = None,
        name: str | None = None,
    ) -> Person:
        """Add a person, with a phone, a business-scoped user id or both."""
        with self._lock:
            phone = None if phone is None else phone_digits(phone)
            return self._save_person(Person(self.new_id(), phone, business_scoped_user_id, name))

    def find_person(self, phone: str) -> Person | None:
        with self._lock:
            return next((each for each in self._people.values() if each.phone == phone), None)

    def rename(self, person: Person, name: str) -> Person:
        """Change a profile name. As in Kapso, no event reports it, and no conversation moves."""
        with self._lock:
            return self._save_person(replace(self._people[person.id], name=name))

    def identify_anew(self, person: Person, business_scoped_user_id: str) -> Person:
        """Give a person another business-scoped user id, as when a number changes hands."""
        with self._lock:
            known = self._people[person.id]
            return self._save_person(replace(known, business_scoped_user_id=business_scoped_user_id))

    def _save_person(self, person: Person) -> Person:
        self._people[person.id] = person
        return person

    # ---------------------------------------------------------------- conversations

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` with every event from now on. Returns a function that ends the subscription."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def message(
        self, phone_number_id: str, person: Person, direction: Direction, at: int, *, text: str = "Hello"
    ) -> Message:
        """Add a message, which may be older than others. After 24 h of silence it opens a conversation."""
        with self._lock:
            known = self.conversations(phone_number_id, person)
            current = next((each for each in reversed(known) if each.includes(at)), None)
            conversation = current or self.open_conversation(phone_number_id, person, at)
            message = Message(self._new_message_id(), conversation.id, direction, at, text)
            event = Event(
                name=RECEIVED if direction == "inbound" else SENT,
                person=self._people[person.id],
                conversation=self._save_conversation(conversation.with_message(message)),
                message=message,
                is_new_conversation=current is None,
            )
        # The lock is released, so a listener may call the store from another thread.
        for listener in tuple(self._listeners):
            listener(event)
        return message

    def open_conversation(self, phone_number_id: str, person: Person, at: int) -> Conversation:
        """Open a conversation without a message."""
        with self._lock:
            conversation = Conversation(
                id=self.new_id(),
                phone_number_id=phone_number_id,
                person_id=person.id,
                created_at=at,
                last_active_at=at,
            )
            self._conversation_ids[phone_number_id, person.id].append(conversation.id)
            return self._save_conversation(conversation)

    def delivery_receipt(self, phone_number_id: str, person: Person, at: int) -> Conversation:
        """Move `last_active_at` of the newest conversation, and no other time, as Kapso does."""
        with self._lock:
            return self._save_conversation(self.conversations(phone_number_id, person)[-1].touched(at))

    def _save_conversation(self, conversation: Conversation) -> Conversation:
        self._conversations[conversation.id] = conversation
        self._activity[conversation.phone_number_id].set_time(conversation.id, conversation.last_active_at)
        return conversation

    def conversations(self, phone_number_id: str, person: Person) -> list[Conversation]:
        """A number's conversations with a person, oldest first."""
        with self._lock:
            found = [self._conversations[each] for each in self._conversation_ids[phone_number_id, person.id]]
            return sorted(found, key=lambda each: each.created_at)

    def page_of_conversations(
        self, phone_number_id: str, window: Window
    ) -> tuple[Page, list[tuple[Conversation, Person]]]:
        """A page of a number's conversations, newest activity first, each with its person."""
        with self._lock:
            page = self._activity[phone_number_id].page(window)
            found = [self._conversations[conversation_id] for _, conversation_id in page.keys]
            return page, [(each, self._people[each.person_id]) for each in found]

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
    ) -> Webhook:
        with self._lock:
            return self._save_webhook(
                Webhook(
                    id=self.new_id(),
                    phone_number_id=phone_number_id,
                    url=url,
                    events=tuple(events),
                    active=active,
                    kind=kind,
                    secret_key=secret_key or f"wh_sec_{self._random.randbytes(12).hex()}",
                    max_batch=max_batch,
                )
            )

    def webhook(self, webhook_id: str) -> Webhook:
        """Raises KeyError."""
        return self._webhooks[webhook_id]

    def webhooks(self, phone_number_id: str) -> list[Webhook]:
        """A number's webhooks, oldest first."""
        with self._lock:
            return [each for each in self._webhooks.values() if each.phone_number_id == phone_number_id]

    def change_webhook(
        self,
        webhook_id: str,
        at: int,
        *,
        active: bool | None = None,
        events: Sequence[str] | None = None,
        secret_key: str | None = None,
    ) -> Webhook:
        """Switch a webhook on or off, or replace what it has; None changes nothing. Raises KeyError."""
        with self._lock:
            known = self._webhooks[webhook_id]
            changed = replace(
                known,
                active=known.active if active is None else active,
                events=known.events if events is None else tuple(events),
                secret_key=secret_key or known.secret_key,
                resumed_at=at if active and not known.active else known.resumed_at,
            )
            return self._save_webhook(changed)

    def _save_webhook(self, webhook: Webhook) -> Webhook:
        self._webhooks[webhook.id] = webhook
        return webhook

    # ---------------------------------------------------------------- delivery log

    def log_delivery(self, delivery: Delivery) -> None:
        """Add an entry to the delivery log, or replace the one with its id."""
        with self._lock:
            self._deliveries[delivery.id] = delivery
            self._delivery_log.set_time(delivery.id, delivery.created_at)

    def deliveries(self, phone_number_id: str) -> list[Delivery]:
        """A number's delivery log, in the order in which entries were added."""
        with self._lock:
            return [each for each in self._deliveries.values() if each.phone_number_id == phone_number_id]

    def page_of_deliveries(
        self, key: str, window: Window, matches: Callable[[Delivery], bool]
    ) -> tuple[Page, list[Delivery]]:
        """A page of the matching deliveries of a key's numbers, newest first."""

        def is_wanted(delivery_id: str) -> bool:
            delivery = self._deliveries[delivery_id]
            return self.has_number(delivery.phone_number_id, key) and matches(delivery)

        with self._lock:
            page = self._delivery_log.page(window, is_wanted)
            return page, [self._deliveries[delivery_id] for _, delivery_id in page.keys]

    # ---------------------------------------------------------------- ids

    def new_id(self) -> str:
        """A UUID from the seed."""
        with self._lock:
            return str(uuid.UUID(bytes=self._random.randbytes(16), version=4))

    def _new_message_id(self) -> str:
        return f"wamid.{base64.b64encode(self._random.randbytes(24)).decode()}"
