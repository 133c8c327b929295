"""The HTTP API: payload format 2.0 in, HTTP out."""

import json
from collections.abc import Callable
from http.client import HTTPResponse
from typing import Any

import pytest

Fetch = Callable[..., tuple[HTTPResponse, bytes]]


def event(fetch: Fetch, *request: Any, **headers: str) -> dict[str, Any]:
    """The event that the function got for a request."""
    response, body = fetch(*request, **headers)
    assert response.status == 200
    found: dict[str, Any] = json.loads(body)
    return found


def test_a_request_becomes_an_event(fetch: Fetch) -> None:
    got = event(fetch, "/echo?limit=5&name=a%20b", User_Agent="tests", X_Colour="red", Cookie="a=1; b=2")
    assert (got["version"], got["routeKey"], got["rawPath"]) == ("2.0", "ANY /echo", "/echo")
    assert got["rawQueryString"] == "limit=5&name=a%20b"
    assert got["queryStringParameters"] == {"limit": "5", "name": "a b"}
    assert got["headers"]["x-colour"] == "red"
    assert got["cookies"] == ["a=1", "b=2"]
    assert "cookie" not in got["headers"]
    assert got["isBase64Encoded"] is False


def test_the_request_context_tells_of_the_request(fetch: Fetch) -> None:
    context = event(fetch, "/echo", User_Agent="tests")["requestContext"]
    assert context["http"]["method"] == "GET"
    assert context["http"]["path"] == "/echo"
    assert context["http"]["sourceIp"] == "127.0.0.1"
    assert context["http"]["userAgent"] == "tests"
    assert context["stage"] == "$default"


def test_what_a_request_has_not_the_event_has_not(fetch: Fetch) -> None:
    got = event(fetch, "/echo")
    assert not {"queryStringParameters", "cookies", "body", "pathParameters"} & got.keys()
    assert got["rawQueryString"] == ""


def test_a_parameter_given_twice_is_joined(fetch: Fetch) -> None:
    assert event(fetch, "/echo?id=1&id=2")["queryStringParameters"] == {"id": "1,2"}


def test_a_body_of_text_is_passed_on(fetch: Fetch) -> None:
    got = event(fetch, "/echo", "POST", "grüße".encode())
    assert (got["body"], got["isBase64Encoded"]) == ("grüße", False)


def test_a_body_of_bytes_is_encoded(fetch: Fetch) -> None:
    got = event(fetch, "/echo", "POST", b"\x00\xff")
    assert (got["body"], got["isBase64Encoded"]) == ("AP8=", True)


@pytest.mark.parametrize(
    ("path", "key", "parameters"),
    [
        ("/items/7", "GET /items/{id}", {"id": "7"}),
        ("/files/a/b.txt", "GET /files/{path+}", {"path": "a/b.txt"}),
    ],
)
def test_parameters_in_the_path_are_named(
    fetch: Fetch, path: str, key: str, parameters: dict[str, str]
) -> None:
    got = event(fetch, path)
    assert (got["routeKey"], got["pathParameters"]) == (key, parameters)


def test_the_functions_answer_becomes_the_response(fetch: Fetch) -> None:
    response, body = fetch("/echo", x_answer="teapot")
    assert (response.status, body) == (418, b"short")
    assert response.headers["Content-Type"] == "text/tea"
    assert response.headers.get_all("Set-Cookie") == ["a=1", "b=2"]


def test_an_encoded_body_is_decoded(fetch: Fetch) -> None:
    _, body = fetch("/echo", x_answer="binary")
    assert body == b"\x00\x01\xff"


def test_an_answer_without_a_status_is_the_body(fetch: Fetch) -> None:
    response, body = fetch("/echo", x_answer="bare")
    assert (response.status, json.loads(body)) == (200, {"no": "status"})
    assert response.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(("path", "method"), [("/nowhere", "GET"), ("/items", "GET"), ("/items/7", "POST")])
def test_what_no_route_has_is_not_found(fetch: Fetch, path: str, method: str) -> None:
    response, body = fetch(path, method)
    assert (response.status, json.loads(body)) == (404, {"message": "Not Found"})


def test_a_function_error_gives_nothing_away(fetch: Fetch) -> None:
    response, body = fetch("/echo", x_answer="error")
    assert (response.status, json.loads(body)) == (500, {"message": "Internal Server Error"})
