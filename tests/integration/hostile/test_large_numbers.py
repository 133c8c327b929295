"""A number that DynamoDB stores and boto3 refuses to read costs its own record at most.

DynamoDB returns 1E+40 as 41 digits; boto3 allows 38 (boto/boto3#2500). The local engine cannot store such a
number, so it is put into the engine's answers.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

import pytest

from background_sync.records.typed import deserialize
from background_sync.rules.policy import DAY_MS, HOUR_MS
from tests.integration.world import NOW, World

LARGE = "1" + "0" * 40
Change = Callable[[dict[str, Any]], None]


@contextmanager
def answered(world: World, operation: str, change: Change) -> Iterator[None]:
    """Let `change` alter each answer to an operation."""
    event, hook = f"after-call.dynamodb.{operation}", lambda parsed, **_: change(parsed)
    world.database.client.meta.events.register(event, hook)
    try:
        yield
    finally:
        world.database.client.meta.events.unregister(event, hook)


def large(name: str, key: str, value: str) -> Change:
    """Give the items whose attribute `key` is `value` a large number under `name`."""

    def change(parsed: dict[str, Any]) -> None:
        for item in [*parsed.get("Items", []), *filter(None, [parsed.get("Attributes")])]:
            if item.get(key) == {"S": value}:
                item[name] = {"N": LARGE}

    return change


def test_a_large_number_is_read_with_all_its_digits() -> None:
    item = {"at": {"N": LARGE}, "map": {"M": {"list": {"L": [{"N": LARGE}]}}}, "set": {"NS": [LARGE]}}
    number = Decimal(LARGE)
    assert deserialize(item) == {"at": number, "map": {"list": [number]}, "set": {number}}


@pytest.mark.parametrize("name", ["audited_at", "kapso_phone_id"])
def test_in_one_workspace_it_does_not_keep_the_others_from_their_sweep(world: World, name: str) -> None:
    world.audit_enabled = True
    for workspace_id in ("w1", "w2", "w3"):
        world.workspace(workspace_id)
    with answered(world, "Scan", large(name, "workspace_id", "w2")):
        assert world.dispatch().complete
    runs = {each.message.workspace_id for each in world.receive() if each.message.kind == "run"}
    assert {"w1", "w3"} <= runs


@pytest.mark.parametrize("name", ["crm_score", "latest_run_at", "watermark", "settings"])
def test_in_a_workspace_it_does_not_fail_the_run(world: World, name: str) -> None:
    world.workspace()
    world.contact("621", DAY_MS)
    with answered(world, "UpdateItem", large(name, "workspace_id", "w1")):
        assert world.run()
    assert world.record().contacts_checked == 1


@pytest.mark.parametrize("name", ["activity_at", "lead_status"])
def test_in_a_contact_it_makes_that_contact_invalid_and_no_other(world: World, name: str) -> None:
    world.workspace()
    world.contact("621", DAY_MS)
    world.contact("622", DAY_MS)
    with answered(world, "Query", large(name, "contact_id", "621")):
        assert world.run()
    record = world.record()
    assert (record.invalid, record.flagged) == (1, 1)
    assert world.flagged() == {"622"}


@pytest.mark.parametrize("name", ["flagged_at", "behind_at"])
def test_as_a_time_of_syncs_own_it_is_in_the_future_and_not_used(world: World, name: str) -> None:
    world.workspace()
    world.contact("621", DAY_MS)
    with answered(world, "Query", large(name, "contact_id", "621")):
        assert world.run()
    assert world.counts("invalid", "flagged", "future_times") == (0, 1, 1)


def test_in_a_contact_it_does_not_fail_the_audit(world: World) -> None:
    world.workspace()
    world.contact("621", HOUR_MS)
    world.contact("622", HOUR_MS, activity_at=5)
    with answered(world, "Query", large("last_activity_at", "contact_id", "621")):
        assert world.audit()
    assert world.read("622")["activity_at"] == NOW - HOUR_MS
