"""Lambda's Invoke API, through boto3."""

import json
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from background_sync_ops.stack.clients import LocalClients
from background_sync_ops.stack.stack import LocalStack
from tests.integration.stack.conftest import Eventually

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

WORKER = "WorkerFunction"


@pytest.fixture(params=["invoke_url", "endpoint_url"])
def client(stack: LocalStack, request: pytest.FixtureRequest) -> "Iterator[LambdaClient]":
    """A client of Lambda's own endpoint, and one of the engine's, which forwards invocations."""
    with closing(LocalClients(stack.endpoint_url, getattr(stack, request.param))) as clients:
        yield clients.client("lambda")


def test_a_result_is_returned(client: "LambdaClient", stack: LocalStack) -> None:
    spec = stack.find(WORKER).spec
    for name in (spec.name, spec.arn, f"{spec.arn}:$LATEST"):
        answer = client.invoke(FunctionName=name, Payload='{"do": "echo", "number": 7}')
        assert (answer["StatusCode"], answer["ExecutedVersion"]) == (200, "$LATEST")
        assert answer.get("FunctionError") is None
        assert json.load(answer["Payload"])["event"]["number"] == 7


def test_a_failure_is_returned_as_a_function_error(client: "LambdaClient") -> None:
    answer = client.invoke(FunctionName=WORKER, Payload='{"do": "fail", "why": "told to"}')
    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    assert json.load(answer["Payload"])["errorMessage"] == "told to"


def test_an_event_is_only_accepted(client: "LambdaClient", stack: LocalStack, eventually: Eventually) -> None:
    log = stack.find(WORKER).log_path
    before = log.read_text().count("accepted")
    answer = client.invoke(
        FunctionName=WORKER, InvocationType="Event", Payload='{"do": "say", "what": "accepted"}'
    )
    assert (answer["StatusCode"], answer["Payload"].read()) == (202, b"")
    eventually(lambda: log.read_text().count("accepted") == before + 1)


def test_dry_unknown_and_invalid_calls_run_nothing(client: "LambdaClient", stack: LocalStack) -> None:
    order = '{"do": "say", "what": "dry run"}'
    answer = client.invoke(FunctionName=WORKER, InvocationType="DryRun", Payload=order)
    assert answer["StatusCode"] == 204
    with pytest.raises(client.exceptions.ResourceNotFoundException, match="has no function NoSuchFunction"):
        client.invoke(FunctionName="NoSuchFunction")
    with pytest.raises(ClientError, match="InvalidRequestContentException"):
        client.invoke(FunctionName=WORKER, Payload="{")
    assert "dry run" not in stack.find(WORKER).log_path.read_text()


def test_the_engines_endpoint_lists_functions(stack: LocalStack) -> None:
    with closing(LocalClients(stack.endpoint_url, stack.endpoint_url)) as clients:
        functions = clients.client("lambda").list_functions()["Functions"]
    assert stack.outputs["WorkerName"] in {function["FunctionName"] for function in functions}


def test_the_clock_moves_forward_and_never_back(stack: LocalStack) -> None:
    now = time.time_ns() // 1_000_000
    try:
        for ahead_ms in (3_600_000, -3_600_000):
            body = str(now + ahead_ms).encode()
            urllib.request.urlopen(f"{stack.invoke_url}/clock", body).close()  # noqa: S310 - loopback
            assert 3_590_000 < stack.clock_offset_ms <= 3_600_000
    finally:
        stack.set_clock(0)
