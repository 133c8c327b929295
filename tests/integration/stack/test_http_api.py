"""The HTTP API: payload format 2.0 in, HTTP out."""

import json
from typing import Any

import pytest

from tests.integration.stack.conftest import Fetch


def event(fetch: Fetch, *request: Any, **headers: str) -> dict[str, Any]:
    """The event that the function got for a request."""
    response, body = fetch(*request, **headers)
    assert response.status == 200
    found: dict[str, Any] = json.loads(body)
    return found


def test_a_request_becomes_an_event_without_what_is_empty(fetch: Fetch) -> None:
    got = event(fetch, "/echo?limit=5&id=a%20b&id=c", User_Agent="tests", X_Colour="red", Cookie="a=1; b=2")
    assert (got["version"], got["routeKey"], got["rawPath"]) == ("2.0", "ANY /echo", "/echo")
    assert got["rawQueryString"] == "limit=5&id=a%20b&id=c"
    assert got["queryStringParameters"] == {"limit": "5", "id": "a b,c"}
    assert got["headers"]["x-colour"] == "red"
    assert got["cookies"] == ["a=1", "b=2"]
    assert "cookie" not in got["headers"]
    assert got["isBase64Encoded"] is False
    context = got["requestContext"]
    assert (context["http"]["method"], context["http"]["path"]) == ("GET", "/echo")
    assert (context["http"]["sourceIp"], context["http"]["userAgent"]) == ("127.0.0.1", "tests")
    assert context["stage"] == "$default"
    bare = event(fetch, "/echo")
    assert not {"queryStringParameters", "cookies", "body", "pathParameters"} & bare.keys()
    assert bare["rawQueryString"] == ""


@pytest.mark.parametrize(
    ("sent", "body", "is_base64"), [("grüße".encode(), "grüße", False), (b"\x00\xff", "AP8=", True)]
)
def test_only_a_binary_body_is_encoded(fetch: Fetch, sent: bytes, body: str, is_base64: bool) -> None:
    got = event(fetch, "/echo", "POST", sent)
    assert (got["body"], got["isBase64Encoded"]) == (body, is_base64)


@pytest.mark.parametrize(
    ("path", "key", "parameters"),
    [
        ("/items/7", "GET /items/{id}", {"id": "7"}),
        ("/files/a/b.txt", "GET /files/{path+}", {"path": "a/b.txt"}),
    ],
)
def test_path_parameters_are_named(fetch: Fetch, path: str, key: str, parameters: dict[str, str]) -> None:
    got = event(fetch, path)
    assert (got["routeKey"], got["pathParameters"]) == (key, parameters)


def test_the_functions_answer_becomes_the_response(fetch: Fetch) -> None:
    response, body = fetch("/echo", x_answer="teapot")
    assert (response.status, body) == (418, b"short")
    assert response.headers["Content-Type"] == "text/tea"
    assert response.headers.get_all("Set-Cookie") == ["a=1", "b=2"]
    assert fetch("/echo", x_answer="binary")[1] == b"\x00\x01\xff"
    response, body = fetch("/echo", x_answer="bare")  # without a status
    assert (response.status, json.loads(body)) == (200, {"no": "status"})
    assert response.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(("path", "method"), [("/nowhere", "GET"), ("/items", "GET"), ("/items/7", "POST")])
def test_a_request_without_a_route_is_not_found(fetch: Fetch, path: str, method: str) -> None:
    response, body = fetch(path, method)
    assert (response.status, json.loads(body)) == (404, {"message": "Not Found"})


def test_a_function_error_reveals_nothing(fetch: Fetch) -> None:
    response, body = fetch("/echo", x_answer="error")
    assert (response.status, json.loads(body)) == (500, {"message": "Internal Server Error"})
