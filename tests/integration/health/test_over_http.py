"""The function as the template sets it up, over HTTP."""

from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import pytest

from background_sync_ops.stack.stack import LocalStack
from tests.integration.world import World


def get(stack: LocalStack, path: str) -> Any:
    connection = HTTPConnection(urlsplit(stack.api_url).netloc, timeout=30)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.getheader("Content-Type"), response.read().decode()
    finally:
        connection.close()


def test_health_is_public_and_without_totals(engine: LocalStack, world: World) -> None:
    world.workspace()
    world.sweep()
    status, content_type, text = get(engine, "/health")
    assert (status in (200, 503), content_type) == (True, "application/health+json")
    assert "output" not in text
    assert world.queue.url not in text


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/health/runs?limit=5", 200),
        ("/health/sweeps", 200),
        ("/health/runs?limit=0", 400),
        ("/nothing", 404),
    ],
)
def test_the_lists_are_json(engine: LocalStack, world: World, path: str, expected: int) -> None:
    world.workspace()
    status, content_type, _ = get(engine, path)
    assert (status, content_type) == (expected, "application/json")
