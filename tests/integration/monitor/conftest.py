import io
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from background_sync_ops.kapso import KapsoStore
from tests.integration.logs import captured
from tests.integration.verify.number import served
from tests.integration.world import World


@pytest.fixture
def kapso(world: World) -> Iterator[KapsoStore]:
    with served(world) as number:
        yield number.store


@dataclass
class Emitted:
    capsys: pytest.CaptureFixture[str]

    def read(self) -> list[dict[str, Any]]:
        documents = (json.loads(line) for line in self.capsys.readouterr().out.splitlines() if line)
        return [document for document in documents if "_aws" in document]


@pytest.fixture
def emitted(capsys: pytest.CaptureFixture[str]) -> Emitted:
    return Emitted(capsys)


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    with captured(logging.INFO) as lines:
        yield lines
