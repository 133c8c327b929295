"""Faults between a client and the engine: lost answers, failed requests, and others who act in between."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from contextvars import ContextVar
from threading import Lock
from typing import Any

from botocore.exceptions import ReadTimeoutError

Act = Callable[[], object]
Acting = Callable[[str | None], AbstractContextManager[None]]
_acting = ContextVar("acting", default=False)
FOR_GOOD = 1_000
"""More often than any client retries."""


class Faults:
    """Applies faults to the requests of a client, until it is closed."""

    def __init__(self, client: Any, acting: Acting) -> None:
        self._client = client
        self._acting_as = acting
        self._rules: list[_Rule] = []
        self._late: set[str] = set()
        self._lock = Lock()
        client.meta.events.register_first("before-send", self._before_send)

    def close(self) -> None:
        self._rules.clear()
        self._client.meta.events.unregister("before-send", self._before_send)
        self._client.meta.events.unregister("after-call.dynamodb.Query", self._remove_late_attributes)

    def lose_answers(self, operation: str, times: int = 1, *, after: int = 0) -> None:
        """Requests reach the engine, but their answers are lost: the client sees a timeout, and retries.

        `after` requests of the operation pass first.
        """
        self._rules.append(_Rule(operation, times, after, self._lose))

    def fail(self, operation: str, error: BaseException, *, after: int = 0) -> None:
        """One request does not reach the engine: `error` is raised instead."""

        def fail(_: Any) -> None:
            raise error

        self._rules.append(_Rule(operation, 1, after, fail))

    def meanwhile(self, operation: str, act: Act, *, times: int = 1, after: int = 0) -> None:
        """Somebody else acts just before a request reaches the engine."""
        self._rules.append(_Rule(operation, times, after, lambda _: act()))

    def late_index(self, attribute: str) -> None:
        """Writes to an attribute do not reach the index."""
        self._late.add(attribute)
        self._client.meta.events.register("after-call.dynamodb.Query", self._remove_late_attributes)

    def _remove_late_attributes(self, parsed: Any, **_: object) -> None:
        for item in parsed["Items"]:
            for attribute in self._late & item.keys():
                del item[attribute]

    def _before_send(self, event_name: str, request: Any, **_: object) -> None:
        if _acting.get():
            return
        with self._lock:  # the requests of other threads wait
            for rule in self._rules:
                if rule.applies_to(event_name.rsplit(".", 1)[-1]):
                    self._act(rule, request)

    def _act(self, rule: "_Rule", request: Any) -> None:
        # The requests of `act` itself pass, in any thread.
        token = _acting.set(True)
        try:
            with self._acting_as(None):
                rule.act(request)
        finally:
            _acting.reset(token)

    def _lose(self, request: Any) -> None:
        self._client._endpoint.http_session.send(request)
        raise ReadTimeoutError(endpoint_url=request.url)


class _Rule:
    def __init__(self, operation: str, times: int, after: int, act: Callable[[Any], object]) -> None:
        self.act = act
        self._operation, self._times, self._after = operation, times, after

    def applies_to(self, operation: str) -> bool:
        """Whether the rule applies to this request; counts it."""
        if self._operation != operation or self._times == 0:
            return False
        if self._after:
            self._after -= 1
            return False
        self._times -= 1
        return True


class ChoosyQueue:
    """SQS that refuses some messages: their entries come back as `Failed`, `times` times each."""

    def __init__(self, client: Any, refuses: Callable[[str], bool], times: int = FOR_GOOD) -> None:
        self._client, self._refuses, self._times = client, refuses, times
        self._refused: dict[str, int] = {}
        self.requests: list[list[str]] = []
        self.taken: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def send_message_batch(self, *, QueueUrl: str, Entries: Sequence[Any]) -> Any:  # noqa: N803
        self.requests.append([entry["MessageBody"] for entry in Entries])
        failed = [entry for entry in Entries if self._refuse(entry["MessageBody"])]
        taken = [entry for entry in Entries if entry not in failed]
        self.taken += [entry["MessageBody"] for entry in taken]
        if taken:
            self._client.send_message_batch(QueueUrl=QueueUrl, Entries=taken)
        return {"Failed": list(map(_failure, failed))} if failed else {}

    def _refuse(self, body: str) -> bool:
        if not self._refuses(body) or self._refused.get(body, 0) >= self._times:
            return False
        self._refused[body] = self._refused.get(body, 0) + 1
        return True


def _failure(entry: Any) -> dict[str, Any]:
    return {"Id": entry["Id"], "SenderFault": False, "Code": "InternalError", "Message": "try again"}
