from typing import Any

import pytest

from background_sync_ops.snapshot.documents import Reading, workspace_record
from background_sync_ops.snapshot.values import BadDocument
from tests.unit.snapshot.making import NOW, parsed, workspace


def test_a_workspace_record_has_whole_times_and_all_other_fields_as_they_are() -> None:
    record = workspace(
        _id="w7",
        name="Lisboa",
        slug="lisboa",
        kapso_phone_id="123",
        settings={"theme": "dark"},
        created_at=NOW - 5.0,
        updated_at=NOW + 0.75,
        plan={"seats": 3.0},
    )
    assert record == {
        "workspace_id": "w7",
        "name": "Lisboa",
        "slug": "lisboa",
        "kapso_phone_id": "123",
        "settings": {"theme": "dark"},
        "created_at": NOW - 5,
        "updated_at": NOW,
        "plan": {"seats": 3},
    }


def test_fields_may_be_in_camel_case() -> None:
    assert workspace(kapsoPhoneId="1", createdAt=5, updatedAt=6, settings=None) == {
        "workspace_id": "w1",
        "kapso_phone_id": "1",
        "created_at": 5,
        "updated_at": 6,
    }


def test_settings_of_the_rules_get_their_names_and_other_settings_stay_as_they_are() -> None:
    given = {
        "staleThresholdMs": 7_200_000.0,
        "flagCooldownMs": 1,
        # The rules reject it; the import does not judge it.
        "maxFlagsPerRun": "many",
        "maxSyncNotes": None,
        "verify": "off",
        "dateFormat": "iso",
        "logo": None,
    }
    assert workspace(settings=given)["settings"] == {
        "stale_threshold_ms": 7_200_000,
        "flag_cooldown_ms": 1,
        "max_flags_per_run": "many",
        "verify": "off",
        "dateFormat": "iso",
        "logo": None,
    }


def test_created_at_is_convexs_creation_time_unless_the_document_has_its_own() -> None:
    assert workspace()["created_at"] == NOW
    assert workspace(created_at=0)["created_at"] == NOW
    assert workspace(created_at=5)["created_at"] == 5


@pytest.mark.parametrize("name", ["meta_access_token", "metaAccessToken"])
def test_the_token_is_not_in_the_record_and_not_in_any_representation(name: str) -> None:
    reading = workspace_record(parsed({"_id": "w1", name: "secret"}))
    assert reading.token is not None
    assert reading.token.text == "secret"
    assert "secret" not in repr((reading, reading.record))


@pytest.mark.parametrize("token", [None, "", "  "])
def test_an_empty_token_counts_as_missing(token: str | None) -> None:
    document = parsed({"_id": "w1", "meta_access_token": token})
    assert workspace_record(document) == Reading({"workspace_id": "w1"}, [], None)


def test_fields_named_like_attributes_that_only_sync_writes_are_renamed() -> None:
    record = workspace(latest_run_at=5, watermark=6, unwritable=["x"], workspace_id="other")
    assert record == {
        "workspace_id": "w1",
        "created_at": NOW,
        "convex_latest_run_at": 5,
        "convex_watermark": 6,
        "convex_unwritable": ["x"],
        "convex_workspace_id": "other",
    }


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"_id": None}, "_id is missing"),
        ({"_id": ""}, "_id is missing"),
        ({"_id": 5}, "_id is a number, expected text"),
        ({"_id": "#sweep"}, "_id begins with #, which is reserved"),
        ({"_id": "w" * 2039}, "_id is longer than 2038 bytes"),
        ({"settings": [1]}, "settings is a list, expected an object"),
        ({"kapso_phone_id": 123}, "kapso_phone_id is a number, expected text"),
        ({"kapsoPhoneId": True}, "kapsoPhoneId is true or false, expected text"),
        ({"name": {}}, "name is an object, expected text"),
        ({"created_at": "yesterday"}, "created_at is text, expected milliseconds since 1970"),
        ({"updated_at": -0.5}, "updated_at is negative, expected milliseconds since 1970"),
        ({"meta_access_token": 5}, "meta_access_token is a number, expected text"),
        ({"meta_access_token": "x" * 4097}, "meta_access_token is longer than 4096 bytes"),
        ({"meta_access_token": "x\ny"}, "meta_access_token contains line breaks or other characters"),
        ({"slug": "x" * 410_000}, "larger than 400 KB"),
    ],
)
def test_the_reason_why_a_workspace_cannot_be_loaded(fields: dict[str, Any], reason: str) -> None:
    with pytest.raises(BadDocument, match=reason):
        workspace(**fields)
