"""A batch of messages: each is handled, whatever happens to the others."""

from typing import Any

import pytest

from background_sync.clock import Deadline, SystemClock
from background_sync.sync.deliver import Delivery, MessageHandler, RetryLater

DEADLINE = Deadline(SystemClock(), 0)


@pytest.mark.parametrize("error", [RetryLater("again in 0 s"), OSError("the queue cannot be reached")])
def test_a_message_whose_handling_fails_is_not_acknowledged(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def handle(_: MessageHandler, delivery: Delivery, __: Deadline) -> None:
        if delivery.body == "bad":
            raise error

    monkeypatch.setattr(MessageHandler, "handle", handle)
    context: Any = None
    handler = MessageHandler(context=context, work={})
    batch = [Delivery(body=body, receipt_handle="", receive_count=1) for body in ("good", "bad", "good")]
    assert [handler.is_done(each, DEADLINE) for each in batch] == [True, False, True]
