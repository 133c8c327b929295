"""Contacts as the rules judge them at one moment, and as the table shows them."""

from decimal import Decimal
from typing import Any

import pytest

from background_sync.rules.policy import DAY_MS, HOUR_MS, Policy
from background_sync_ops.cli.contacts import print_contacts
from background_sync_ops.contacts import ContactList, Judge
from tests.unit.cli.printing import printed

NOW = 1_767_261_600_000  # 2026-01-01T10:00:00Z


def judged(policy: Policy | None = None, **record: Any) -> dict[str, Any]:
    return Judge(NOW, policy or Policy()).document({"contact_id": "628", **record})


def table(**record: Any) -> str:
    contacts = ContactList("acme", Judge(NOW, Policy()), [judged(**record)], total=60, stale=1)
    return printed(lambda out: print_contacts(out, contacts))


def before(age_ms: int) -> Decimal:
    return Decimal(NOW - age_ms)


@pytest.mark.parametrize(
    ("record", "verdict", "stale"),
    [
        ({"last_activity_at": before(HOUR_MS)}, "fresh", False),
        ({"last_activity_at": before(HOUR_MS + 1)}, "due", True),
        ({"last_activity_at": before(2 * HOUR_MS), "flagged_at": before(HOUR_MS)}, "cooling", True),
        ({"last_activity_at": before(2 * HOUR_MS), "flagged_at": before(DAY_MS)}, "due", True),
        ({"last_activity_at": before(2 * HOUR_MS), "lead_status": "converted"}, "closed", False),
        ({"last_activity_at": "yesterday"}, "unreadable", False),
        ({}, "unreadable", False),
    ],
)
def test_a_contact_is_judged_by_the_rules(record: dict[str, Any], verdict: str, stale: bool) -> None:
    document = judged(**record)
    assert (document["verdict"], document["stale"]) == (verdict, stale)


def test_a_contact_is_judged_by_its_workspaces_own_settings() -> None:
    patient = Policy(stale_threshold_ms=DAY_MS)
    assert not judged(patient, last_activity_at=before(2 * HOUR_MS))["stale"]


def test_last_activity_falls_back_to_the_update_and_the_creation() -> None:
    assert judged(updated_at=before(5), created_at=before(9))["last_activity"] == NOW - 5
    assert judged(last_activity_at=Decimal(0), created_at=before(9))["last_activity"] == NOW - 9
    assert judged()["last_activity"] is None


def test_an_active_cooldown_has_an_end() -> None:
    assert judged(flagged_at=before(HOUR_MS))["cooldown_until"] == NOW - HOUR_MS + DAY_MS


@pytest.mark.parametrize("flagged_at", [None, Decimal(0), before(DAY_MS), "yesterday", Decimal(-1), True])
def test_a_contact_without_an_active_cooldown_has_no_end_of_one(flagged_at: object) -> None:
    assert judged(flagged_at=flagged_at)["cooldown_until"] is None


def test_an_unreadable_contact_says_why() -> None:
    assert "last_activity_at is not a time" in judged(last_activity_at="x")["unreadable_because"]
    assert judged(last_activity_at=before(1))["unreadable_because"] is None


def test_the_table_prints_names_and_notes_as_plain_text() -> None:
    text = table(
        contact_id="+" * 90,
        name="[red]x[/red]\x1b[2J\n" * 9,
        notes=[{"content": "[link=http://x]\x07" + "y" * 500, "added_by": "x", "added_at": NOW}],
    )
    assert text.replace("\n", "").isprintable()
    assert "[red]x[/red]" in text


@pytest.mark.parametrize(
    ("notes", "shown"),
    [
        (
            [{"content": "first", "added_at": 1}, {"content": "new", "added_at": 9}, {"content": "o"}],
            "3: new",
        ),
        ([{"content": "early"}, {"content": "later", "added_at": "x"}], "2: later"),
        (["plain"], "1: plain"),
        ("a text", "unreadable"),
    ],
)
def test_the_table_shows_the_number_of_notes_and_the_newest(notes: object, shown: str) -> None:
    assert shown in table(notes=notes)


def test_the_table_shows_contacts_with_unreadable_values() -> None:
    assert "unreadable" in table(last_activity_at=before(1), flagged_at="yesterday")
    assert "628" in table(lead_status=7, name=["x"])
