"""Between the built functions and the engine: checks each call as AWS would."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from urllib.parse import urlsplit

from werkzeug.wrappers import Request, Response

from background_sync_ops.stack.loopback import LoopbackServer, listen, url
from background_sync_ops.stack.stack import LocalStack
from background_sync_ops.stack.template import load
from tests.dynamodb.validator import violations
from tests.integration.permissions import Forbidden, Permissions, logical_ids
from tests.template.resources import target

SERVICES = {"DynamoDB_20120810": "dynamodb", "AmazonSQS": "sqs", "AmazonSSM": "ssm", "AWSEvents": "events"}
INVOKE = re.compile(r"/2015-03-31/functions/(.+)/invocations")


class Recorder:
    """Forwards what a function's role allows; `refused` says what is not allowed, or not valid."""

    def __init__(self, stack: LocalStack) -> None:
        self._template = load(stack.template_path, {})
        self.permissions = Permissions(self._template, logical_ids(stack.outputs))
        self.refused: list[str] = []
        for name in [name for name in stack.outputs if name.endswith("TableName")]:
            stack.client("dynamodb").describe_table(
                TableName=stack.outputs[name]
            )  # The validator learns keys.
        self._engine = urlsplit(stack.endpoint_url).netloc

    def role(self, function: str) -> str:
        """The role of a function, by its logical id."""
        return target(self._template.resources[function]["Properties"]["Role"])

    def respond(self, request: Request) -> Response:
        # On Lambda, too, a function's credentials are a session of its role.
        [role] = re.findall(r"Credential=(\w+)/", request.headers["Authorization"])
        if invoked := INVOKE.fullmatch(request.path):
            service, operation, parameters = "lambda", "Invoke", {"FunctionName": invoked[1]}
        else:
            api, operation = request.headers["X-Amz-Target"].split(".")
            service, parameters = SERVICES[api], request.get_json(force=True)
        try:
            self.permissions.check(role, service, operation, parameters)
        except Forbidden as error:
            self.refused.append(str(error))
            return Response('{"__type": "AccessDeniedException"}', 400, content_type="application/json")
        if service == "lambda":
            return Response(
                status=202
            )  # The continuation is only noted: it would end as this invocation does.
        if service == "dynamodb":
            self.refused += violations(operation, parameters)
        return self._forward(request)

    def _forward(self, request: Request) -> Response:
        connection = HTTPConnection(self._engine)
        try:
            connection.request(request.method, request.full_path, request.get_data(), dict(request.headers))
            answer = connection.getresponse()
            return Response(answer.read(), answer.status, answer.getheaders())
        finally:
            connection.close()


@contextmanager
def recording(stack: LocalStack) -> Iterator[Recorder]:
    """Every function's calls go through a recorder, each with the function's role."""
    recorder, listener = Recorder(stack), listen(0)
    address = url(listener)
    with LoopbackServer(recorder.respond, listener):
        for name, function in stack.functions.items():
            endpoints = {"AWS_ENDPOINT_URL": address, "AWS_ENDPOINT_URL_LAMBDA": address}
            function.override({"AWS_ACCESS_KEY_ID": recorder.role(name), **endpoints})
        yield recorder
    assert recorder.refused == []
