"""A batch of messages: each is handled, whatever happens to the others."""

from collections.abc import Mapping
from typing import Any

import pytest

from background_sync.batch import RetryLater, handle_batch


@pytest.mark.parametrize("error", [RetryLater("again in 0 s"), OSError("the queue cannot be reached")])
def test_a_message_whose_handling_fails_is_not_acknowledged(error: Exception) -> None:
    handled = []

    def handle(record: Mapping[str, Any]) -> None:
        handled.append(record["body"])
        if record["body"] == "bad":
            raise error

    records = [
        {"messageId": f"m{number}", "body": body} for number, body in enumerate(("good", "bad", "good"))
    ]
    assert handle_batch({"Records": records}, handle) == {"batchItemFailures": [{"itemIdentifier": "m1"}]}
    assert handled == ["good", "bad", "good"]
