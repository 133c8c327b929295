"""One Convex document becomes a workspace or a contact, or a `BadDocument` that says what is wrong.

- null counts as missing, and so does a time of 0. Times become whole ms; those in seconds are converted.
- Fields that we know may be in camelCase or snake_case (`lastActivityAt`, `last_activity_at`). If both are
  there, camelCase wins. They must have the right type. All other fields are kept as they are.
- `_id` of a contact is kept as `convex_id`. A field named like an attribute that only sync writes
  (`activity_at`, `repaired_at`, …) is kept too, as `convex_activity_at`.
- A token is allowed in one place only: `meta_access_token` of a workspace.
"""

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property, partial

from background_sync.records.contacts import STAMPS
from background_sync.records.workspaces import MEMORY
from background_sync.rules.contact import activity_index_value
from background_sync.rules.identity import RESERVED_PREFIX, phone_digits
from background_sync.rules.notes import is_flag
from background_sync.rules.policy import Policy
from background_sync.rules.times import EARLIEST_ACTIVITY_MS
from background_sync.rules.values import to_int
from background_sync_ops.snapshot.values import BadDocument, Record, kind, require_storable, require_type

MAX_HASH_KEY_BYTES = 2048
MAX_SORT_KEY_BYTES = 1024
MAX_TOKEN_BYTES = 4096
"""The limit of a standard parameter in SSM."""
SECONDS_BELOW = 10**11
TOKEN_FIELDS = frozenset({"meta_access_token", "metaAccessToken"})

Check = Callable[[str, object], object | None]
"""Takes a field's name and value; returns the value to keep, or None if it counts as missing.

Raises `BadDocument`.
"""


@dataclass(frozen=True, slots=True)
class Token:
    """A Kapso token. Its text is left out of every representation."""

    text: str = field(repr=False)


def _text(name: str, value: object) -> str:
    return require_type(name, value, str)


def _short(name: str, value: object, limit: int) -> str:
    text = _text(name, value)
    if len(text.encode("utf-8", "replace")) > limit:
        raise BadDocument(f"{name} is longer than {limit} bytes")
    return text


def _key(name: str, value: object, limit: int) -> str | None:
    # DynamoDB accepts no empty key, in a table or an index.
    return _short(name, value, limit) or None


def _time(name: str, value: object) -> int | None:
    time = to_int(value)
    if time is None:
        raise BadDocument(f"{name} is {kind(value)}, expected milliseconds since 1970")
    if time < 0:
        raise BadDocument(f"{name} is negative, expected milliseconds since 1970")
    return (to_int(value * 1000) if _is_seconds(value) else time) or None  # type: ignore[operator]


def _is_seconds(value: object) -> bool:
    """Whether a number is a time in seconds, as in WhatsApp's own records: in ms, it would be before 1974."""
    number = to_int(value)
    return number is not None and EARLIEST_ACTIVITY_MS // 1000 <= number < SECONDS_BELOW


def has_seconds(document: Record) -> bool:
    """Whether a document has a time in seconds: reading it makes milliseconds of it."""
    notes = document.get("notes")
    listed = notes if isinstance(notes, list) else []
    objects = [document, *(each for each in listed if isinstance(each, dict))]
    return any(_is_seconds(each.get(name)) for each in objects for name in _TIME_SPELLINGS)


def _notes(name: str, value: object) -> list[Record]:
    notes = require_type(name, value, list)
    return [_note(f"{name}[{position}]", note) for position, note in enumerate(notes)]


def _note(name: str, value: object) -> Record:
    note = _NOTE.read(require_type(name, value, dict), name + ".")
    if "content" not in note:
        raise BadDocument(f"{name}.content is missing")
    return note


def _settings(name: str, value: object) -> Record:
    return _SETTINGS.read(require_type(name, value, dict))


def _token(name: str, value: object) -> Token | None:
    text = _short(name, value, MAX_TOKEN_BYTES)
    if not text.isprintable():
        raise BadDocument(f"{name} contains line breaks or other characters that cannot be printed")
    return Token(text) if text.strip() else None


@dataclass(frozen=True)
class _Shape:
    """The fields that we know of an object. `reserved` names are kept with `convex_` before them."""

    checks: Mapping[str, Check]
    reserved: Collection[str] = ()
    keeps_null: bool = False

    @cached_property
    def _names(self) -> Mapping[str, str]:
        """The names by their camelCase spellings, where those differ."""
        spellings = {_camel_case(name): name for name in self.checks}
        return {spelling: name for spelling, name in spellings.items() if spelling != name}

    def read(self, given: Record, prefix: str = "") -> Record:
        """The fields by our names, checked. `prefix` stands before a field's name in errors."""
        record: Record = {}
        # camelCase comes last, so that it wins.
        for spelling in sorted(given, key=self._names.__contains__):
            name = self._names.get(spelling, spelling)
            name = f"convex_{name}" if name in self.reserved else name
            value, check = given[spelling], self.checks.get(name)
            if value is not None and check is not None:
                value = check(prefix + spelling, value)
            if value is not None or (self.keeps_null and check is None):
                record[name] = value
        return record


