from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from background_sync_ops.stack.clients import LocalClients
from background_sync_ops.stack.stack import LocalStack
from tests.integration.snapshot.importing import Importing


@pytest.fixture
def importing(engine: LocalStack, tmp_path: Path) -> Iterator[Importing]:
    # The clients belong to one test, which may add hooks to them.
    with closing(LocalClients(engine.endpoint_url, engine.invoke_url)) as clients:
        yield Importing.beside(engine.outputs, clients, tmp_path)
