"""Every AWS call that a function's code makes in this process is allowed by the function's role.

Not checked: functions in processes of their own, and what Lambda does with their roles, which is receiving
from the queue and writing logs.
"""

from collections.abc import Callable

import pytest

from background_sync.records.contacts import contact_key
from background_sync.rules.policy import DAY_MS
from tests.integration.permissions import Forbidden, Permissions
from tests.integration.world import World


def delete_contact(world: World) -> object:
    table = world.database.tables.contacts
    return world.database.client.delete_item(TableName=table, Key=contact_key("w1", "628"))


def query_runs_by_time(world: World) -> object:
    return world.database.client.query(
        TableName=world.database.tables.sync_health,
        IndexName="by_time",
        KeyConditionExpression="time_shard = :shard",
        ExpressionAttributeValues={":shard": {"S": "0"}},
    )


def read_token_of_another_stack(world: World) -> object:
    return world.ssm.get_parameters(Names=["/another/kapso-tokens/abc"], WithDecryption=True)


def test_the_calls_of_a_sweep_are_checked_and_allowed(world: World, permissions: Permissions) -> None:
    permissions.made.clear()
    world.workspace()
    world.contact("628", DAY_MS)
    assert world.sweep()["flagged"] == 1
    assert permissions.made >= {
        ("DispatcherRole", ("sqs:SendMessage", "WorkQueue")),
        ("ReconcilerRole", ("dynamodb:UpdateItem", "SyncHealthTable")),
        ("ReconcilerRole", ("dynamodb:Query", "ContactsTable/index/by_activity")),
    }


@pytest.mark.parametrize(
    ("role", "call", "refused"),
    [
        ("DispatcherRole", delete_contact, "dynamodb:DeleteItem"),
        ("HealthRole", delete_contact, "dynamodb:DeleteItem"),
        ("MonitorRole", delete_contact, "dynamodb:DeleteItem"),
        ("MonitorRole", query_runs_by_time, "SyncHealthTable/index/by_time"),
        ("ReconcilerRole", read_token_of_another_stack, "ssm:GetParameters"),
    ],
)
def test_others_are_refused(world: World, role: str, call: Callable[[World], object], refused: str) -> None:
    with world.acting(role), pytest.raises(Forbidden, match=f"{role} does not allow .*{refused}"):
        call(world)
