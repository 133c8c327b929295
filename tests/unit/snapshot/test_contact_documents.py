import math
from decimal import Decimal
from typing import Any

import pytest

from background_sync_ops.snapshot.documents import contact_record, has_seconds
from background_sync_ops.snapshot.values import BadDocument
from tests.unit.snapshot.making import NOW, contact, parsed

T1, T3, T9 = NOW - 9, NOW - 7, NOW - 1


def note(content: str, by: str, at: int) -> dict[str, Any]:
    return {"content": content, "addedBy": by, "addedAt": at}


def test_a_contact_record_has_our_names_whole_times_and_all_other_fields_as_they_are() -> None:
    record = contact(
        phone="+62 823-92",
        name="Sari",
        kapso_name="",
        leadStatus="qualified",
        lastActivityAt=NOW + 0.9,
        lastContactAt=1.7e12,
        updated_at=NOW,
        score=0.1,
        custom={"a": [None, 2.0]},
    )
    assert record == {
        "convex_id": "c1",
        "workspace_id": "w1",
        "contact_id": "6282392",
        "phone": "+62 823-92",
        "name": "Sari",
        "kapso_name": "",
        "lead_status": "qualified",
        "last_activity_at": NOW,
        "last_contact_at": 1_700_000_000_000,
        "created_at": NOW,
        "updated_at": NOW,
        "score": Decimal("0.1"),
        "custom": {"a": [None, 2]},
        "activity_at": NOW,
    }


def test_null_and_a_time_of_zero_count_as_missing() -> None:
    assert contact(name=None, source=None, notes=None, updated_at=0.5) == contact()
    assert contact(lastActivityAt=0, last_activity_at=5)["last_activity_at"] == 5


def test_camel_case_wins_over_snake_case_unless_it_is_null() -> None:
    assert contact(leadStatus="archived", lead_status="new")["lead_status"] == "archived"
    assert contact(lead_status="new", leadStatus="archived")["lead_status"] == "archived"
    assert contact(leadStatus=None, lead_status="new")["lead_status"] == "new"


@pytest.mark.parametrize(
    ("times", "activity_at"),
    [
        ({"lastActivityAt": T3, "updated_at": T9, "created_at": T1}, T3),
        ({"updated_at": T9, "created_at": T1}, T9),
        ({"created_at": T1}, T1),
        ({"lastActivityAt": T3 * 1000, "updated_at": T9}, T9),
        ({"lastActivityAt": NOW + 366 * 86_400_000, "updated_at": T9}, T9),
        ({}, NOW),
        ({"_creationTime": None}, 0),
    ],
)
def test_the_index_attribute_is_the_last_activity(times: dict[str, int], activity_at: int) -> None:
    assert contact(**times)["activity_at"] == activity_at


@pytest.mark.parametrize(
    ("fields", "contact_id"),
    [
        ({"phone": "(0)8-1"}, "081"),
        ({"phone": "081", "phone_normalized": "+62 81"}, "6281"),
        ({"phone": "081", "phoneNormalized": ""}, "081"),
        ({"phone": "081", "business_scoped_user_id": "US.5"}, "081"),
        ({"phone": None, "business_scoped_user_id": "US.5"}, "US.5"),
        ({"phone": "hidden", "businessScopedUserId": "US.5"}, "US.5"),
    ],
)
def test_the_contact_id_is_the_phone_or_else_the_user_id(fields: dict[str, str], contact_id: str) -> None:
    assert contact(**fields)["contact_id"] == contact_id


def test_an_empty_business_scoped_user_id_is_left_out_because_no_index_accepts_it() -> None:
    assert "business_scoped_user_id" not in contact(business_scoped_user_id="")


def test_fields_named_like_attributes_that_only_sync_writes_are_renamed() -> None:
    record = contact(contact_id="crm-5", activity_at="x", repaired_at=7)
    assert (record["contact_id"], record["activity_at"]) == ("62811", NOW)
    assert record["convex_contact_id"] == "crm-5"
    assert record["convex_activity_at"] == "x"
    assert record["convex_repaired_at"] == 7
    assert "repaired_at" not in record


def test_notes_have_our_names_and_keep_their_other_fields() -> None:
    given = [
        {"content": "", "addedBy": "rina", "addedAt": 1.5, "pinned": True, "colour": None},
        {"content": "b", "added_by": "theo", "added_at": 3},
        {"content": "c", "addedBy": None, "addedAt": 0},
    ]
    assert contact(notes=given)["notes"] == [
        {"content": "", "added_by": "rina", "added_at": 1, "pinned": True, "colour": None},
        {"content": "b", "added_by": "theo", "added_at": 3},
        {"content": "c"},
    ]


