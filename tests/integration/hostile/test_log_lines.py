"""Logs say what is wrong with a record and never quote it, in a limited number of lines."""

import inspect
import json
import logging
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from background_sync.rules.policy import DAY_MS
from background_sync.telemetry import MAX_REPEATED
from tests.integration.logs import captured
from tests.integration.world import NOW, World

SECRET = "sk-live-1234567890abcdef"
VALUES: list[Any] = [{"key": SECRET}, [SECRET] * 3, {SECRET}]


def run(world: World) -> tuple[str, list[dict[str, Any]]]:
    with captured(logging.DEBUG) as lines:
        assert world.run()
    return lines.getvalue(), [json.loads(line) for line in lines.getvalue().splitlines()]


@pytest.mark.parametrize("name", ["lead_status", "flagged_at", "activity_at"])
@pytest.mark.parametrize("value", VALUES)
def test_a_value_of_a_contact_is_never_logged(world: World, name: str, value: Any) -> None:
    world.workspace()
    world.contact("621", DAY_MS, **({} if name == "activity_at" else {name: value}))
    world.contact("622", DAY_MS, notes=SECRET)
    text, lines = run(world)
    assert SECRET not in text
    assert max(len(json.dumps(line)) for line in lines) < 2_000


@pytest.mark.parametrize("field", ["kapso_token_parameter", "kapso_phone_id"])
def test_a_key_in_the_wrong_field_is_not_logged_and_not_stored_in_the_run(world: World, field: str) -> None:
    world.workspace(settings={"verify": "repair"}, **{field: SECRET})
    text, _ = run(world)
    record = world.record()
    assert record.deferred == 1
    assert SECRET not in text
    assert SECRET not in json.dumps(record.to_simple_dict(), default=str)


@pytest.mark.parametrize(
    ("contact", "warning"),
    [
        ({"activity_at": 5, "lead_status": 7}, "unreadable contact"),
        ({"activity_at": NOW - DAY_MS, "last_activity_at": NOW - DAY_MS, "notes": 7}, "unwritable contact"),
    ],
)
def test_the_warnings_of_one_kind_are_limited_and_the_others_are_counted(
    world: World, monkeypatch: pytest.MonkeyPatch, contact: dict[str, Any], warning: str
) -> None:
    # The threads must know the run without help of the tests.
    monkeypatch.setattr(ThreadPoolExecutor, "submit", inspect.unwrap(ThreadPoolExecutor.submit))
    world.workspace()
    world.put_many(
        world.database.tables.contacts,
        [
            {"workspace_id": "w1", "contact_id": f"62{number:03d}", **contact}
            for number in range(MAX_REPEATED + 30)
        ],
    )
    _, lines = run(world)
    assert sum(line["message"] == warning for line in lines) == MAX_REPEATED
    [rest] = [line for line in lines if line["message"] == "more warnings of one kind"]
    assert (rest["warning"], rest["left_out"]) == (warning, 30)
