"""Functions run as Lambda runs them: environment, warm starts, failures, timeouts, crashes, retries."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from background_sync_ops.stack.errors import InvocationError
from background_sync_ops.stack.stack import LocalStack
from tests.integration.stack.conftest import APP, Eventually, Messages
from tests.integration.stack.processes import runs

WORKER = "WorkerFunction"


def echo(stack: LocalStack, function: str = WORKER) -> dict[str, Any]:
    answer: dict[str, Any] = stack.invoke(function, {"do": "echo"}).result()
    return answer


def drop_warm_sandboxes(stack: LocalStack) -> None:
    """Also drops a sandbox that an asynchronous invocation of another test is about to return."""
    stack.find(WORKER).override({})


def test_a_handler_gets_its_event_and_context(stack: LocalStack) -> None:
    result = stack.invoke(WORKER, {"do": "echo", "text": "grüße"})
    answer = result.json()
    assert (result.function_error, answer["event"]["text"]) == (None, "grüße")
    assert answer["request_id"] == result.request_id
    assert answer["arn"] == stack.find(WORKER).spec.arn
    assert 0 < answer["remaining_ms"] <= 30_000


def test_the_environment_is_what_the_template_and_lambda_set(stack: LocalStack) -> None:
    answer = echo(stack)
    expected = {
        "GREETING": "hello",
        "JOBS_URL": stack.outputs["JobsUrl"],
        "ITEMS": stack.outputs["ItemsName"],
        "AWS_LAMBDA_FUNCTION_NAME": stack.outputs["WorkerName"],
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
        "AWS_REGION": "us-east-1",
        "LAMBDA_TASK_ROOT": str(stack.find(WORKER).spec.code_dir),
    }
    assert expected.items() <= answer["environment"].items()
    assert answer["layer"] == "tiny layer"


def test_the_environment_is_not_passed_on(stack: LocalStack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("PYTHONPATH", "/of/the/operator")
    monkeypatch.setenv("A_SECRET", "of the operator's")
    drop_warm_sandboxes(stack)
    environment = echo(stack)["environment"]
    assert not {"AWS_PROFILE", "A_SECRET", "HOME"} & environment.keys()
    assert "/of/the/operator" not in environment["PYTHONPATH"]


def test_a_changed_clock_applies_to_the_next_invocation(stack: LocalStack) -> None:
    stack.set_clock(3_600_000)
    assert echo(stack)["environment"]["CLOCK_OFFSET_MS"] == "3600000"
    stack.set_clock(0)
    assert echo(stack)["environment"]["CLOCK_OFFSET_MS"] == "0"


def test_an_exception_is_a_function_error_and_leaves_the_sandbox_warm(stack: LocalStack) -> None:
    drop_warm_sandboxes(stack)
    before = echo(stack)
    result = stack.invoke(WORKER, {"do": "fail", "why": "no more ink"})
    assert (result.function_error, result.error_type) == ("Unhandled", "RuntimeError")
    assert result.error_message == "no more ink"
    with pytest.raises(InvocationError, match="RuntimeError: no more ink"):
        result.result()
    after = echo(stack)
    assert (after["pid"], after["calls"]) == (before["pid"], before["calls"] + 2)


def test_a_timeout_kills_the_process_and_the_next_invocation_gets_a_new_one(stack: LocalStack) -> None:
    pid = echo(stack, "ImpatientFunction")["pid"]
    result = stack.invoke("ImpatientFunction", {"do": "sleep", "seconds": 600})
    assert result.error_type == "Sandbox.Timedout"
    assert result.error_message.endswith("Task timed out after 5.00 seconds")
    assert not runs(pid)
    assert echo(stack, "ImpatientFunction")["calls"] == 1


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        ({"do": "leave", "status": 3}, "Runtime exited with error: exit status 3"),
        ({"do": "leave", "status": 0}, "Runtime exited without providing a reason"),
        ({"do": "abort"}, "Runtime exited with error: signal: aborted"),
    ],
)
def test_an_exit_is_logged_and_the_next_is_new(stack: LocalStack, event: dict[str, Any], reason: str) -> None:
    drop_warm_sandboxes(stack)
    result = stack.invoke(WORKER, event)
    assert result.error_type == "Runtime.ExitError"
    assert reason in result.error_message
    assert f"{result.request_id} {reason}" in stack.find(WORKER).log_path.read_text()
    assert echo(stack)["calls"] == 1


def test_a_handler_that_cannot_be_imported_fails_every_time(stack: LocalStack) -> None:
    for _ in range(2):
        result = stack.invoke("BrokenFunction")
        assert result.error_type == "Runtime.ImportModuleError"
        assert "a_module_that_does_not_exist" in result.error_message


def test_a_failed_asynchronous_invocation_is_retried_twice_and_then_sent_to_its_destination(
    stack: LocalStack, eventually: Eventually, messages: Messages
) -> None:
    stack.find(WORKER).invoke_async({"do": "fail", "why": "it rains"})
    [record] = eventually(lambda: messages("LostEventsUrl"))
    assert record["requestPayload"] == {"do": "fail", "why": "it rains"}
    assert record["requestContext"]["approximateInvokeCount"] == 3
    assert record["requestContext"]["condition"] == "RetriesExhausted"
    assert record["responsePayload"]["errorMessage"] == "it rains"


def test_it_may_invoke_itself_once(stack: LocalStack, eventually: Eventually, messages: Messages) -> None:
    log = stack.find(WORKER).log_path
    stack.invoke(WORKER, {"do": "invoke myself", "then": {"do": "say", "what": "once only"}}).result()
    eventually(lambda: "once only" in log.read_text())
    stack.invoke(WORKER, {"do": "invoke myself", "then": {"do": "say", "what": "and after that"}}).result()
    eventually(lambda: "and after that" in log.read_text())
    assert log.read_text().count("once only") == 1
    assert messages("LostEventsUrl") == []


def test_a_failure_alone_is_dropped(stack: LocalStack, eventually: Eventually, messages: Messages) -> None:
    web = stack.find("WebFunction")
    web.invoke_async({"headers": {"x-answer": "error"}})
    eventually(lambda: web.log_path.read_text().count("a secret of the function's") >= 3)
    assert messages("LostEventsUrl") == []


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    root = tmp_path_factory.mktemp("built")
    for name in ("worker", "web", "broken"):
        shutil.copytree(APP / name, root / name)
    shutil.copytree(APP / "layer", root / "layer" / "python")
    shutil.copy(APP / "template.yaml", root)
    with LocalStack(root / "template.yaml", state_dir=tmp_path_factory.mktemp("stack")) as stack:
        yield stack


def found(stack: LocalStack, module: str) -> str | None:
    """The file from which the function would import a module."""
    path: str | None = stack.invoke(WORKER, {"do": "find", "module": module}).result()
    return path


def test_a_built_function_finds_its_layer_and_lambdas_modules_and_no_others(built: LocalStack) -> None:
    layer = built.template_path.parent / "layer" / "python"
    assert built.find(WORKER).spec.layer_dirs == (layer,)
    assert found(built, "tiny_layer") == str(layer / "tiny_layer" / "__init__.py")
    assert all(found(built, module) for module in ("boto3", "urllib3"))
    assert not any(found(built, module) for module in ("moto", "rich", "pynamodb", "background_sync"))
    assert not list(built.template_path.parent.rglob("__pycache__")), "nothing is written into the folder"


def test_a_function_that_runs_from_its_source_finds_the_installed_packages(stack: LocalStack) -> None:
    assert stack.find(WORKER).spec.layer_dirs == (Path(APP / "layer"),)
    assert found(stack, "pynamodb")
