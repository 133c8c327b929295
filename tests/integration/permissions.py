"""Checks AWS calls against the role of the function that makes them: the local engine allows everything."""

import re
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from functools import wraps
from typing import Any

import pytest
from botocore.client import BaseClient

from background_sync_ops.stack.template import Template
from tests.template.resources import as_list, statements, targets

Call = tuple[str, str]
"""An action, and its resource: a logical id, an index of it, or a folder of SSM parameters."""
PARAMETERS = re.compile(
    r"(?:parameter/\$\{AWS::StackName\}|^/(?:stack|background-sync))/(kapso-tokens|webhook-secrets|erasure)/"
)
BUS = re.compile(r"event-bus/\$\{(\w+)\}")
BY_AWS = {
    *("logs:CreateLogStream", "logs:PutLogEvents", "kms:Decrypt", "sqs:ReceiveMessage", "sqs:DeleteMessage"),
    ("ReconcilerRole", ("sqs:GetQueueAttributes", "WorkQueue")),
    ("RecorderRole", ("sqs:GetQueueAttributes", "IntakeQueue")),
    ("DispatcherRole", ("sqs:SendMessage", "DispatcherFailuresQueue")),
}
"""What Lambda and SSM do with a function's role, and its code does not: actions, or calls of a role."""
IAM_ACTIONS = {
    "SendMessageBatch": "SendMessage",
    "DeleteMessageBatch": "DeleteMessage",
    "ChangeMessageVisibilityBatch": "ChangeMessageVisibility",
    "Invoke": "InvokeFunction",
}
"""The actions in IAM of requests with another name."""


class Forbidden(BaseException):
    """A function made a call that its role does not allow. No code of the product catches this."""


class Permissions:
    """While `watching`, refuses the calls of every client that the current role does not allow.

    Code in `acting` has a role, and so do the threads that it starts. Calls without a role are made by tests.
    """

    def __init__(self, template: Template, names: Mapping[str, str]) -> None:
        """`names` maps the names of tables, queues and functions to logical ids."""
        self.allowed = {
            role: set(calls_allowed(template, role)) for role in template.of_type("AWS::IAM::Role")
        }
        self.made: set[tuple[str, Call]] = set()
        self._names = names
        self._role: ContextVar[str | None] = ContextVar("role", default=None)

    def unused(self) -> set[tuple[str, Call]]:
        """The allowed calls that no code has made."""
        allowed = {(role, call) for role, calls in self.allowed.items() for call in calls}
        return {each for each in allowed - self.made if each not in BY_AWS and each[1][0] not in BY_AWS}

    @contextmanager
    def acting(self, role: str | None) -> Iterator[None]:
        before = self._role.set(role)
        try:
            yield
        finally:
            self._role.reset(before)

    @contextmanager
    def watching(self) -> Iterator[None]:
        make: Callable[..., Any] = BaseClient._make_api_call  # type: ignore[attr-defined]
        submit: Callable[..., Any] = ThreadPoolExecutor.submit

        def checked_call(client: Any, operation: str, parameters: Mapping[str, Any]) -> Any:
            if role := self._role.get():
                self.check(role, client.meta.service_model.service_name, operation, parameters)
            return make(client, operation, parameters)

        @wraps(submit)
        def with_the_same_role(pool: Any, work: Any, *args: Any, **kwargs: Any) -> Any:
            return submit(pool, copy_context().run, work, *args, **kwargs)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(BaseClient, "_make_api_call", checked_call)
            patch.setattr(ThreadPoolExecutor, "submit", with_the_same_role)
            yield

    def check(self, role: str, service: str, operation: str, parameters: Mapping[str, Any]) -> None:
        """Note a call that is made with `role`; raises `Forbidden`."""
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
        elif operation == "PutEvents":
            yield "events:PutEvents", "NoticeBusName"
        elif "Names" in parameters:
            for name in parameters["Names"]:
                found = PARAMETERS.search(name)
                yield f"{service}:{operation}", found[1] if found else name
        else:
            yield f"{service}:{IAM_ACTIONS.get(operation, operation)}", self._resource(parameters)

    def _resource(self, parameters: Mapping[str, Any]) -> str:
        kinds = ("TableName", "QueueUrl", "FunctionName")
        [resource] = [self._names[parameters[name]] for name in kinds if name in parameters]
        return f"{resource}/index/{parameters['IndexName']}" if "IndexName" in parameters else resource


def logical_ids(outputs: Mapping[str, str]) -> dict[str, str]:
    """The logical id of each name or URL in a stack's outputs: `WorkQueueUrl` is of `WorkQueue`."""
    return {value: name.removesuffix("Name").removesuffix("Url") for name, value in outputs.items()}


def calls_allowed(template: Template, role: str) -> Iterator[Call]:
    """What the statements of a role allow."""
    for statement in statements(template, role):
        if statement["Effect"] != "Allow" or "Condition" in statement:
            raise ValueError(f"{role}: only plain statements that allow are understood here")
        for resource in as_list(statement["Resource"]):
            for action in as_list(statement["Action"]):
                yield action, _resource_name(resource)


def _resource_name(resource: Any) -> str:
    text = str(resource)
    if found := PARAMETERS.search(text) or BUS.search(text):
        return found[1]
    [name] = targets(resource)
    return name + "".join(re.findall(r"/index/\w+", text))
