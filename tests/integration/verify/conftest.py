import io
import logging
from collections.abc import Iterator

import pytest
from botocore.retries.standard import ExponentialBackoff

from background_sync.kapso.transport import send_request
from background_sync.rules.policy import MINUTE_MS
from tests.integration.killer import Killer
from tests.integration.logs import captured
from tests.integration.verify.number import REPAIR, Number, served
from tests.integration.world import World


@pytest.fixture
def number(world: World) -> Iterator[Number]:
    """A number in a Kapso server, and a workspace that verifies against it and repairs."""
    world.workspace(settings=REPAIR)
    with served(world) as number:
        yield number


@pytest.fixture
def no_time_to_wait(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next sweep is so near that no run waits until its key may be used again."""
    monkeypatch.setattr(world, "interval_ms", MINUTE_MS)


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """Everything that is logged, at every level."""
    with captured(logging.DEBUG) as lines:
        yield lines


@pytest.fixture
def killer(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Killer]:
    """Kills or throttles requests to the tables, the queue, the key store, or Kapso, without a pause."""
    monkeypatch.setattr(ExponentialBackoff, "delay_amount", lambda *_: 0)
    killer = Killer(world.database.client, world.sqs, world.ssm)
    target = "background_sync.kapso.client.send_request"
    monkeypatch.setattr(target, killer.around(send_request))
    yield killer
    killer.close()