def _camel_case(name: str) -> str:
    return re.sub(r"(?<=[a-z])_([a-z])", lambda match: match[1].upper(), name)


_hash_key = partial(_key, limit=MAX_HASH_KEY_BYTES)
_sort_key = partial(_key, limit=MAX_SORT_KEY_BYTES)
_NOTE = _Shape({"content": _text, "added_by": _text, "added_at": _time}, keeps_null=True)
# The rules judge the settings, run by run: an invalid one must not keep a workspace from being loaded.
_SETTINGS = _Shape({each.name: lambda _, value: value for each in fields(Policy)}, keeps_null=True)
_TIMES = ("last_activity_at", "last_contact_at", "flagged_at", "created_at", "updated_at", "added_at")
_TIME_SPELLINGS = (*_TIMES, *map(_camel_case, _TIMES), "_creationTime")
_WORKSPACE = _Shape(
    {
        "_id": _hash_key,
        "_creationTime": _time,
        "name": _text,
        "slug": _text,
        "kapso_phone_id": _text,
        "kapso_token_parameter": _text,
        "meta_access_token": _token,
        "settings": _settings,
        "created_at": _time,
        "updated_at": _time,
    },
    reserved=("workspace_id", *MEMORY),
)
_CONTACT = _Shape(
    {
        "_id": _text,
        "_creationTime": _time,
        "workspace_id": _hash_key,
        "phone": _text,
        "phone_normalized": _text,
        "business_scoped_user_id": _sort_key,
        "name": _text,
        "kapso_name": _text,
        "lead_status": _text,
        "notes": _notes,
        "last_activity_at": _time,
        "last_contact_at": _time,
        "flagged_at": _time,
        "created_at": _time,
        "updated_at": _time,
    },
    reserved=("contact_id", "activity_at", "behind_at", "reported_at", *STAMPS),
)


def workspace_record(document: Record) -> tuple[Record, Token | None]:
    """A workspace, and its token, which is not in the record; raises `BadDocument`."""
    record = _WORKSPACE.read(document)
    token = record.pop("meta_access_token", None)
    workspace_id = record.pop("_id", "")
    if not workspace_id:
        raise BadDocument("_id is missing")
    if workspace_id.startswith(RESERVED_PREFIX):
        raise BadDocument(f"_id begins with {RESERVED_PREFIX}, which is reserved")
    record["workspace_id"] = workspace_id
    _set_created_at(record)
    _require_storable(record)
    return record, token


def contact_record(document: Record, now: int) -> Record:
    """A contact with its keys, flag time and `activity_at` at `now` (ms); raises `BadDocument`.

    Whether its workspace exists is not checked here.
    """
    record = _CONTACT.read(document)
    if "workspace_id" not in record:
        raise BadDocument("workspace_id is missing")
    record["contact_id"] = _contact_id(record)
    if "_id" in record:
        record["convex_id"] = record.pop("_id")
    _set_created_at(record)
    _set_flagged_at(record)
    record["activity_at"] = activity_index_value(record, now)
    _require_storable(record)
    return record


def _contact_id(record: Record) -> str:
    for name in ("phone_normalized", "phone"):
        if found := phone_digits(record.get(name, "")):
            return _short(name, found, MAX_SORT_KEY_BYTES)
    if "business_scoped_user_id" in record:
        return str(record["business_scoped_user_id"])
    raise BadDocument("neither a phone number nor a business_scoped_user_id")


def _set_created_at(record: Record) -> None:
    created_at = record.pop("_creationTime", None)
    if created_at is not None:
        record.setdefault("created_at", created_at)


def _set_flagged_at(record: Record) -> None:
    # The newest flag among the notes says when the contact was flagged, so that its cooldown continues.
    flags = [note for note in record.get("notes", ()) if is_flag(note["content"], note.get("added_by"))]
    flagged_at = max([record.get("flagged_at", 0), *(flag.get("added_at", 0) for flag in flags)])
    if flagged_at:
        record["flagged_at"] = flagged_at


def _require_storable(record: Record) -> None:
    # The size comes first: it also limits the depth, which the search for tokens relies on.
    require_storable(record)
    _reject_tokens(record)


def _reject_tokens(value: object) -> None:
    """No token may get into a table inside another field."""
    if isinstance(value, dict):
        for name in TOKEN_FIELDS.intersection(value):
            raise BadDocument(f"{name} is only allowed at the top level of a workspace")
        _reject_tokens(list(value.values()))
    elif isinstance(value, list):
        for each in value:
            _reject_tokens(each)
