"""Reading Kapso's responses. Any value in them may have any type."""

import json
import math
import re
from collections.abc import Collection, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from background_sync.kapso.errors import InvalidPhoneId, InvalidResponse

_PHONE_ID = re.compile(r"[0-9]{1,32}")
_CURSOR = re.compile(r"[\x21-\x7e]{1,2048}")
_MAX_INTEGER_LENGTH = 30
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# 9 to 11 digits are seconds (from 1973 on), 12 to 14 digits are ms.
_NUMBER = re.compile(r"(?:0|[0-9]{9,14})(?:\.[0-9]{1,9})?")
_SECONDS_BELOW = 10**11


class InvalidField(ValueError):
    """A field has a value that cannot be used. The message names the field but does not quote the value."""


def is_phone_id(text: str) -> bool:
    """Whether a text can be the id of one of the business's numbers: a row of digits."""
    return _PHONE_ID.fullmatch(text) is not None


def validate_phone_id(phone_id: str) -> str:
    """The id of one of the business's numbers, safe in a URL; raises `InvalidPhoneId`."""
    if not is_phone_id(phone_id):
        # What stands in the field may be a key that was put into the wrong one, so it is never quoted.
        raise InvalidPhoneId(f"the phone id is not a row of digits but text of {len(phone_id)} characters")
    return phone_id


def read_document(content: bytes, only_fields: Collection[str] | None = None) -> object:
    """Parse JSON. With `only_fields`, the parser drops every field with another name, at every depth.

    Raises:
        InvalidResponse: it is not JSON. The parser's own error is not chained, because it holds the content.
    """

    def object_of(pairs: list[tuple[str, object]]) -> dict[str, object]:
        return {name: value for name, value in pairs if only_fields is None or name in only_fields}

    with suppress(ValueError, RecursionError):
        document: object = json.loads(content, object_pairs_hook=object_of, parse_int=_parse_int)
        return document
    raise InvalidResponse("Kapso's answer is not JSON")


def _parse_int(text: str) -> int | float:
    # Python refuses to read integers of thousands of digits. One such field must not cost the whole response.
    return int(text) if len(text) <= _MAX_INTEGER_LENGTH else float(text)


def read_records(document: object, *, phone_id: str | None = None) -> list[object]:
    """The list under `data`.

    Raises:
        InvalidResponse: there is no such list, or a record belongs to another number than `phone_id`.
    """
    data = document.get("data") if isinstance(document, Mapping) else None
    if not isinstance(data, list):
        raise InvalidResponse("Kapso's answer has no list under data")
    numbers = [record.get("phone_number_id") for record in data if isinstance(record, Mapping)]
    if phone_id is not None and any(isinstance(each, str) and each != phone_id for each in numbers):
        raise InvalidResponse(f"Kapso's answer about number {phone_id} has data of another number")
    return data


def next_cursor(document: object, seen: Collection[str], *, is_full: bool = False) -> str | None:
    """The cursor of the next page; None at the end of the list. The page must have records.

    A list ends in one of several ways: without a cursor, with null, with a cursor of `seen`, or with a `next`
    that is null. The last page may still have a cursor.

    Raises:
        InvalidResponse: the paging has a wrong shape, or a full page has a cursor of `seen`: that is no end.
    """
    paging = _object_under("paging", document)
    after = _object_under("cursors", paging).get("after")
    if after in (None, "") or paging.get("next", "") is None:
        return None
    if after in (*seen,):
        if is_full:
            raise InvalidResponse("a full page in Kapso's answer repeats a cursor")
        return None
    if not isinstance(after, str) or not _CURSOR.fullmatch(after):
        raise InvalidResponse("the cursor in Kapso's answer is invalid")
    return after


def _object_under(name: str, document: object) -> Mapping[str, object]:
    value = document.get(name) if isinstance(document, Mapping) else None
    if value is not None and not isinstance(value, Mapping):
        raise InvalidResponse(f"{name} in Kapso's answer is not an object")
    return value or {}


def read_object(value: object, what: str) -> Mapping[str, object]:
    """Raises `InvalidField`."""
    if not isinstance(value, Mapping):
        raise InvalidField(f"{what} is not an object")
    return value


def read_text(record: Mapping[str, object], name: str) -> str | None:
    """A text, or None if it is missing, null or empty; raises `InvalidField`.

    An unpaired surrogate becomes "?": JSON can hold one, but UTF-8 cannot.
    """
    value = record.get(name)
    if value is not None and not isinstance(value, str):
        raise InvalidField(f"{name} is not text")
    return value.encode(errors="replace").decode() if value else None


def read_time(record: Mapping[str, object], name: str) -> int | None:
    """A time in ms, or None if it is missing, null or empty; raises `InvalidField`."""
    try:
        return parse_time(record.get(name))
    except InvalidField as error:
        raise InvalidField(f"{name} {error}") from None


def parse_time(value: object) -> int | None:
    """A time in whole ms since the epoch, rounded down; None for null, "" and 0.

    The value may be ISO 8601 with `Z` or an offset, or seconds or ms since the epoch, as a number or as text.

    Raises:
        InvalidField: it is none of these, has no time zone, or lies before the epoch.
    """
    if value is None or value == "":
        return None
    text = value if isinstance(value, str) else _number_as_text(value)
    return (_from_number(Decimal(text)) if _NUMBER.fullmatch(text) else _from_iso(text)) or None


def _number_as_text(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 10**14:
        raise InvalidField("is not a time")
    return repr(value)


def _from_number(number: Decimal) -> int:
    return math.floor(number * 1000 if number < _SECONDS_BELOW else number)


def _from_iso(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidField("is not a time") from None
    if moment.tzinfo is None:
        raise InvalidField("has no time zone")
    ms = (moment - _EPOCH) // timedelta(milliseconds=1)
    if ms < 0:
        raise InvalidField("is before the epoch")
    return ms


def iso_since(ms: int) -> str:
    """A lower bound in whole seconds, not later than `ms`."""
    return _iso(ms // 1000)


def iso_until(ms: int) -> str:
    """An upper bound in whole seconds, not earlier than `ms`."""
    return _iso(-(-ms // 1000))


def _iso(seconds: int) -> str:
    return (_EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
