"""One Convex document: a workspace or a contact of ours, or what is wrong with it.

- null is absent, and so is a time of 0; times become whole ms.
- Fields that we know may be spelled either way (`lastActivityAt`, `last_activity_at`); where both are there
  the first wins. They must be of the right type. Every other field is kept as it is, whatever it is.
- `_id` of a contact is kept as `convex_id`. A field with the name of an attribute that only sync writes
  (`activity_at`, `audited_at`, …) is kept too, with `convex_` before its name.
- A token may stand in one place only: `meta_access_token` of a workspace.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from decimal import Decimal

from background_sync.records.contacts import STAMPS
from background_sync.records.workspaces import MEMORY
from background_sync.rules.contact import activity_index_value
from background_sync.rules.identity import RESERVED_PREFIX, digits
from background_sync.rules.notes import is_flag
from background_sync.rules.policy import Policy
from background_sync_ops.snapshot.values import BadDocument, Record, kind, require_storable

MAX_HASH_KEY_BYTES = 2048
MAX_SORT_KEY_BYTES = 1024
MAX_TOKEN_BYTES = 4096
"""Of a standard parameter in SSM."""
OUR_SETTINGS = tuple(each.name for each in fields(Policy))
TOKEN_FIELDS = frozenset({"meta_access_token", "metaAccessToken"})

Check = Callable[[str, object], object | None]
"""Takes a field's name and value; the value to keep, or None for absent. Raises `BadDocument`."""


@dataclass(frozen=True, slots=True)
class Token:
    """A Kapso token, which shows itself nowhere."""

    text: str = field(repr=False)


# ---------------------------------------------------------------- checks


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise BadDocument(f"{name} is {kind(value)}, not a text")
    return value


def _hash_key(name: str, value: object) -> str | None:
    """DynamoDB takes no empty key, neither of a table nor of an index."""
    return _short(name, _text(name, value), MAX_HASH_KEY_BYTES) or None


def _sort_key(name: str, value: object) -> str | None:
    return _short(name, _text(name, value), MAX_SORT_KEY_BYTES) or None


def _short(name: str, key: str, limit: int) -> str:
    if len(key.encode("utf-8", "replace")) > limit:
        raise BadDocument(f"{name} is longer than {limit} bytes")
    return key


