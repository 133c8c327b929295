from typing import Any

import pytest

from background_sync.records.database import Database, Record
from background_sync_ops.stack.stack import LocalStack
from tests.integration.health.api import Api, load_app
from tests.integration.world import World


@pytest.fixture(scope="module")
def app(engine: LocalStack, database: Database) -> Any:
    """The function's module, loaded with the variables that the template gives it."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in engine.deployment.functions["HealthFunction"].environment.items():
            patch.setenv(name, value)
        app = load_app()
    # Loading bound the records to the function's connection.
    Record.bind(database.tables, database.connection)
    return app


@pytest.fixture
def api(world: World, engine: LocalStack, app: Any) -> Api:
    world.sqs.purge_queue(QueueUrl=engine.outputs["DeadLetterQueueUrl"])
    api = Api(app, world)
    api.restart()
    return api
