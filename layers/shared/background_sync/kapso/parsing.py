"""Reading Kapso's answers: documents, lists, cursors, fields and times, any of which may be of any type."""

import json
import math
import re
from collections.abc import Collection, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from background_sync.kapso.errors import InvalidPhoneId, InvalidResponse

_CURSOR = re.compile(r"[\x21-\x7e]{1,2048}")
_PHONE_ID = re.compile(r"[0-9]{1,32}")
_LONGEST_NUMBER = 30


def checked_phone_id(phone_id: str) -> str:
    """The id of one of the business's numbers, fit for a URL; raises `InvalidPhoneId`."""
    if not _PHONE_ID.fullmatch(phone_id):
        raise InvalidPhoneId(f"phone id {phone_id!r} is no row of digits")
    return phone_id


def read_document(content: bytes, only: Collection[str] | None = None) -> object:
    """Parse an answer. With `only`, fields of other names are dropped, at every depth, before anything else
    sees the object that holds them.

    Raises:
        InvalidResponse: it is no JSON. The parser's own error is not kept, for it carries the whole answer.
    """

    def kept(pairs: list[tuple[str, object]]) -> dict[str, object]:
        return {name: value for name, value in pairs if only is None or name in only}

    with suppress(ValueError, RecursionError):
        document: object = json.loads(content, object_pairs_hook=kept, parse_int=_number)
        return document
    raise InvalidResponse("Kapso's answer is no JSON")


def _number(text: str) -> int | float:
    """An integer; one that Python would refuse to read must not cost the whole answer."""
    return int(text) if len(text) <= _LONGEST_NUMBER else float(text)


def read_records(document: object) -> list[object]:
    """What is listed under `data`; raises `InvalidResponse` without such a list."""
    data = document.get("data") if isinstance(document, Mapping) else None
    if not isinstance(data, list):
        raise InvalidResponse("Kapso's answer has no list of data")
    return data


def refuse_other_number(records: list[object], phone_id: str) -> None:
    """Raises `InvalidResponse` when one of the records is another number's."""
    if any(_is_of_another(record, phone_id) for record in records):
        raise InvalidResponse(f"Kapso's answer about number {phone_id} tells of another number")


def _is_of_another(record: object, phone_id: str) -> bool:
    named = record.get("phone_number_id") if isinstance(record, Mapping) else None
    return isinstance(named, str) and named != phone_id


def next_cursor(document: object, known: Collection[str]) -> str | None:
    """Where a list with data goes on; None at its end.

    The end shows in many ways: no cursor or a null one, one that was `known` before, a `next` that is null. A
    cursor alone promises nothing, for the last page may have one too.

    Raises:
        InvalidResponse: the paging has none of these shapes.
    """
    paging = _object_under("paging", document)
    after = _object_under("cursors", paging).get("after")
    if after in (None, "", *known) or paging.get("next", "") is None:
        return None
    if not isinstance(after, str) or not _CURSOR.fullmatch(after):
        raise InvalidResponse("the cursor in Kapso's answer is no cursor")
    return after


def _object_under(name: str, document: object) -> Mapping[str, object]:
    found = document.get(name) if isinstance(document, Mapping) else None
    if found is not None and not isinstance(found, Mapping):
        raise InvalidResponse(f"the {name} in Kapso's answer is no object")
    return found or {}


def read_object(value: object, what: str) -> Mapping[str, object]:
    """An object; raises `Unreadable`."""
    if not isinstance(value, Mapping):
        raise Unreadable(f"{what} is no object")
    return value


def read_text(record: Mapping[str, object], name: str) -> str | None:
    """A text, None where it is missing, null or empty; raises `Unreadable`.

    Half a surrogate pair, which JSON can hold and nothing else can write, becomes "?".
    """
    value = record.get(name)
    if value is not None and not isinstance(value, str):
        raise Unreadable(f"{name} is no text")
    return value.encode(errors="replace").decode() if value else None


def read_time(record: Mapping[str, object], name: str) -> int | None:
    """An instant in ms, None where it is missing, null or empty; raises `Unreadable`."""
    try:
        return instant(record.get(name))
    except Unreadable as error:
        raise Unreadable(f"{name} {error}") from None


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NUMBER = re.compile(r"(?:0|[0-9]{9,14})(?:\.[0-9]{1,9})?")
"""A bare number: too long for seconds, it is ms. Shorter ones are no time since 1973."""
_SECONDS_BELOW = 10**11


class Unreadable(ValueError):
    """A value that is no instant, or no text; the message says what is wrong with it, not what it is."""


def instant(value: object) -> int | None:
    """Whole ms since the epoch, rounded down; None for null, "", and the epoch itself: a 0 is no time.

    Read are ISO 8601 with `Z` or an offset, and bare seconds or ms since the epoch, as number or text.

    Raises:
        Unreadable: it is none of them, or without a time zone.
    """
    if value is None or value == "":
        return None
    text = value if isinstance(value, str) else _digits(value)
    return (_from_number(Decimal(text)) if _NUMBER.fullmatch(text) else _from_iso(text)) or None


def _digits(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 10**14:
        raise Unreadable("is no time")
    return repr(value)


def _from_number(number: Decimal) -> int:
    return math.floor(number * 1000 if number < _SECONDS_BELOW else number)


def _from_iso(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Unreadable("is no time") from None
    if moment.tzinfo is None:
        raise Unreadable("has no time zone")
    ms = (moment - _EPOCH) // timedelta(milliseconds=1)
    if ms < 0:
        raise Unreadable("is before the epoch")
    return ms


def iso_since(ms: int) -> str:
    """A lower bound for Kapso, in whole seconds, not later than `ms`."""
    return _iso(ms // 1000)


def iso_until(ms: int) -> str:
    """An upper bound for Kapso, in whole seconds, not earlier than `ms`."""
    return _iso(-(-ms // 1000))


def _iso(seconds: int) -> str:
    return (_EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
