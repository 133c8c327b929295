"""One Convex document becomes a workspace or a contact, or a `BadDocument` that says what is wrong.

- null counts as missing, and so does a time of 0. Times become whole ms; those in seconds are converted.
- Fields that we know may be in camelCase or snake_case (`lastActivityAt`, `last_activity_at`). If both are
  there, camelCase wins. They must have the right type. All other fields are kept as they are.
- `_id` of a contact is kept as `convex_id`. A field named like an attribute that only sync writes
  (`activity_at`, `repaired_at`, …) is kept too, as `convex_activity_at`.
- A Kapso token is `meta_access_token` of a workspace. Other fields that look like secrets are left out.
- One of the CRM's own fields that cannot be stored is left out (`fields.py`). So are the largest ones of an
  item that is too large.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from functools import partial

from background_sync.records.contacts import STAMPS
from background_sync.records.workspaces import MEMORY
from background_sync.rules.contact import activity_index_value
from background_sync.rules.identity import (
    MAX_CONTACT_ID_BYTES,
    MAX_WORKSPACE_ID_BYTES,
    RESERVED_PREFIX,
    phone_digits,
)
from background_sync.rules.notes import is_flag
from background_sync.rules.policy import BOUNDS, VERIFY, Policy, bounds_text, read_policy, read_verify
from background_sync.rules.times import EARLIEST_ACTIVITY_MS
from background_sync.rules.values import to_int
from background_sync_ops.snapshot.fields import usable_fields
from background_sync_ops.snapshot.shape import Shape, camel_case
from background_sync_ops.snapshot.values import (
    MAX_SIZE,
    BadDocument,
    Record,
    field_sizes,
    kind,
    require_storable,
    require_type,
    wrong,
)

MAX_TOKEN_BYTES = 4096
"""The limit of a standard parameter in SSM."""
SECONDS_BELOW = 10**11


@dataclass(frozen=True, slots=True)
class Token:
    """A Kapso token. Its text is left out of every representation."""

    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Reading:
    """What a document becomes, with remarks on fields that are not stored and settings without effect."""

    record: Record = field(repr=False)
    remarks: list[BadDocument]
    token: Token | None = None


def _text(name: str, value: object) -> str:
    return require_type(name, value, str)


def _short(name: str, value: object, limit: int) -> str:
    text = _text(name, value)
    if len(text.encode("utf-8", "replace")) > limit:
        raise BadDocument(f"{name} is longer than {limit} bytes", name, kind(value))
    return text


def _key(name: str, value: object, limit: int) -> str | None:
    # DynamoDB accepts no empty key, in a table or an index.
    return _short(name, value, limit) or None


def _time(name: str, value: object) -> int | None:
    time = to_int(value)
    if time is None:
        raise wrong(name, value, "milliseconds since 1970")
    if time < 0:
        raise BadDocument(f"{name} is negative, expected milliseconds since 1970", name, kind(value))
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
        raise BadDocument(f"{name}.content is missing", f"{name}.content")
    return note


def _settings(name: str, value: object) -> Record:
    return _SETTINGS.read(require_type(name, value, dict))


def _token(name: str, value: object) -> Token | None:
    text = _short(name, value, MAX_TOKEN_BYTES)
    if not text.isprintable():
        raise BadDocument(f"{name} contains line breaks or other characters that cannot be printed")
    return Token(text) if text.strip() else None


_hash_key = partial(_key, limit=MAX_WORKSPACE_ID_BYTES)
_sort_key = partial(_key, limit=MAX_CONTACT_ID_BYTES)
_NOTE = Shape({"content": _text, "added_by": _text, "added_at": _time}, keeps_null=True)
# The rules judge the settings, run by run: an invalid one must not keep a workspace from being loaded.
_SETTINGS = Shape({each.name: lambda _, value: value for each in fields(Policy)}, keeps_null=True)
_UNJUDGED = Shape({})
_TIMES = ("last_activity_at", "last_contact_at", "flagged_at", "created_at", "updated_at", "added_at")
_TIME_SPELLINGS = (*_TIMES, *map(camel_case, _TIMES), "_creationTime")
_WORKSPACE = Shape(
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
    inner={"settings": _UNJUDGED},
)
_CONTACT = Shape(
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
    inner={"notes": _NOTE},
)


def workspace_record(document: Record, *, keep_secrets: bool = False) -> Reading:
    """A workspace, and its token, which is not in the record; raises `BadDocument`."""
    record, own, remarks = _read(document, _WORKSPACE, keep_secrets=keep_secrets)
    token = record.pop("meta_access_token", None)
    workspace_id = record.pop("_id", "")
    if not workspace_id:
        raise BadDocument("_id is missing", "_id")
    if workspace_id.startswith(RESERVED_PREFIX):
        raise BadDocument(f"_id begins with {RESERVED_PREFIX}, which is reserved", "_id", "text")
    record["workspace_id"] = workspace_id
    _set_created_at(record)
    remarks += _unusable_settings(record.get("settings", {}))
    return Reading(record, remarks + _fit(record, own), token)


def contact_record(document: Record, now: int, *, keep_secrets: bool = False) -> Reading:
    """A contact with its keys, flag time and `activity_at` at `now` (ms); raises `BadDocument`.

    Whether its workspace exists is not checked here.
    """
    record, own, remarks = _read(document, _CONTACT, keep_secrets=keep_secrets)
    if "workspace_id" not in record:
        raise BadDocument("workspace_id is missing", "workspace_id")
    record["contact_id"] = _contact_id(record)
    if "_id" in record:
        record["convex_id"] = record.pop("_id")
    _set_created_at(record)
    _set_flagged_at(record)
    record["activity_at"] = activity_index_value(record, now)
    return Reading(record, remarks + _fit(record, own))


def _read(
    document: Record, shape: Shape, *, keep_secrets: bool
) -> tuple[Record, set[str], list[BadDocument]]:
    """The record, which of its fields are the CRM's own, and what was left out."""
    usable, left_out = usable_fields(document, shape.known, keep_secrets=keep_secrets)
    record = shape.read(usable)
    return record, record.keys() - shape.checks.keys(), left_out


def _unusable_settings(settings: Record) -> Iterator[BadDocument]:
    for name in (*read_policy(settings)[1], *read_verify(settings)[1]):
        expected = " or ".join((", ".join(VERIFY[:-1]), VERIFY[-1]))
        if name in BOUNDS:
            expected = bounds_text(name)
        problem = wrong(f"settings.{name}", settings[name], expected)
        yield BadDocument(f"{problem}: it has no effect", problem.field, problem.kind)


def _fit(record: Record, own: set[str]) -> list[BadDocument]:
    """Leave out the largest of the CRM's own fields until the item is not too large; raises `BadDocument`."""
    sizes, left_out = field_sizes(record), []
    while own and sum(sizes.values()) > MAX_SIZE:
        name = max(own, key=sizes.__getitem__)
        own.remove(name)
        reason = f"{name} is about {sizes.pop(name) // 1024} KB, too large for a DynamoDB item: not stored"
        left_out.append(BadDocument(reason, name, kind(record.pop(name))))
    require_storable(record)
    return left_out


def _contact_id(record: Record) -> str:
    for name in ("phone_normalized", "phone"):
        if found := phone_digits(record.get(name, "")):
            return _short(name, found, MAX_CONTACT_ID_BYTES)
    if "business_scoped_user_id" in record:
        return str(record["business_scoped_user_id"])
    raise BadDocument("neither a phone number nor a business_scoped_user_id", "phone")


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
