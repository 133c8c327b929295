"""Cursors, and the paging block of an answer.

A cursor names a place by time and id, as Kapso's does: what moves while one pages may not be met at all.
"""

import base64
import json
from collections.abc import Callable
from typing import Any

from background_sync_ops.kapso.activity import Key, Page
from background_sync_ops.kapso.quirks import LastPage, Quirks
from background_sync_ops.kapso.times import first_ms, iso

BY_ACTIVITY = "last_active_at"
BY_CREATION = "created_at"


def encode(key: Key, column: str) -> str:
    """A place as an opaque cursor; `column` is the name of its time."""
    document = {"values": [iso(key[0]), key[1]], "columns": [column, "id"]}
    return base64.b64encode(json.dumps(document, separators=(",", ":")).encode()).decode()


def decode(cursor: str, column: str) -> Key:
    """The place that a cursor names. Raises ValueError for anything that `encode` did not make."""
    document = json.loads(base64.b64decode(cursor, validate=True))
    if not isinstance(document, dict) or document.get("columns") != [column, "id"]:
        raise ValueError("not a cursor of this list")
    time, item = document["values"]
    return first_ms(time), str(item)


def proxy_paging(
    page: Page, quirks: Quirks, asked: str | None, url: Callable[..., str]
) -> dict[str, dict[str, Any]]:
    """The proxy's `paging`, as a document to merge into the answer. `asked`: the `after` that was asked with.

    `url` makes the address of a page from a cursor: url(after=...).
    """
    cursors: dict[str, Any] = {}
    if page.newer and page.keys:
        cursors["before"] = encode(page.keys[0], BY_ACTIVITY)
    paging: dict[str, Any] = {"cursors": cursors}
    if page.older:
        cursors["after"] = encode(page.keys[-1], BY_ACTIVITY)
    else:
        _end(paging, page, quirks.last_page, asked)
    if quirks.proxy_next:
        paging |= _links(page, BY_ACTIVITY, url)
    hidden = not page.older and quirks.last_page is LastPage.NO_PAGING
    return {} if hidden else {"paging": paging}


def _end(paging: dict[str, Any], page: Page, form: LastPage, asked: str | None) -> None:
    match form:
        case LastPage.NULL_AFTER:
            paging["cursors"]["after"] = None
        case LastPage.NO_CURSORS:
            del paging["cursors"]
        case LastPage.SET_AFTER if page.keys:
            paging["cursors"]["after"] = encode(page.keys[-1], BY_ACTIVITY)
        case LastPage.REPEATED_AFTER if asked:
            paging["cursors"]["after"] = asked
        case _:
            pass


def platform_paging(page: Page, column: str, quirks: Quirks, url: Callable[..., str]) -> dict[str, Any]:
    """The platform's `paging`: cursors wherever there is a record, and `next` null at the end."""
    cursors = (
        {"before": encode(page.keys[0], column), "after": encode(page.keys[-1], column)} if page.keys else {}
    )
    return {"cursors": cursors} | (_links(page, column, url) if quirks.platform_next else {})


def _links(page: Page, column: str, url: Callable[..., str]) -> dict[str, str | None]:
    older, newer = page.older and page.keys, page.newer and page.keys
    return {
        "next": url(after=encode(page.keys[-1], column)) if older else None,
        "previous": url(before=encode(page.keys[0], column)) if newer else None,
    }
