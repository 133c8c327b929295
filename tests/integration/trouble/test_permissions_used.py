"""Every permission of a function's role is used: what no code needs is not allowed."""

import pytest

from background_sync.messages import BACKFILL, Message, Window
from background_sync.records.sweeps import open_sweep
from background_sync.rules.policy import DAY_MS, HOUR_MS, MINUTE_MS
from background_sync.status.monitor import measure
from background_sync_ops.kapso import KapsoStore
from tests.integration.health.api import LISTS, Api
from tests.integration.permissions import Call, Permissions
from tests.integration.verify.number import PHONE_ID, REPAIR
from tests.integration.world import NOW, Received, World, message

BY_AWS = ("logs:CreateLogStream", "logs:PutLogEvents", "kms:Decrypt")
"""What Lambda, SSM and DynamoDB do in the name of every function, if its role allows it."""
UNSEEN: set[tuple[str, Call]] = {
    ("ReconcilerRole", ("sqs:ReceiveMessage", "WorkQueue")),
    ("ReconcilerRole", ("sqs:DeleteMessage", "WorkQueue")),
    ("ReconcilerRole", ("sqs:GetQueueAttributes", "WorkQueue")),
    ("DispatcherRole", ("sqs:SendMessage", "DispatcherFailuresQueue")),
    ("DispatcherRole", ("lambda:InvokeFunction", "DispatcherFunction")),
}
"""What Lambda does, for the queue and for failed invocations, and the one call of a handler itself."""


def unused(permissions: Permissions) -> set[tuple[str, Call]]:
    allowed = {(role, call) for role, calls in permissions.allowed.items() for call in calls}
    return {(role, call) for role, call in allowed - permissions.made - UNSEEN if call[0] not in BY_AWS}


@pytest.fixture
def made(permissions: Permissions) -> Permissions:
    permissions.made.clear()
    return permissions


def dispatch_all(world: World, kapso: KapsoStore) -> None:
    """Work of every kind is sent; a record of a sweep in the future is removed, and a sweep sent again."""
    world.workspace(settings=REPAIR)
    world.contact("620", DAY_MS)
    for person in (
        kapso.add_person("620"),
        kapso.add_person("621"),
        kapso.add_person(business_scoped_user_id="ID.1"),
    ):
        kapso.message(PHONE_ID, person, "inbound", NOW - 10 * MINUTE_MS)
    open_sweep(NOW + DAY_MS, NOW, shards=1, segments=1)
    world.audit_enabled = True
    world.dispatch()
    world.queue.send([Message(BACKFILL, "w1", NOW, Window(NOW - DAY_MS, NOW, dry_run=False))])


def reconcile_all(world: World) -> None:
    """Messages that are worked on, cannot be read, or wait for another delivery's lease."""
    world.work()
    world.audit()
    world.deliver(Received("{"))
    world.clock.time = NOW + HOUR_MS
    world.claim(NOW + HOUR_MS)
    for receives in (1, 5):
        world.deliver(message(run_at=NOW + HOUR_MS, receive_count=receives))
    world.contact("622", DAY_MS)
    world.next_hour(2)
    world.dispatch()


def test_every_kind_of_work_together_uses_every_permission(
    world: World, api: Api, kapso: KapsoStore, made: Permissions
) -> None:
    dispatch_all(world, kapso)
    reconcile_all(world)
    for path in ("/health", *LISTS):
        api.get(path)
    api.get("/health/runs", workspace_id="nobody")
    with world.acting("MonitorRole"):
        measure(world.database, world.clock, HOUR_MS)
    assert unused(made) == set()


def test_a_permission_that_nobody_used_is_found(made: Permissions) -> None:
    assert ("HealthRole", ("dynamodb:Scan", "WorkspacesTable")) in unused(made)
