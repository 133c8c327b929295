from collections.abc import Iterator
from pathlib import Path

import pytest

from background_sync_ops.stack.clients import LocalClients
from background_sync_ops.stack.stack import LocalStack
from tests.integration.snapshot.importing import Importing


@pytest.fixture
def clients(engine: LocalStack) -> Iterator[LocalClients]:
    """Clients of this test alone, which it may tamper with."""
    clients = LocalClients(engine.endpoint_url, engine.invoke_url)
    yield clients
    clients.close()


@pytest.fixture
def importing(engine: LocalStack, clients: LocalClients, tmp_path: Path) -> Importing:
    """Empty tables of the template's shapes."""
    return Importing.beside(engine.outputs, clients, tmp_path)