def _time(name: str, value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise BadDocument(f"{name} is {kind(value)}, not a time in ms")
    if value < 0:
        raise BadDocument(f"{name} is a time before 1970")
    return int(value) or None


def _notes(name: str, value: object) -> list[Record]:
    if not isinstance(value, list):
        raise BadDocument(f"{name} is {kind(value)}, not a list")
    return [_note(f"{name}[{position}]", note) for position, note in enumerate(value)]


def _note(name: str, value: object) -> Record:
    if not isinstance(value, dict):
        raise BadDocument(f"{name} is {kind(value)}, not an object")
    note = _NOTE.read(value, name + ".")
    if "content" not in note:
        raise BadDocument(f"{name} has no content")
    return note


def _settings(name: str, value: object) -> Record:
    if not isinstance(value, dict):
        raise BadDocument(f"{name} is {kind(value)}, not an object")
    return _SETTINGS.read(value, name + ".")


def _token(name: str, value: object) -> Token | None:
    token = _text(name, value)
    if not token.isprintable():
        raise BadDocument(f"{name} has characters that no token has")
    return Token(_short(name, token, MAX_TOKEN_BYTES)) if token.strip() else None


def _anything(_: str, value: object) -> object:
    return value


# ---------------------------------------------------------------- shapes


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


@dataclass(frozen=True)
class _Shape:
    """The fields that we know of an object, and those that are kept under another name."""

    checks: Mapping[str, Check]
    renamed: Mapping[str, str]
    keeps_null: bool = False
    aliases: Mapping[str, str] = field(init=False)

    def __post_init__(self) -> None:
        spelled = {_camel(name): name for name in self.checks if not name.startswith("_")}
        aliases = {camel: name for camel, name in spelled.items() if camel != name}
        object.__setattr__(self, "aliases", aliases)

    def read(self, given: Record, place: str = "") -> Record:
        """The fields under our names, those of ours checked; `place` goes before a name in a reason."""
        record: Record = {}
        for spelling in sorted(given, key=self.aliases.__contains__):  # camelCase last, so that it wins
            name = self.aliases.get(spelling, self.renamed.get(spelling, spelling))
            value = self._value(name, place + spelling, given[spelling])
            if value is not None or (self.keeps_null and name not in self.checks):
                record[name] = value
        return record

    def _value(self, name: str, spelling: str, value: object) -> object | None:
        check = self.checks.get(name)
        return value if value is None or check is None else check(spelling, value)


def _kept(*names: str) -> dict[str, str]:
    return {name: f"convex_{name}" for name in names}


_CREATION = "_creationTime"
_NOTE = _Shape({"content": _text, "added_by": _text, "added_at": _time}, {}, keeps_null=True)
_SETTINGS = _Shape(dict.fromkeys(OUR_SETTINGS, _anything), {}, keeps_null=True)
_WORKSPACE = _Shape(
    {
        "_id": _hash_key,
        _CREATION: _time,
        "name": _text,
        "slug": _text,
        "kapso_phone_id": _text,
        "kapso_token_parameter": _text,
        "meta_access_token": _token,
        "settings": _settings,
        "created_at": _time,
        "updated_at": _time,
    },
    _kept("workspace_id", *MEMORY),
)
_CONTACT = _Shape(
    {
        "_id": _text,
        _CREATION: _time,
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
    _kept("contact_id", "activity_at", "behind_at", "reported_at", *STAMPS),
)

# ---------------------------------------------------------------- records


def workspace_record(document: Record) -> tuple[Record, Token | None]:
    """A workspace and its token, which is not in the record.

    Raises:
        BadDocument: it cannot be loaded.
    """
    record = _WORKSPACE.read(document)
    token = record.pop("meta_access_token", None)
    _date(record)
    record = {"workspace_id": _workspace_id(record.pop("_id", "")), **record}
    _require_storable(record)
    return record, token


def contact_record(document: Record) -> Record:
    """A contact with its keys, flag time and `activity_at`; nobody has looked for its workspace yet.

    Raises:
        BadDocument: it cannot be loaded.
    """
    record = _CONTACT.read(document)
    if "workspace_id" not in record:
        raise BadDocument("no workspace")
    _date(record)
    record["contact_id"] = _contact_id(record)
    if "_id" in record:
        record["convex_id"] = record.pop("_id")
    _set_flag_time(record)
    record["activity_at"] = activity_index_value(record)
    _require_storable(record)
    return record


def _date(record: Record) -> None:
    created_at = record.pop(_CREATION, None)
    if created_at is not None:
        record.setdefault("created_at", created_at)


def _workspace_id(given: str) -> str:
    if not given:
        raise BadDocument("no _id")
    if given.startswith(RESERVED_PREFIX):
        raise BadDocument(f"_id begins with {RESERVED_PREFIX}, which is reserved")
    return given


def _contact_id(record: Record) -> str:
    for name in ("phone_normalized", "phone"):
        if found := digits(record.get(name, "")):
            return _short(name, found, MAX_SORT_KEY_BYTES)
    if "business_scoped_user_id" in record:
        return str(record["business_scoped_user_id"])
    raise BadDocument("no phone")


def _set_flag_time(record: Record) -> None:
    """The newest flag among the notes says when the contact was flagged, so that a cooldown goes on."""
    times = [note.get("added_at", 0) for note in record.get("notes", ()) if _is_flag(note)]
    flagged_at = max([record.get("flagged_at", 0), *times])
    if flagged_at:
        record["flagged_at"] = flagged_at


def _is_flag(note: Record) -> bool:
    return is_flag(note["content"], note.get("added_by"))


def _require_storable(record: Record) -> None:
    require_storable(record)  # first: what is nested without end ends there
    _refuse_tokens(record)


def _refuse_tokens(value: object) -> None:
    """No token may reach a table by another way than its own."""
    if isinstance(value, dict):
        for name in TOKEN_FIELDS.intersection(value):
            raise BadDocument(f"{name} where no token belongs")
        _refuse_tokens(list(value.values()))
    elif isinstance(value, list):
        for each in value:
            _refuse_tokens(each)
