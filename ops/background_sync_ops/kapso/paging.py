"""Cursors, and the `paging` block of a response.

A cursor holds a time and an id, as Kapso's does. A record whose time changes during a scan may be missed.
"""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from background_sync_ops.kapso.activity import Key, Page
from background_sync_ops.kapso.times import iso, parse

BY_ACTIVITY = "last_active_at"
BY_CREATION = "created_at"


class LastPage(Enum):
    """What the proxy's `paging` looks like on the last page."""

    NULL_AFTER = "cursors.after is null"
    NO_AFTER = "cursors is empty"
    NO_CURSORS = "paging is empty"
    NO_PAGING = "paging is missing"
    SET_AFTER = "cursors.after is set, and its page is empty"
    REPEATED_AFTER = "cursors.after is the one of the request, and its page is the same again"


@dataclass(frozen=True, slots=True)
class Quirks:
    """Variants of the proxy's paging. `proxy_next`: it has `next` too, which is null on the last page."""

    last_page: LastPage = LastPage.NULL_AFTER
    proxy_next: bool = False


def encode(key: Key, column: str) -> str:
    """`column` is the name of the time in the records."""
    document = {"values": [iso(key[0]), key[1]], "columns": [column, "id"]}
    return base64.b64encode(json.dumps(document, separators=(",", ":")).encode()).decode()


def decode(cursor: str, column: str) -> Key:
    """Raises ValueError for anything that `encode` did not make for the same column."""
    document = json.loads(base64.b64decode(cursor, validate=True))
    if not isinstance(document, dict) or document.get("columns") != [column, "id"]:
        raise ValueError("not a cursor of this list")
    time, item = document["values"]
    return parse(time), str(item)


def proxy_paging(
    page: Page, quirks: Quirks, asked_after: str | None, url: Callable[[str], str]
) -> dict[str, Any]:
    """The proxy's `paging`, to be merged into the response; empty if it has none.

    `asked_after` is the `after` of the request; `url` makes the URL of the page after a cursor.
    """
    if page.has_more:
        after = encode(page.keys[-1], BY_ACTIVITY)
        paging: dict[str, Any] = {"cursors": {"after": after}, "next": url(after)}
    elif quirks.last_page is LastPage.NO_PAGING:
        return {}
    else:
        paging = _last_paging(page, quirks.last_page, asked_after) | {"next": None}
    if not quirks.proxy_next:
        del paging["next"]
    return {"paging": paging}


def _last_paging(page: Page, form: LastPage, asked_after: str | None) -> dict[str, Any]:
    match form:
        case LastPage.NULL_AFTER:
            return {"cursors": {"after": None}}
        case LastPage.NO_CURSORS:
            return {}
        case LastPage.SET_AFTER if page.keys:
            return {"cursors": {"after": encode(page.keys[-1], BY_ACTIVITY)}}
        case LastPage.REPEATED_AFTER if asked_after:
            return {"cursors": {"after": asked_after}}
        case _:
            return {"cursors": {}}


def platform_paging(page: Page, column: str, url: Callable[[str], str]) -> dict[str, Any]:
    """The platform's `paging`: a cursor wherever there is a record, and `next`, which is null at the end."""
    after = encode(page.keys[-1], column) if page.keys else None
    return {
        "cursors": {"after": after} if after else {},
        "next": url(after) if after and page.has_more else None,
    }
