import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from botocore.retries.standard import ExponentialBackoff

from background_sync.queue import WorkQueue
from background_sync.records import budgets
from background_sync.records.database import Database, connect
from background_sync.settings import Tables
from background_sync_ops.forgetting import Eraser
from background_sync_ops.stack.clients import CREDENTIALS, REGION
from background_sync_ops.stack.stack import LocalStack
from background_sync_ops.stack.template import load
from tests.integration.faults import Faults
from tests.integration.permissions import Permissions, logical_ids
from tests.integration.world import ERASURE_KEY, TOKEN_PREFIX, TestClock, World

TEMPLATE = Path(__file__).parents[2] / "template.yaml"
NOTICE_BUS = "notices"


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """The template's tables and queues on a local engine; messages are delivered by the tests."""
    state_dir = tmp_path_factory.mktemp("stack")
    parameters = {"Intake": "on", "NoticeBusName": NOTICE_BUS, "ContactsStream": "on"}
    with LocalStack(TEMPLATE, state_dir=state_dir, parameters=parameters) as stack:
        stack.client("events").create_event_bus(Name=NOTICE_BUS)
        yield stack


@pytest.fixture(scope="session")
def database(engine: LocalStack) -> Iterator[Database]:
    environment = {**CREDENTIALS, "AWS_ENDPOINT_URL": engine.endpoint_url, "AWS_DEFAULT_REGION": REGION}
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        for name, value in environment.items():
            patch.setenv(name, value)
        database = connect(
            Tables(
                workspaces=engine.outputs["WorkspacesTableName"],
                contacts=engine.outputs["ContactsTableName"],
                sync_health=engine.outputs["SyncHealthTableName"],
            )
        )
        yield database
        database.client.close()


@pytest.fixture(scope="session")
def permissions(engine: LocalStack) -> Iterator[Permissions]:
    """Checks every AWS call of a function's code against the function's role."""
    permissions = Permissions(load(TEMPLATE, {}), logical_ids(engine.outputs))
    with permissions.watching():
        yield permissions


@pytest.fixture
def world(engine: LocalStack, database: Database, permissions: Permissions) -> World:
    """Empty tables and an empty queue; the clock is at `NOW`."""
    sqs, clock = engine.aws.client("sqs"), TestClock()
    queue = WorkQueue(
        engine.outputs["WorkQueueUrl"], clock, sqs, dead_letter_url=engine.outputs["DeadLetterQueueUrl"]
    )
    world = World(database, queue, sqs, engine.aws.client("ssm"), clock, permissions.acting)
    world.clear()
    budgets._known.clear()
    return world


@pytest.fixture
def faults(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Faults]:
    """Faults between this process and the tables; the client retries without a pause."""
    monkeypatch.setattr(ExponentialBackoff, "delay_amount", lambda *_: 0)
    faults = Faults(world.database.client, world.acting)
    yield faults
    faults.close()


@pytest.fixture
def eraser(world: World) -> Iterator[Eraser]:
    """Forgets people of `w1`, as without an intake."""
    yield Eraser(
        database=world.database,
        ssm=world.ssm,
        workspace_id="w1",
        key_parameter=ERASURE_KEY,
        token_prefix=TOKEN_PREFIX,
    )
    world.ssm.delete_parameters(Names=[ERASURE_KEY])
