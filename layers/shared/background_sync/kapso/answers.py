"""The shapes that Kapso's answers share: a document, a list of records, a cursor."""

import json
import re
from collections.abc import Collection, Mapping
from contextlib import suppress

from background_sync.kapso.errors import InvalidPhoneId, Nonsense

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
        Nonsense: it is no JSON. The parser's own error is not kept, for it carries the whole answer.
    """

    def kept(pairs: list[tuple[str, object]]) -> dict[str, object]:
        return {name: value for name, value in pairs if only is None or name in only}

    with suppress(ValueError, RecursionError):
        document: object = json.loads(content, object_pairs_hook=kept, parse_int=_number)
        return document
    raise Nonsense("Kapso's answer is no JSON")


def _number(text: str) -> int | float:
    """An integer; one that Python would refuse to read must not cost the whole answer."""
    return int(text) if len(text) <= _LONGEST_NUMBER else float(text)


def read_records(document: object) -> list[object]:
    """What is listed under `data`; raises `Nonsense` without such a list."""
    data = document.get("data") if isinstance(document, Mapping) else None
    if not isinstance(data, list):
        raise Nonsense("Kapso's answer has no list of data")
    return data


def refuse_other_number(records: list[object], phone_id: str) -> None:
    """Raises `Nonsense` when one of the records is another number's."""
    if any(_is_of_another(record, phone_id) for record in records):
        raise Nonsense(f"Kapso's answer about number {phone_id} tells of another number")


def _is_of_another(record: object, phone_id: str) -> bool:
    named = record.get("phone_number_id") if isinstance(record, Mapping) else None
    return isinstance(named, str) and named != phone_id


def next_cursor(document: object, known: Collection[str]) -> str | None:
    """Where a list with data goes on; None at its end.

    The end shows in many ways: no cursor or a null one, one that was `known` before, a `next` that is null. A
    cursor alone promises nothing, for the last page may have one too.

    Raises:
        Nonsense: the paging has none of these shapes.
    """
    paging = _object_under("paging", document)
    after = _object_under("cursors", paging).get("after")
    if after in (None, "", *known) or paging.get("next", "") is None:
        return None
    if not isinstance(after, str) or not _CURSOR.fullmatch(after):
        raise Nonsense("the cursor in Kapso's answer is no cursor")
    return after


def _object_under(name: str, document: object) -> Mapping[str, object]:
    found = document.get(name) if isinstance(document, Mapping) else None
    if found is not None and not isinstance(found, Mapping):
        raise Nonsense(f"the {name} in Kapso's answer is no object")
    return found or {}
