"""Error responses. Kapso's two APIs have different shapes of errors."""

import json
from collections.abc import Mapping

from werkzeug.wrappers import Response


class Problem(Exception):
    """A request is refused with this HTTP status and message."""

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = dict(headers or {})


def problem_response(problem: Problem, *, is_proxy: bool) -> Response:
    error: object = problem.message
    if is_proxy:
        error = {"message": problem.message, "type": "OAuthException", "code": problem.status}
    return json_response({"error": error}, problem.status, problem.headers)


def json_response(document: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    return Response(json.dumps(document), status, headers, content_type="application/json; charset=utf-8")
