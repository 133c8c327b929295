"""Errors, in the shape that each of Kapso's two APIs gives them."""

import json
from collections.abc import Mapping
from typing import Literal

from werkzeug.wrappers import Response

Surface = Literal["proxy", "platform"]
"""The Meta proxy, or Kapso's own platform."""


class Problem(Exception):
    """A request that is refused, with an HTTP status and a message."""

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = dict(headers or {})


def problem_response(problem: Problem, surface: Surface, *, text: bool) -> Response:
    """A problem as an answer; `text`: the proxy's short form, which is the platform's only one."""
    error: object = problem.message
    if surface == "proxy" and not text:
        error = {"message": problem.message, "type": "OAuthException", "code": problem.status}
    return json_response({"error": error}, problem.status, problem.headers)


def json_response(document: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A document as JSON."""
    return Response(json.dumps(document), status, headers, content_type="application/json; charset=utf-8")
