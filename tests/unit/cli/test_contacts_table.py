"""A workspace's contacts as a table."""

import io
from decimal import Decimal
from typing import Any

from background_sync.rules.policy import HOUR_MS, Policy
from background_sync_ops.cli.contacts import print_contacts
from background_sync_ops.cli.output import console
from background_sync_ops.contacts import ContactList, Judge

NOW = 1_767_261_600_000
JUDGE = Judge(NOW, Policy())


def printed(*records: dict[str, Any], total: int | None = None) -> str:
    documents = [JUDGE.document({"contact_id": "628", **record}) for record in records]
    out = io.StringIO()
    narrow = console()
    narrow.file, narrow.width = out, 80
    print_contacts(narrow, ContactList("acme", JUDGE, documents, total or len(documents), 1))
    return out.getvalue()


def note(content: object, added_at: object = NOW) -> dict[str, object]:
    return {"content": content, "added_by": "x", "added_at": added_at}


HOSTILE = {
    "contact_id": "+" * 90,
    "name": "[red]x[/red]\x1b[2J\n" * 9,
    "lead_status": "qualified",
    "last_activity_at": Decimal(NOW - 30 * HOUR_MS),
    "flagged_at": Decimal(NOW - HOUR_MS),
    "notes": [note("[link=http://x]\x07" + "y" * 500)],
}


def test_it_fits_80_columns_whatever_stands_in_it() -> None:
    text = printed(HOSTILE, {"notes": "none", "lead_status": 7, "name": ["x"]})
    assert max(map(len, text.splitlines())) <= 80
    assert "\x1b" not in text
    assert "[red]x[/red]" in text


def test_it_tells_activity_standing_flag_and_cooldown() -> None:
    text = printed(HOSTILE)
    assert "2025-12-31T04:00Z" in text
    assert "30 h ago" in text
    assert "stale" in text
    assert "qualified" in text
    assert "2026-01-01T09:00Z" in text
    assert "cooldown 23 h" in text


def test_it_counts_the_notes_and_shows_the_newest() -> None:
    notes = [note("first", 1), note("newest", 9), note("old", 5)]
    assert "3: newest" in printed({"notes": notes})


def test_notes_without_times_are_in_their_order() -> None:
    assert "2: later" in printed({"notes": [note("early", None), note("later", "x")]})


def test_what_is_no_list_of_notes_does_not_stop_it() -> None:
    assert "unreadable" in printed({"notes": "a text"})
    assert "1: plain" in printed({"notes": ["plain"]})


def test_nothing_is_a_dash() -> None:
    assert printed({"last_activity_at": Decimal(NOW)}).splitlines()[1].split()[-2:] == ["-", "-"]


def test_a_flag_time_that_is_none_does_not_stop_it() -> None:
    assert "unreadable" in printed({"last_activity_at": Decimal(NOW), "flagged_at": "yesterday"})


def test_what_is_not_shown_is_said_to_be_there() -> None:
    assert "1 shown, the longest quiet first" in printed({}, total=60)
    assert "shown" not in printed({})
