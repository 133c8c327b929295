"""One local stack of the small template in app/ for all tests. Its queues are emptied after each test."""

import json
import time
from collections.abc import Callable, Iterator
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from background_sync_ops.stack.stack import LocalStack

APP = Path(__file__).parent / "app"
DEADLINE_S = 90

Eventually = Callable[[Callable[[], Any]], Any]
Fetch = Callable[..., tuple[HTTPResponse, bytes]]
Messages = Callable[[str], list[Any]]
Send = Callable[..., list[str]]


@pytest.fixture(scope="session")
def shared_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    state_dir = tmp_path_factory.mktemp("stack")
    with LocalStack(APP / "template.yaml", state_dir=state_dir, retry_delays_s=(0,)) as stack:
        yield stack


@pytest.fixture
def stack(shared_stack: LocalStack) -> Iterator[LocalStack]:
    yield shared_stack
    shared_stack.stop_delivery()
    for name in ("JobsUrl", "DeadJobsUrl", "LostEventsUrl"):
        shared_stack.client("sqs").purge_queue(QueueUrl=shared_stack.outputs[name])


@pytest.fixture
def send(stack: LocalStack) -> Send:
    def send(*orders: object) -> list[str]:
        sqs, url = stack.client("sqs"), stack.outputs["JobsUrl"]
        return [
            sqs.send_message(QueueUrl=url, MessageBody=json.dumps(order))["MessageId"] for order in orders
        ]

    return send


@pytest.fixture
def messages(stack: LocalStack) -> Messages:
    """The parsed bodies of the messages that are visible in a queue, by the name of its output."""

    def messages(output: str) -> list[Any]:
        answer = stack.client("sqs").receive_message(
            QueueUrl=stack.outputs[output], MaxNumberOfMessages=10, VisibilityTimeout=0
        )
        return [json.loads(message["Body"]) for message in answer.get("Messages", [])]

    return messages


@pytest.fixture
def eventually() -> Eventually:
    """Repeats a question until the answer is true, and returns that answer. Fails at a deadline."""

    def eventually(answer: Callable[[], Any]) -> Any:
        deadline = time.monotonic() + DEADLINE_S
        while not (found := answer()):
            assert time.monotonic() < deadline, f"not true within {DEADLINE_S} s"
            time.sleep(0.02)
        return found

    return eventually


@pytest.fixture
def fetch(stack: LocalStack) -> Fetch:
    def fetch(path: str, method: str = "GET", body: bytes | None = None, **headers: str) -> Any:
        connection = HTTPConnection(urlsplit(stack.api_url).netloc, timeout=DEADLINE_S)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            connection.request(method, path, body, named)
            response = connection.getresponse()
            return response, response.read()
        finally:
            connection.close()

    return fetch
