"""Functions run as Lambda runs them: environment, warm starts, failures, timeouts, crashes."""

from pathlib import Path
from typing import Any

import pytest

from background_sync_ops.stack.errors import InvocationError, UnknownFunctionError
from background_sync_ops.stack.stack import LocalStack
from tests.integration.stack.processes import runs

WORKER = "WorkerFunction"


def echo(stack: LocalStack, function: str = WORKER) -> dict[str, Any]:
    answer: dict[str, Any] = stack.invoke(function, {"do": "echo"}).result()
    return answer


def test_a_function_answers_with_what_its_handler_returns(stack: LocalStack) -> None:
    result = stack.invoke(WORKER, {"do": "echo", "text": "grüße"})
    assert result.function_error is None
    assert result.json()["event"]["text"] == "grüße"


def test_the_context_is_the_invocation(stack: LocalStack) -> None:
    result = stack.invoke(WORKER, {})
    context = result.json()
    assert context["request_id"] == result.request_id
    assert context["arn"] == stack.find(WORKER).spec.arn
    assert 0 < context["remaining_ms"] <= 30_000


def test_the_environment_is_the_templates(stack: LocalStack) -> None:
    environment = echo(stack)["environment"]
    assert environment["GREETING"] == "hello"
    assert environment["JOBS_URL"] == stack.outputs["JobsUrl"]
    assert environment["ITEMS"] == stack.outputs["ItemsName"]


def test_the_environment_is_lambdas(stack: LocalStack) -> None:
    environment = echo(stack)["environment"]
    assert environment["AWS_LAMBDA_FUNCTION_NAME"] == stack.outputs["WorkerName"]
    assert environment["AWS_EXECUTION_ENV"] == "AWS_Lambda_python3.13"
    assert environment["LAMBDA_TASK_ROOT"] == str(stack.find(WORKER).spec.code_dir)
    assert environment["AWS_REGION"] == "us-east-1"


def test_the_operators_environment_stays_outside(
    stack: LocalStack, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("A_SECRET", "of the operator's")
    stack.find(WORKER).override({})
    environment = echo(stack)["environment"]
    assert not {"AWS_PROFILE", "A_SECRET", "HOME"} & environment.keys()
    assert str(tmp_path) not in environment["PYTHONPATH"]


def test_the_layer_can_be_imported(stack: LocalStack) -> None:
    assert echo(stack)["layer"] == "tiny layer"


def test_a_function_reaches_the_engine(stack: LocalStack) -> None:
    stack.invoke(WORKER, {"do": "put", "id": "by the function"}).result()
    item = stack.client("dynamodb").get_item(
        TableName=stack.outputs["ItemsName"], Key={"id": {"S": "by the function"}}
    )
    assert "Item" in item


def test_a_warm_function_is_used_again(stack: LocalStack) -> None:
    first, second = echo(stack), echo(stack)
    assert second["pid"] == first["pid"]
    assert second["calls"] == first["calls"] + 1


def test_an_exception_is_a_function_error(stack: LocalStack) -> None:
    result = stack.invoke(WORKER, {"do": "fail", "why": "no more ink"})
    assert (result.function_error, result.error_type) == ("Unhandled", "RuntimeError")
    assert result.error_message == "no more ink"
    with pytest.raises(InvocationError, match="RuntimeError: no more ink"):
        result.result()


def test_an_exception_leaves_the_function_warm(stack: LocalStack) -> None:
    pid = echo(stack)["pid"]
    stack.invoke(WORKER, {"do": "fail"})
    assert echo(stack)["pid"] == pid


def test_a_timeout_ends_the_function(stack: LocalStack) -> None:
    pid = echo(stack, "ImpatientFunction")["pid"]
    result = stack.invoke("ImpatientFunction", {"do": "sleep", "seconds": 600})
    assert result.error_type == "Sandbox.Timedout"
    assert result.error_message.endswith("Task timed out after 1.00 seconds")
    assert not runs(pid)


def test_after_a_timeout_the_function_starts_afresh(stack: LocalStack) -> None:
    stack.invoke("ImpatientFunction", {"do": "sleep", "seconds": 600})
    assert echo(stack, "ImpatientFunction")["calls"] == 1


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        ({"do": "leave", "status": 3}, "exit status 3"),
        ({"do": "leave", "status": 0}, "exited without providing a reason"),
        ({"do": "abort"}, "signal: aborted"),
    ],
)
def test_a_crash_is_noticed(stack: LocalStack, event: dict[str, Any], reason: str) -> None:
    result = stack.invoke(WORKER, event)
    assert result.error_type == "Runtime.ExitError"
    assert reason in result.error_message


def test_after_a_crash_the_function_starts_afresh(stack: LocalStack) -> None:
    stack.invoke(WORKER, {"do": "abort"})
    assert echo(stack)["calls"] == 1


def test_a_handler_that_cannot_be_imported_says_so_every_time(stack: LocalStack) -> None:
    for _ in range(2):
        result = stack.invoke("BrokenFunction")
        assert result.error_type == "Runtime.ImportModuleError"
        assert "a_module_that_does_not_exist" in result.error_message


def test_what_a_function_prints_is_in_its_log(stack: LocalStack) -> None:
    stack.invoke(WORKER, {"do": "say", "what": "a line for the log"})
    assert "a line for the log" in stack.find(WORKER).log_path.read_text()
    assert "a line for the log" not in stack.find("WebFunction").log_path.read_text()


def test_what_the_platform_found_is_in_the_log_too(stack: LocalStack) -> None:
    result = stack.invoke(WORKER, {"do": "leave", "status": 3})
    assert f"{result.request_id} Runtime exited with error" in stack.find(WORKER).log_path.read_text()


def test_a_changed_environment_is_that_of_the_next_invocation(stack: LocalStack) -> None:
    stack.set_clock(3_600_000)
    assert echo(stack)["environment"]["CLOCK_OFFSET_MS"] == "3600000"
    stack.set_clock(0)
    assert echo(stack)["environment"]["CLOCK_OFFSET_MS"] == "0"


def test_an_unknown_function_is_named(stack: LocalStack) -> None:
    with pytest.raises(UnknownFunctionError, match="no function NoSuchFunction"):
        stack.invoke("NoSuchFunction")
