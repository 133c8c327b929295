"""What the dispatcher's failure is called."""

import io
import json
from typing import Any, cast

import pytest

from background_sync_ops.sweeping import DispatchError, dispatch
from background_sync_ops.target import Target


class Function:
    """Stands in for a Lambda client, and for the target that makes it."""

    def __init__(self, answer: bytes, **extra: str) -> None:
        self.outputs = {"DispatcherFunctionName": "the-dispatcher"}
        self.answer = {"Payload": io.BytesIO(answer), **extra}
        self.asked: dict[str, Any] = {}

    def client(self, *_: object) -> "Function":
        return self

    def invoke(self, **asked: Any) -> dict[str, Any]:
        self.asked = asked
        return self.answer


def ask(function: Function) -> None:
    dispatch(cast("Target", function), {"run_at": 1})


def test_it_is_invoked_with_the_event() -> None:
    function = Function(b"{}")
    ask(function)
    assert function.asked["FunctionName"] == "the-dispatcher"
    assert json.loads(function.asked["Payload"]) == {"run_at": 1}


def test_its_error_is_told() -> None:
    answer = json.dumps({"errorType": "SettingsError", "errorMessage": "WORK_QUEUE_URL is not set"})
    with pytest.raises(
        DispatchError, match="the dispatcher failed: SettingsError: WORK_QUEUE_URL is not set"
    ):
        ask(Function(answer.encode(), FunctionError="Unhandled"))


@pytest.mark.parametrize(
    ("answer", "told"), [(b"", "no answer"), (b"not json", "not json"), (b"[]", r"\[\]")]
)
def test_an_error_that_is_no_document_is_told_too(answer: bytes, told: str) -> None:
    with pytest.raises(DispatchError, match=f"the dispatcher failed: {told}"):
        ask(Function(answer, FunctionError="Unhandled"))