def test_the_newest_flag_among_the_notes_sets_the_flag_time() -> None:
    notes = [
        note("Sync check: No activity for 2 hours", "background-sync", 20),
        note("Sync check: No activity for 5 hours", "background-sync", 50),
        note("Sync check: No activity for 3 hours", "background-sync", 30),
    ]
    assert contact(notes=notes)["flagged_at"] == 50
    assert contact(notes=notes, flaggedAt=70)["flagged_at"] == 70
    assert contact(notes=notes, flagged_at=10)["flagged_at"] == 50


def test_notes_that_are_not_flags_do_not_set_the_flag_time() -> None:
    notes = [
        note("Sync check: seen by a person", "rina", 20),
        note("Sync repair: name", "background-sync", 30),
        note("A Sync check: quoted", "background-sync", 40),
        {"content": "Sync check: No activity for 2 hours", "addedBy": "background-sync"},
    ]
    assert "flagged_at" not in contact(notes=notes)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"workspace_id": None}, "workspace_id is missing"),
        ({"workspace_id": ""}, "workspace_id is missing"),
        ({"workspace_id": 5}, "workspace_id is a number, expected text"),
        ({"phone": None}, "neither a phone number nor a business_scoped_user_id"),
        ({"phone": "n/a"}, "neither a phone number"),
        ({"phone": "٣٤"}, "neither a phone number"),
        ({"phone": 62811}, "phone is a number, expected text"),
        ({"phone": "1" * 1025}, "phone is longer than 1024 bytes"),
        ({"business_scoped_user_id": "x" * 1025}, "business_scoped_user_id is longer than 1024 bytes"),
        ({"leadStatus": 5}, "leadStatus is a number, expected text"),
        ({"lastActivityAt": "2026-01-01"}, "lastActivityAt is text, expected milliseconds since 1970"),
        ({"lastActivityAt": -5}, "lastActivityAt is negative, expected milliseconds"),
        ({"updated_at": True}, "updated_at is true or false, expected milliseconds"),
        ({"_creationTime": "x"}, "_creationTime is text, expected milliseconds"),
        ({"flagged_at": "x"}, "flagged_at is text, expected milliseconds"),
        ({"notes": "hello"}, "notes is text, expected a list"),
        ({"notes": [note("a", "b", 1), "hello"]}, r"notes\[1\] is text, expected an object"),
        ({"notes": [{"addedBy": "rina"}]}, r"notes\[0\].content is missing"),
        ({"notes": [{"content": 5}]}, r"notes\[0\].content is a number, expected text"),
        ({"notes": [note("a", "b", -1)]}, r"notes\[0\].addedAt is negative"),
        ({"notes": [{"content": "a", "addedBy": 5}]}, r"notes\[0\].addedBy is a number, expected text"),
        ({"lastActivityAt": math.nan}, "lastActivityAt is NaN, expected milliseconds since 1970"),
        ({"phone": math.inf}, "phone is an infinite number, expected text"),
        ({"name": "\ud800"}, "name is not valid Unicode"),
        ({"notes": [note("a", "b", 1), math.nan]}, r"notes\[1\] is NaN, expected an object"),
        ({"name": "x" * 410_000}, r"larger than 400 KB as a DynamoDB item \(about 401 KB\)"),
    ],
)
def test_the_reason_why_a_contact_cannot_be_loaded(fields: dict[str, Any], reason: str) -> None:
    with pytest.raises(BadDocument, match=reason):
        contact(**fields)


@pytest.mark.parametrize("seconds", [NOW // 1000, NOW / 1000 + 0.5, 946_684_800])
def test_a_time_in_seconds_becomes_milliseconds(seconds: float) -> None:
    document = {"workspace_id": "w1", "phone": "62", "lastActivityAt": seconds, "notes": [note("a", "b", 5)]}
    record = contact_record(parsed(document), NOW).record
    assert record["last_activity_at"] == record["activity_at"] == int(seconds * 1000)
    assert has_seconds(parsed(document))
    inner = {"notes": [note("a", "b", NOW // 1000)]}
    assert contact(**inner)["notes"][0]["added_at"] == NOW
    assert has_seconds(parsed(inner))


@pytest.mark.parametrize("value", [NOW, 0, 5, None, "1767225600", True, NOW * 1000])
def test_a_number_of_another_size_is_not_in_seconds(value: object) -> None:
    assert not has_seconds({"lastActivityAt": value, "score": NOW // 1000, "notes": "x"})
