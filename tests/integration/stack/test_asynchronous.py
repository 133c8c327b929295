"""Asynchronous invocations: retried, then given to the failure destination."""

from collections.abc import Callable
from typing import Any

from background_sync_ops.stack.stack import LocalStack

Eventually = Callable[[Callable[[], Any]], Any]
Messages = Callable[[str], list[Any]]


def test_a_failing_invocation_is_tried_three_times_and_then_handed_over(
    stack: LocalStack, eventually: Eventually, messages: Messages
) -> None:
    stack.find("WorkerFunction").invoke_async({"do": "fail", "why": "it rains"})
    [record] = eventually(lambda: messages("LostEventsUrl"))
    assert record["requestPayload"] == {"do": "fail", "why": "it rains"}
    assert record["requestContext"]["approximateInvokeCount"] == 3
    assert record["requestContext"]["condition"] == "RetriesExhausted"
    assert record["responsePayload"]["errorMessage"] == "it rains"


def test_a_good_invocation_runs_once_and_is_not_handed_over(
    stack: LocalStack, eventually: Eventually, messages: Messages
) -> None:
    log = stack.find("WorkerFunction").log_path
    stack.find("WorkerFunction").invoke_async({"do": "say", "what": "once only"})
    eventually(lambda: "once only" in log.read_text())
    stack.find("WorkerFunction").invoke_async({"do": "say", "what": "and after that"})
    eventually(lambda: "and after that" in log.read_text())
    assert log.read_text().count("once only") == 1
    assert messages("LostEventsUrl") == []


def test_a_failure_without_a_destination_is_let_go(
    stack: LocalStack, eventually: Eventually, messages: Messages
) -> None:
    web = stack.find("WebFunction")
    web.invoke_async({"headers": {"x-answer": "error"}})
    eventually(lambda: web.log_path.read_text().count("a secret of the function's") >= 3)
    assert messages("LostEventsUrl") == []


def test_a_function_can_invoke_itself(stack: LocalStack, eventually: Eventually) -> None:
    log = stack.find("WorkerFunction").log_path
    stack.invoke(
        "WorkerFunction", {"do": "invoke myself", "then": {"do": "say", "what": "from myself"}}
    ).result()
    eventually(lambda: "from myself" in log.read_text())
