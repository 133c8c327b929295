"""Lambda's Invoke API, through boto3."""

import json

import pytest
from botocore.exceptions import ClientError

from background_sync_ops.stack.clients import LocalClients
from background_sync_ops.stack.stack import LocalStack


def test_invoke_returns_the_result(stack: LocalStack) -> None:
    answer = stack.client("lambda").invoke(
        FunctionName=stack.outputs["WorkerName"], Payload=json.dumps({"do": "echo", "number": 7})
    )
    assert (answer["StatusCode"], answer["ExecutedVersion"]) == (200, "$LATEST")
    assert answer.get("FunctionError") is None
    assert json.load(answer["Payload"])["event"]["number"] == 7


@pytest.mark.parametrize("suffix", ["", ":$LATEST"])
def test_a_function_may_be_named_by_its_arn(stack: LocalStack, suffix: str) -> None:
    arn = stack.find("WorkerFunction").spec.arn + suffix
    answer = stack.client("lambda").invoke(FunctionName=arn)
    assert json.load(answer["Payload"])["event"] == {}


def test_a_function_error_is_told(stack: LocalStack) -> None:
    answer = stack.client("lambda").invoke(
        FunctionName="WorkerFunction", Payload=json.dumps({"do": "fail", "why": "told to"})
    )
    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    assert json.load(answer["Payload"])["errorMessage"] == "told to"


def test_an_event_is_accepted_without_a_result(stack: LocalStack) -> None:
    answer = stack.client("lambda").invoke(
        FunctionName="WorkerFunction", InvocationType="Event", Payload="{}"
    )
    assert (answer["StatusCode"], answer["Payload"].read()) == (202, b"")


def test_a_dry_run_runs_nothing(stack: LocalStack) -> None:
    before = stack.invoke("WorkerFunction").json()["calls"]
    assert (
        stack.client("lambda").invoke(FunctionName="WorkerFunction", InvocationType="DryRun")["StatusCode"]
        == 204
    )
    assert stack.invoke("WorkerFunction").json()["calls"] == before + 1


def test_an_unknown_function_is_not_found(stack: LocalStack) -> None:
    with pytest.raises(stack.client("lambda").exceptions.ResourceNotFoundException, match="NoSuchFunction"):
        stack.client("lambda").invoke(FunctionName="NoSuchFunction")


def test_a_payload_that_is_no_json_is_refused(stack: LocalStack) -> None:
    with pytest.raises(ClientError, match="InvalidRequestContentException"):
        stack.client("lambda").invoke(FunctionName="WorkerFunction", Payload="{")


def test_the_engines_endpoint_passes_invocations_on(stack: LocalStack) -> None:
    everything = LocalClients(stack.endpoint_url, stack.endpoint_url)
    answer = everything.client("lambda").invoke(
        FunctionName=stack.outputs["WorkerName"], Payload='{"do": "fail"}'
    )
    assert answer["FunctionError"] == "Unhandled"
    assert json.load(answer["Payload"])["errorType"] == "RuntimeError"
    everything.close()


def test_the_engines_endpoint_tells_of_functions(stack: LocalStack) -> None:
    everything = LocalClients(stack.endpoint_url, stack.endpoint_url)
    names = [
        function["FunctionName"] for function in everything.client("lambda").list_functions()["Functions"]
    ]
    assert stack.outputs["WorkerName"] in names
    everything.close()
