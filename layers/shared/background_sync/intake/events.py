"""What a webhook's body says, in the few facts that a contact needs.

Kapso's own kind  {"message", "conversation", "phone_number_id"}; in v1 "whatsapp_config" has the number
a batch of those  {"batch": true, "data": [bodies]}
the kind `meta`   {"object": "whatsapp_business_account", "entry": [{"changes": [{"field", "value"}]}]}

A message in or out is activity, whoever sent it: the API or the Business App. Receipts, history and other
system messages than a change of identity are none. Sources: Kapso's pages on webhooks (message events,
advanced, legacy), Meta's reference of the fields `messages` and `smb_message_echoes`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from background_sync.kapso.conversations import Conversation, read_id, read_name, read_phone
from background_sync.kapso.errors import InvalidResponse
from background_sync.kapso.parsing import InvalidField, read_document, read_object, read_time
from background_sync.rules.times import is_activity_time
from background_sync.rules.webhooks import NEEDED_EVENTS

CHANGES = ("user_changed_number", "user_changed_user_id")
HISTORY = "history_sync"
ECHOES = "smb_message_echoes"
Fields = Mapping[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A message from or to a person at `at` (ms); or a change of identity, if a `previous` one is known."""

    message_id: str
    at: int
    phone: str | None = None
    business_scoped_user_id: str | None = None
    profile_name: str | None = None
    previous_phone: str | None = None
    previous_user_id: str | None = None

    @property
    def is_change(self) -> bool:
        return bool(self.previous_phone or self.previous_user_id)

    def conversation(self) -> Conversation:
        """The event as a scan would see it in the list of conversations."""
        return Conversation(
            id=self.message_id,
            phone=self.phone,
            business_scoped_user_id=self.business_scoped_user_id,
            last_active_at=self.at,
            activities=(self.at,),
            created_at=None,
            profile_name=self.profile_name,
        )


@dataclass(frozen=True, slots=True)
class Reading:
    """The events of a body, and how much else it has: of no meaning here, or of another number."""

    events: tuple[Event, ...] = ()
    ignored: int = 0


def read_events(body: bytes, name: str | None, phone_id: str, now: int) -> Reading:
    """Read a body at `now` (ms) that Kapso sent about the number `phone_id` under this event name.

    One record that cannot be read is ignored, and does not affect the others.
    """
    try:
        document = read_object(read_document(body), "the body")
        records = list(_meta(document) if "entry" in document else _kapso(document, name))
    except (InvalidField, InvalidResponse):
        return Reading(ignored=1)
    events = []
    for number, record in records:
        try:
            event = _event(record, now) if number == phone_id else None
        except InvalidField:
            event = None
        events.append(event)
    known = tuple(each for each in events if each is not None)
    return Reading(known, len(events) - len(known))


@dataclass(frozen=True, slots=True)
class _Record:
    """A message with who it is with: by the conversation, else by one side of the message itself."""

    message: Fields
    person: Fields
    is_activity: bool = True


_Numbered = tuple[object, _Record]
_OTHER = _Record({}, {}, is_activity=False)


def _kapso(document: Fields, name: str | None) -> Iterator[_Numbered]:
    if document.get("batch") is True:
        data = document.get("data")
        for each in data if isinstance(data, list) else [None]:
            yield _single(_object(each), name)
    else:
        yield _single(document, name)


def _single(document: Fields, name: str | None) -> _Numbered:
    message, conversation = _object(document.get("message")), _object(document.get("conversation"))
    number = document.get("phone_number_id") or _object(document.get("whatsapp_config")).get(
        "phone_number_id"
    )
    extra = _object(message.get("kapso"))
    # In v1, the fields of `message.kapso` are the message's own.
    is_inbound = (extra.get("direction") or message.get("direction")) == "inbound"
    side = _side(message, "from" if is_inbound else "to")
    contact_name = next(
        (
            found
            for each in (_object(conversation.get("kapso")), conversation, extra, message)
            if (found := each.get("contact_name"))
        ),
        None,
    )
    person = {
        "phone_number": conversation.get("phone_number") or side["phone_number"],
        "business_scoped_user_id": conversation.get("business_scoped_user_id")
        or side["business_scoped_user_id"],
        "contact_name": contact_name,
    }
    is_new = HISTORY not in (extra.get("origin"), message.get("origin"))
    return number, _Record(message, person, is_activity=name in NEEDED_EVENTS and is_new)


def _meta(document: Fields) -> Iterator[_Numbered]:
    for entry in _list(document, "entry"):
        for change in _list(entry, "changes"):
            value = _object(change.get("value"))
            number = _object(value.get("metadata")).get("phone_number_id")
            found = [*_meta_records(value, change.get("field"))]
            yield from ((number, record) for record in found or [_OTHER])


def _meta_records(value: Fields, field: object) -> Iterator[_Record]:
    if field == ECHOES:
        yield from (_Record(each, _side(each, "to")) for each in _list(value, "message_echoes"))
    if field != "messages":
        return
    names = {}
    for contact in _list(value, "contacts"):
        for identity in (contact.get("wa_id"), contact.get("user_id")):
            if isinstance(identity, str):
                names[identity] = _object(contact.get("profile")).get("name")
    for each in _list(value, "messages"):
        person = _side(each, "from")
        known_as = (person["phone_number"], person["business_scoped_user_id"])
        found = [names[key] for key in known_as if isinstance(key, str) and key in names]
        yield _Record(each, {**person, "contact_name": next(iter(found), None)})
    for each in _list(value, "statuses"):
        # Meta does not repeat what the API sent: that it was sent is the only sign of it.
        yield _Record(each, _side(each, "recipient", "recipient_id"), each.get("status") == "sent")


def _side(message: Fields, side: str, phone: str | None = None) -> dict[str, object]:
    return {
        "phone_number": message.get(phone or side),
        "business_scoped_user_id": message.get(f"{side}_user_id"),
    }


def _event(record: _Record, now: int) -> Event | None:
    """None for what is no activity; raises `InvalidField`."""
    message = record.message
    message_id = read_id(message, "id")
    if message_id is None or not (record.is_activity or message.get("type") == "system"):
        return None
    event = Event(
        message_id=message_id,
        at=_time(message, now),
        phone=read_phone(record.person),
        business_scoped_user_id=read_id(record.person, "business_scoped_user_id"),
        profile_name=read_name(record.person),
    )
    return _change(event, message) if message.get("type") == "system" else event


def _change(event: Event, message: Fields) -> Event | None:
    """A change came from the previous identity; the conversation may have the new one already."""
    system = _object(message.get("system"))
    if system.get("type") not in CHANGES:
        return None
    user_id, before = read_id(system, "user_id"), _side(message, "from")
    previous = read_id(system, "previous_user_id") or read_id(before, "business_scoped_user_id")
    previous = previous or event.business_scoped_user_id
    return replace(
        event,
        phone=read_phone({"phone_number": system.get("wa_id")}) or event.phone,
        business_scoped_user_id=user_id,
        previous_phone=read_phone(before) or event.phone,
        previous_user_id=None if previous == user_id else previous,
    )


def _time(message: Fields, now: int) -> int:
    """When the message was written. In v1 a message may have no time: then it was written just now."""
    at = read_time(message, "timestamp") or read_time(message, "created_at") or now
    if not is_activity_time(at, now):
        raise InvalidField("timestamp cannot be true")
    return at


def _object(value: object) -> Fields:
    return value if isinstance(value, Mapping) else {}


def _list(fields: Fields, name: str) -> Iterator[Fields]:
    """The objects of a list."""
    found = fields.get(name)
    yield from map(_object, found if isinstance(found, list) else [])
