from typing import Any

import pytest

from background_sync_ops.snapshot.documents import workspace_record
from background_sync_ops.snapshot.values import BadDocument
from tests.unit.snapshot.making import NOW, parsed, workspace


def test_a_workspace() -> None:
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


def test_names_of_ours_in_camel_case() -> None:
    assert workspace(kapsoPhoneId="1", createdAt=5, updatedAt=6, settings=None) == {
        "workspace_id": "w1",
        "kapso_phone_id": "1",
        "created_at": 5,
        "updated_at": 6,
    }


def test_settings_of_ours_get_the_names_of_the_rules_and_others_keep_theirs() -> None:
    given = {
        "staleThresholdMs": 7_200_000.0,
        "flagCooldownMs": 1,
        "maxFlagsPerRun": 2,
        "maxSyncNotes": None,
        "verify": "off",
        "dateFormat": "iso",
        "logo": None,
    }
    assert workspace(settings=given)["settings"] == {
        "stale_threshold_ms": 7_200_000,
        "flag_cooldown_ms": 1,
        "max_flags_per_run": 2,
        "verify": "off",
        "dateFormat": "iso",
        "logo": None,
    }


def test_a_setting_that_the_rules_will_not_use_is_no_matter_of_the_import() -> None:
    assert workspace(settings={"maxFlagsPerRun": "many"})["settings"] == {"max_flags_per_run": "many"}


def test_created_is_when_convex_created_it_unless_it_says() -> None:
    assert workspace()["created_at"] == NOW
    assert workspace(created_at=0)["created_at"] == NOW
    assert workspace(created_at=5)["created_at"] == 5


@pytest.mark.parametrize("name", ["meta_access_token", "metaAccessToken"])
def test_the_token_is_apart_from_the_record_and_shows_itself_nowhere(name: str) -> None:
    record, token = workspace_record(parsed({"_id": "w1", name: "secret"}))
    assert token is not None
    assert token.text == "secret"
    assert "secret" not in repr((record, token))


@pytest.mark.parametrize("token", [None, "", "  "])
def test_an_empty_token_is_none(token: str | None) -> None:
    assert workspace_record(parsed({"_id": "w1", "meta_access_token": token})) == (
        {"workspace_id": "w1"},
        None,
    )


def test_what_sync_remembers_is_not_the_crms_to_say() -> None:
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
        ({"_id": None}, "no _id"),
        ({"_id": ""}, "no _id"),
        ({"_id": 5}, "_id is a number, not a text"),
        ({"_id": "#sweep"}, "_id begins with #, which is reserved"),
        ({"_id": "w" * 2049}, "_id is longer than 2048 bytes"),
        ({"settings": [1]}, "settings is a list, not an object"),
        ({"settings": "x"}, "settings is a text, not an object"),
        ({"kapso_phone_id": 123}, "kapso_phone_id is a number, not a text"),
        ({"kapsoPhoneId": True}, "kapsoPhoneId is true or false, not a text"),
        ({"name": {}}, "name is an object, not a text"),
        ({"created_at": "yesterday"}, "created_at is a text, not a time in ms"),
        ({"updated_at": True}, "updated_at is true or false, not a time in ms"),
        ({"updated_at": -0.5}, "updated_at is a time before 1970"),
        ({"meta_access_token": 5}, "meta_access_token is a number, not a text"),
        ({"meta_access_token": "x" * 4097}, "meta_access_token is longer than 4096 bytes"),
        ({"meta_access_token": "x\ny"}, "meta_access_token has characters that no token has"),
        ({"settings": {"kapso": [{"metaAccessToken": "x"}]}}, "metaAccessToken where no token belongs"),
        ({"blob": "x" * 410_000}, "over 400 KB"),
    ],
)
def test_a_bad_workspace(fields: dict[str, Any], reason: str) -> None:
    with pytest.raises(BadDocument, match=reason):
        workspace(**fields)
