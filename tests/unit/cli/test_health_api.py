"""Requests to the health API: plain on the local stack, signed on AWS."""

import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import boto3
import pytest
from werkzeug.wrappers import Request, Response

from background_sync.clock import SystemClock
from background_sync_ops.errors import NOT_DONE, USAGE, CommandError
from background_sync_ops.health_api import HealthApi
from background_sync_ops.stack.loopback import LoopbackServer, listen, url
from background_sync_ops.target import Target

RUNS: dict[str, Any] = {"runs": [], "summary": None}


class ApiServer:
    """Answers every request with `status` and `body`, and keeps the last request."""

    def __init__(self) -> None:
        self.status, self.body = 200, b"{}"
        self.request: Request | None = None
        listener = listen(0)
        self._url = url(listener)
        self._server = LoopbackServer(self._respond, listener)

    def _respond(self, request: Request) -> Response:
        self.request = request
        return Response(self.body, self.status)

    def answers(self, document: object, status: int = 200) -> None:
        self.status, self.body = status, json.dumps(document).encode()

    @property
    def last(self) -> Request:
        assert self.request is not None
        return self.request

    def close(self) -> None:
        self._server.close()

    def client(self, *, local: bool = True) -> HealthApi:
        target = Target(
            name="the stack",
            is_local=local,
            region="eu-west-1",
            outputs={"ApiUrl": self._url},
            clock=SystemClock(),
            session=boto3.Session("key", "secret", "token", "eu-west-1"),
            environment={},
        )
        return HealthApi(target)


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[ApiServer]:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    with closing(ApiServer()) as api:
        yield api


def test_a_request_on_the_local_stack_is_encoded_and_not_signed(api: ApiServer) -> None:
    api.answers(RUNS)
    assert api.client().runs("a b/ü", 5) == RUNS
    assert api.last.full_path == "/health/runs?workspace_id=a+b%2F%C3%BC&limit=5"
    assert "Authorization" not in api.last.headers


def test_a_request_on_aws_is_signed(api: ApiServer) -> None:
    api.answers(RUNS)
    api.client(local=False).runs(None, 10)
    signature = api.last.headers["Authorization"]
    assert signature.startswith("AWS4-HMAC-SHA256 Credential=key/")
    assert "/eu-west-1/execute-api/aws4_request" in signature
    assert api.last.headers["X-Amz-Security-Token"] == "token"


@pytest.mark.parametrize(("status", "state"), [(200, "pass"), (200, "warn"), (503, "fail")])
def test_each_state_of_health_is_an_answer(api: ApiServer, status: int, state: str) -> None:
    api.answers({"status": state}, status)
    assert api.client().health()["status"] == state


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        (503, b'{"message": "Service Unavailable"}', "answered GET /health with 503"),
        (200, b"<html>", "answered GET /health with 200"),
        (200, b"[]", "answered GET /health with 200"),
        (500, b'{"message": "Internal Server Error"}', "look at the health function's log"),
        (403, b'{"message": "Forbidden"}', "the credentials need execute-api:Invoke"),
    ],
)
def test_an_unusable_answer_is_status_3(api: ApiServer, status: int, body: bytes, message: str) -> None:
    api.status, api.body = status, body
    with pytest.raises(CommandError, match=message) as raised:
        api.client().health()
    assert raised.value.status == NOT_DONE == 3


@pytest.mark.parametrize(("parameter", "option"), [("workspace_id", "--workspace"), ("state", "--state")])
def test_the_apis_own_message_explains_a_refused_option(api: ApiServer, parameter: str, option: str) -> None:
    api.answers({"parameter": parameter, "message": f"{parameter} must not begin with #"}, 400)
    with pytest.raises(CommandError, match=f"^{option} must not begin with #$") as raised:
        api.client().runs("#sweep", 10)
    assert raised.value.status == USAGE == 2


def test_a_workspace_that_the_api_does_not_know_has_no_runs(api: ApiServer) -> None:
    api.answers({"parameter": "workspace_id", "message": "there is no workspace"}, 404)
    assert api.client().runs("nobody", 10) == RUNS
    api.answers({"message": "Not Found"}, 404)
    with pytest.raises(CommandError, match="answered GET /health/runs with 404"):
        api.client().runs("nobody", 10)


def test_no_answer_is_an_error(api: ApiServer) -> None:
    api.close()
    with pytest.raises(CommandError, match="the health API of the stack does not answer"):
        api.client().health()
