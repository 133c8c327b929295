"""Whether a function's role allows the AWS calls that it makes: the local engine lets everything pass."""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from typing import Any

import pytest
from botocore.client import BaseClient

from background_sync_ops.stack.template import Template
from tests.template.resources import many, statements, targets

Call = tuple[str, str]
"""An action, and what it is done to: a logical id, an index of it, or `tokens`."""
TOKENS = "kapso-tokens/"
SINGLE = {
    "SendMessageBatch": "SendMessage",
    "DeleteMessageBatch": "DeleteMessage",
    "ChangeMessageVisibilityBatch": "ChangeMessageVisibility",
    "Invoke": "InvokeFunction",
}
"""Requests that IAM knows by another action."""


class Forbidden(BaseException):
    """A function made a call that its role does not allow; nobody catches it."""


class Permissions:
    """Watches the calls of every client while it is `watching`, and refuses those that the role lacks.

    The code in `acting` works with a role, and so do the threads that it starts; calls of nobody are the
    tests' own.
    """

    def __init__(self, template: Template, names: Mapping[str, str], token_prefix: str) -> None:
        """`names` are the logical ids of what the calls name, tables, queues and functions; tokens begin with
        `token_prefix`."""
        self._token_prefix = token_prefix
        self.allowed = {role: set(_allowed(template, role)) for role in template.of_type("AWS::IAM::Role")}
        self.made: set[tuple[str, Call]] = set()
        self._names = names
        self._role: ContextVar[str | None] = ContextVar("role", default=None)

    @contextmanager
    def acting(self, role: str | None) -> Iterator[None]:
        """What happens here is done with `role`."""
        before = self._role.set(role)
        try:
            yield
        finally:
            self._role.reset(before)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """From here on calls are looked at."""
        make: Callable[..., Any] = BaseClient._make_api_call  # type: ignore[attr-defined]
        submit: Callable[..., Any] = ThreadPoolExecutor.submit

        def looked_at(client: Any, operation: str, parameters: Mapping[str, Any]) -> Any:
            self._look_at(client.meta.service_model.service_name, operation, parameters)
            return make(client, operation, parameters)

        def with_the_same_role(pool: Any, work: Any, *args: Any, **kwargs: Any) -> Any:
            return submit(pool, copy_context().run, work, *args, **kwargs)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(BaseClient, "_make_api_call", looked_at)
            patch.setattr(ThreadPoolExecutor, "submit", with_the_same_role)
            yield

    def _look_at(self, service: str, operation: str, parameters: Mapping[str, Any]) -> None:
        role = self._role.get()
        if role is None:
            return
        for call in self._calls(service, operation, parameters):
            self.made.add((role, call))
            if call not in self.allowed[role]:
                raise Forbidden(f"{role} does not allow {call[0]} on {call[1]}")

    def _calls(self, service: str, operation: str, parameters: Mapping[str, Any]) -> Iterator[Call]:
        if operation == "TransactWriteItems":
            for item in parameters["TransactItems"]:
                [(action, what)] = item.items()
                yield f"dynamodb:{action}Item", self._names[what["TableName"]]
        elif operation == "BatchGetItem":
            for table in parameters["RequestItems"]:
                yield f"dynamodb:{operation}", self._names[table]
        else:
            yield f"{service}:{SINGLE.get(operation, operation)}", self._resource(parameters)

    def _resource(self, parameters: Mapping[str, Any]) -> str:
        if "Name" in parameters:
            named = str(parameters["Name"])
            return "tokens" if named.startswith(self._token_prefix) else named
        kinds = ("TableName", "QueueUrl", "FunctionName")
        [resource] = [self._names[parameters[name]] for name in kinds if name in parameters]
        return f"{resource}/index/{parameters['IndexName']}" if "IndexName" in parameters else resource


def logical_ids(outputs: Mapping[str, str]) -> dict[str, str]:
    """Of the names and URLs that a stack's outputs tell: `WorkQueueUrl` is that of `WorkQueue`."""
    return {value: name.removesuffix("Name").removesuffix("Url") for name, value in outputs.items()}


def _allowed(template: Template, role: str) -> Iterator[Call]:
    for statement in statements(template, role):
        if statement["Effect"] != "Allow" or "Condition" in statement:
            raise ValueError(f"{role}: only plain statements that allow are understood here")
        for resource in many(statement["Resource"]):
            for action in many(statement["Action"]):
                yield action, _named(resource)


def _named(resource: Any) -> str:
    text = str(resource)
    if TOKENS in text:
        return "tokens"
    [name] = targets(resource)
    _, index, rest = text.partition("/index/")
    return f"{name}{index}{rest.rstrip(chr(39) + '}')}"
