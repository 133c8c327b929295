"""The health function's handler, called as the HTTP API calls it."""

import importlib.util
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from background_sync.status.answers import HealthService
from tests.integration.world import World

ROOT = Path(__file__).parents[3]
PUBLIC = ("/", "/health", "/openapi.json")
LISTS = ("/health/runs", "/health/sweeps", "/health/workspaces")


@dataclass(frozen=True)
class Context:
    """What Powertools reads from Lambda's context."""

    function_name: str = "health"
    function_version: str = "1"
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:123456789012:function:health"
    aws_request_id: str = "1"


@dataclass(frozen=True)
class Answer:
    """An HTTP answer; `text` is the body as it is sent."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def document(self) -> Any:
        return json.loads(self.text)


@dataclass
class Api:
    """Requests to the function, with its role and at the world's time."""

    app: Any
    world: World
    event: Any = field(default_factory=lambda: json.loads((ROOT / "events/health-get.json").read_text()))

    @property
    def dead_letter_queue_url(self) -> str:
        return str(self.app.settings.dead_letter_queue_url)

    def get(
        self, path: str, method: str = "GET", headers: dict[str, str] | None = None, **parameters: object
    ) -> Answer:
        event = json.loads(json.dumps(self.event))
        event |= {"rawPath": path, "routeKey": f"{method} {path}"}
        event["requestContext"]["http"] |= {"path": path, "method": method}
        event["headers"] |= headers or {}
        if parameters:
            event["queryStringParameters"] = {name: str(value) for name, value in parameters.items()}
        with self.world.acting("HealthRole"):
            answer = self.app.handler(event, Context())
        headers = answer.get("headers", {}) | {
            name: ", ".join(values) for name, values in answer.get("multiValueHeaders", {}).items()
        }
        return Answer(answer["statusCode"], headers, answer["body"])

    def restart(self, **settings: Any) -> None:
        """A new execution environment with an empty cache, and with these settings changed."""
        world = self.world
        changed = replace(self.app.settings, **settings)
        self.app.service = HealthService(changed, world.database, world.queue, world.clock)


def load_app() -> Any:
    spec = importlib.util.spec_from_file_location("health_app", ROOT / "functions/health/app.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@contextmanager
def requests_of(world: World) -> Iterator[list[str]]:
    seen: list[str] = []

    def note(event_name: str, **_: object) -> None:
        seen.append(event_name.rsplit(".", 1)[-1])

    events = world.database.client.meta.events
    events.register("before-send", note)
    try:
        yield seen
    finally:
        events.unregister("before-send", note)
