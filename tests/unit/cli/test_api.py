"""Asking the health API: plain on the local stack, signed on AWS."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import boto3
import pytest

from background_sync.clock import SystemClock
from background_sync_ops.errors import NOT_DONE, CommandError
from background_sync_ops.health_api import HealthApi
from background_sync_ops.target import Target

RUNS: dict[str, Any] = {"runs": [], "summary": None}


class Api:
    """An HTTP API that answers whatever the test says, and remembers the last request."""

    def __init__(self) -> None:
        self.answer: tuple[int, bytes] = (200, b"{}")
        self.path = ""
        self.headers: Mapping[str, str] = {}
        api = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                api.path, api.headers = self.path, dict(self.headers)
                status, body = api.answer
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    def close(self) -> None:
        if self.thread.is_alive():
            self.server.shutdown()
            self.thread.join()
            self.server.server_close()

    def of(self, *, local: bool) -> HealthApi:
        target = Target(
            name="the stack",
            is_local=local,
            region="eu-west-1",
            outputs={"ApiUrl": self.url},
            clock=SystemClock(),
            session=boto3.Session("key", "secret", "token", "eu-west-1"),
            environment={},
        )
        return HealthApi(target)


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    api = Api()
    with closing(api):
        yield api


def test_runs_are_asked_for_with_their_parameters(api: Api) -> None:
    api.answer = 200, json.dumps(RUNS).encode()
    assert api.of(local=True).runs("a b/ü", 5) == RUNS
    assert api.path == "/health/runs?workspace_id=a+b%2F%C3%BC&limit=5"
    assert "Authorization" not in api.headers


def test_on_aws_the_request_is_signed(api: Api) -> None:
    api.answer = 200, json.dumps(RUNS).encode()
    api.of(local=False).runs(None, 10)
    signature = api.headers["Authorization"]
    assert signature.startswith("AWS4-HMAC-SHA256 Credential=key/")
    assert "/eu-west-1/execute-api/aws4_request" in signature
    assert api.headers["X-Amz-Security-Token"] == "token"


@pytest.mark.parametrize(("status", "state"), [(200, "pass"), (200, "warn"), (503, "fail")])
def test_a_health_that_fails_is_an_answer_too(api: Api, status: int, state: str) -> None:
    api.answer = status, json.dumps({"status": state}).encode()
    assert api.of(local=True).health()["status"] == state


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ((503, b'{"message": "Service Unavailable"}'), "answered GET /health with 503"),
        ((200, b"<html>"), "answered GET /health with 200"),
        ((200, b"[]"), "answered GET /health with 200"),
        ((500, b'{"message": "Internal Server Error"}'), "look at the health function's log"),
        ((403, b'{"message": "Forbidden"}'), "the credentials need execute-api:Invoke"),
    ],
)
def test_what_is_no_health_is_an_error_of_its_own(api: Api, answer: tuple[int, bytes], message: str) -> None:
    api.answer = answer
    with pytest.raises(CommandError, match=message) as raised:
        api.of(local=True).health()
    assert raised.value.status == NOT_DONE == 3


def test_a_parameter_that_the_api_refuses_is_told_in_its_words(api: Api) -> None:
    refusal = {"error": {"parameter": "workspace_id", "message": "workspace_id must not begin with #"}}
    api.answer = 400, json.dumps(refusal).encode()
    with pytest.raises(CommandError, match=r"^workspace_id must not begin with #$"):
        api.of(local=True).runs("#sweep", 10)


def test_an_api_that_does_not_answer_is_an_error(api: Api) -> None:
    asking = api.of(local=True)
    api.close()
    with pytest.raises(CommandError, match="the health API of the stack does not answer"):
        asking.health()
