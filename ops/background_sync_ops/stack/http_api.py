"""The template's HTTP API on 127.0.0.1: passes requests to functions, in payload format 2.0.

Routes that need IAM authorisation on AWS are open here, because only this machine's users can reach the
server.
"""

import base64
import json
import re
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from werkzeug.wrappers import Request, Response

from background_sync_ops.stack.clients import ACCOUNT_ID
from background_sync_ops.stack.deployment import Route
from background_sync_ops.stack.errors import InvocationError
from background_sync_ops.stack.loopback import Respond
from background_sync_ops.stack.sandbox import InvocationResult

Invoke = Callable[[str, object], InvocationResult]
API_ID = "local"
PARAMETER = re.compile(r"\\\{(\w+)(\\\+)?\\\}")  # {name} or {name+}, as re.escape leaves them


class HttpApi:
    """Answers requests. `invoke` gets a function's logical id and the event.

    `local_routes` are paths that this process answers itself, instead of a function. They can only be read.
    """

    def __init__(self, routes: Sequence[Route], invoke: Invoke) -> None:
        self.local_routes: dict[str, Respond] = {}
        self._routes = sorted(map(_Matcher, routes), key=_Matcher.rank)
        self._invoke = invoke

    def __call__(self, request: Request) -> Response:
        if request.path in self.local_routes and request.method in ("GET", "HEAD"):
            return self.local_routes[request.path](request)
        for matcher in self._routes:
            parameters = matcher.match(request)
            if parameters is not None:
                event = _event(request, matcher.key, parameters)
                return _response(self._invoke(matcher.route.function, event))
        return _message(404, "Not Found")


class _Matcher:
    """A route, and which requests it matches."""

    def __init__(self, route: Route) -> None:
        self.route = route
        self.key = route.path if route.path == "$default" else f"{route.method} {route.path}"
        self._pattern = re.compile(
            ".*" if route.path == "$default" else PARAMETER.sub(_group, re.escape(route.path))
        )

    def rank(self) -> tuple[bool, bool, int, bool]:
        """API Gateway tries paths without parameters first, then {name}, then {name+}, and $default last."""
        path = self.route.path
        return path == "$default", "+}" in path, path.count("{"), self.route.method == "ANY"

    def match(self, request: Request) -> dict[str, str] | None:
        """The path parameters if this route matches the request, else None."""
        if self.route.path != "$default" and self.route.method not in ("ANY", request.method):
            return None
        found = self._pattern.fullmatch(request.path)
        return found.groupdict() if found else None


def _group(parameter: re.Match[str]) -> str:
    return f"(?P<{parameter[1]}>{'.+' if parameter[2] else '[^/]+'})"


def _event(request: Request, route_key: str, parameters: dict[str, str]) -> dict[str, Any]:
    body = request.get_data()
    text, is_base64 = _text(body)
    return {
        "version": "2.0",
        "routeKey": route_key,
        "rawPath": request.path,
        "rawQueryString": request.query_string.decode(),
        "headers": _headers(request),
        "requestContext": _context(request, route_key),
        "isBase64Encoded": is_base64,
        **_present("cookies", [f"{name}={value}" for name, value in request.cookies.items()]),
        **_present("queryStringParameters", _joined(request.args.lists())),
        **_present("pathParameters", parameters),
        **_present("body", text),
    }


def _present(name: str, value: Any) -> dict[str, Any]:
    """API Gateway leaves empty values out."""
    return {name: value} if value else {}


def _headers(request: Request) -> dict[str, str]:
    """Names in lower case, repeated headers joined with a comma. Cookies are a field of the event instead."""
    names = {name.lower() for name, _ in request.headers} - {"cookie"}
    return {name: ",".join(request.headers.getlist(name)) for name in sorted(names)}


def _joined(parameters: Any) -> dict[str, str]:
    return {name: ",".join(values) for name, values in parameters}


def _text(body: bytes) -> tuple[str, bool]:
    try:
        return body.decode(), False
    except UnicodeDecodeError:
        return base64.b64encode(body).decode(), True


def _context(request: Request, route_key: str) -> dict[str, Any]:
    now = time.time()
    return {
        "accountId": ACCOUNT_ID,
        "apiId": API_ID,
        "domainName": request.host,
        "domainPrefix": API_ID,
        "http": {
            "method": request.method,
            "path": request.path,
            "protocol": request.environ.get("SERVER_PROTOCOL", "HTTP/1.1"),
            "sourceIp": request.remote_addr,
            "userAgent": request.headers.get("User-Agent", ""),
        },
        "requestId": uuid.uuid4().hex,
        "routeKey": route_key,
        "stage": "$default",
        "time": time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(now)),
        "timeEpoch": int(now * 1000),
    }


def _response(result: InvocationResult) -> Response:
    """500 without a reason if the function failed, or if its result is not a response."""
    try:
        answer = result.result()
        if isinstance(answer, Mapping) and "statusCode" in answer:
            return _written(answer)
    except (InvocationError, ValueError, TypeError, AttributeError):
        return _message(500, "Internal Server Error")
    return Response(json.dumps(answer), 200, content_type="application/json")


def _written(answer: Mapping[str, Any]) -> Response:
    body = answer.get("body") or ""
    response = Response(
        base64.b64decode(body) if answer.get("isBase64Encoded") else body,
        int(answer["statusCode"]),
        content_type="text/plain;charset=UTF-8",
    )
    for name, value in (answer.get("headers") or {}).items():
        response.headers[name] = str(value)
    for cookie in answer.get("cookies") or []:
        response.headers.add("Set-Cookie", cookie)
    return response


def _message(status: int, message: str) -> Response:
    return Response(json.dumps({"message": message}), status, content_type="application/json")
