"""Sends notices to an event bus of EventBridge."""

import json
from typing import Any

from botocore.config import Config

from background_sync.aws import CLIENT_CONFIG, LazyClient
from background_sync.rules.notices import Notice

SOURCE = "background-sync"
VERSION = 1
ONE_TRY = CLIENT_CONFIG.merge(Config(retries={"total_max_attempts": 1}))
"""The caller tries again later: a bus that hangs must not use up an invocation."""


class NotSent(RuntimeError):
    """The bus did not accept a notice."""


class Notices:
    """The notices of a stack. Without a bus (None), nobody wants them."""

    def __init__(self, bus: str | None, stack: str, client: Any = None) -> None:  # noqa: ANN401 - boto3's
        self.wanted = bus is not None
        self._bus = bus
        self._stack = stack
        self._client = client or LazyClient("events", ONE_TRY)

    def send(self, notice: Notice) -> None:
        """Raises `NotSent` and botocore's errors."""
        detail = {
            "version": VERSION,
            "id": f"{self._stack}/{notice.subject}",
            "stack": self._stack,
            **notice.fields,
        }
        entry = {
            "EventBusName": self._bus,
            "Source": SOURCE,
            "DetailType": notice.event,
            "Detail": json.dumps(detail),
        }
        answer = self._client.put_events(Entries=[entry])
        if answer["FailedEntryCount"]:
            raise NotSent(f"{self._bus}: {answer['Entries'][0].get('ErrorCode')}")
