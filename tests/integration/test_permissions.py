"""Every AWS call that a function's code makes in this process is one that its role allows.

Not looked at: the functions that run in processes of their own, and what Lambda does for them by their roles,
receiving from the queue and writing the logs.
"""

import pytest

from background_sync.records.contacts import contact_key
from background_sync.rules.policy import DAY_MS
from background_sync_ops.stack.template import load
from tests.integration.conftest import TEMPLATE
from tests.integration.permissions import Forbidden, Permissions
from tests.integration.world import World
from tests.template.resources import statements

BY_ACTIVITY = ("dynamodb:Query", "ContactsTable/index/by_activity")
CLOSING = ("dynamodb:UpdateItem", "SyncHealthTable")


def test_the_calls_of_a_sweep_are_seen_and_allowed(world: World, permissions: Permissions) -> None:
    permissions.made.clear()
    world.workspace()
    world.contact("628", DAY_MS)
    assert world.sweep()["flagged"] == 1
    assert {
        ("DispatcherRole", ("sqs:SendMessage", "WorkQueue")),
        ("ReconcilerRole", CLOSING),
    } <= permissions.made
    assert ("ReconcilerRole", BY_ACTIVITY) in permissions.made


@pytest.mark.parametrize("role", ["DispatcherRole", "HealthRole", "MonitorRole"])
def test_what_a_role_does_not_allow_is_refused(world: World, role: str) -> None:
    table = world.database.tables.contacts
    with world.acting(role), pytest.raises(Forbidden, match=f"{role} does not allow dynamodb:DeleteItem"):
        world.database.client.delete_item(TableName=table, Key=contact_key("w1", "628"))


def test_an_index_is_not_allowed_for_its_table_being_so(world: World) -> None:
    with world.acting("MonitorRole"), pytest.raises(Forbidden, match="SyncHealthTable/index/by_time"):
        world.database.client.query(
            TableName=world.database.tables.sync_health,
            IndexName="by_time",
            KeyConditionExpression="time_shard = :shard",
            ExpressionAttributeValues={":shard": {"S": "0"}},
        )


def test_the_tests_own_calls_are_nobodys(world: World, permissions: Permissions) -> None:
    permissions.made.clear()
    world.workspace()
    assert world.items(world.database.tables.workspaces)
    assert permissions.made == set()


def test_a_token_of_another_stack_is_not_this_stacks(world: World) -> None:
    with world.acting("ReconcilerRole"), pytest.raises(Forbidden, match="ssm:GetParameter"):
        world.ssm.get_parameter(Name="/another/kapso-tokens/abc", WithDecryption=True)


def test_a_statement_that_denies_is_not_taken_for_one_that_allows() -> None:
    template = load(TEMPLATE, {})
    for statement in statements(template, "DispatcherRole"):
        statement["Effect"] = "Deny"
    with pytest.raises(ValueError, match="only plain statements"):
        Permissions(template, {}, "")
