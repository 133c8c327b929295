"""Requests and answers of the HTTP API."""

import base64
import binascii
import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from aws_lambda_powertools.event_handler import Response

from background_sync.rules.identity import RESERVED_PREFIX

DEFAULT_LIMIT = 10
MAX_LIMIT = 100
MAX_WORKSPACES = 20
"""Of one answer: each that does not succeed costs a request more."""
MAX_WORKSPACE_ID_BYTES = 2048
"""DynamoDB's bound on a partition key."""
OK = 200
NOT_MODIFIED = 304
PRIVATE = "private, no-cache"
"""What is not public must not be kept by anybody on the way, and be asked for again by who may keep it."""
PUBLIC = "public, max-age=30"
ALL = "all"


class BadParameter(ValueError):
    """A query parameter is unknown or unusable; `parameter` names it."""

    def __init__(self, parameter: str, message: str) -> None:
        super().__init__(message)
        self.parameter = parameter


@dataclass(frozen=True, slots=True)
class Listing:
    """What a list is asked for; `after` is the workspace id that the cursor stands for."""

    workspace_id: str | None
    limit: int
    after: str | None = None
    state: str | None = None


def read_listing(
    parameters: Mapping[str, str],
    allowed: Collection[str],
    *,
    max_limit: int = MAX_LIMIT,
    states: Collection[str] = (),
) -> Listing:
    """Check a list's query parameters; raises `BadParameter`."""
    for name in parameters:
        if name not in allowed:
            raise BadParameter(name, f"{name} is not known here; known: {', '.join(allowed)}")
    return Listing(
        _workspace_id(parameters),
        _limit(parameters, max_limit),
        _after(parameters),
        _state(parameters, states),
    )


def _limit(parameters: Mapping[str, str], highest: int) -> int:
    text = parameters.get("limit", str(DEFAULT_LIMIT))
    is_number = text.isascii() and text.isdigit() and len(text) <= len(str(highest))
    if not (is_number and 1 <= int(text) <= highest):
        raise BadParameter("limit", f"limit must be a whole number from 1 to {highest}")
    return int(text)


def _workspace_id(parameters: Mapping[str, str]) -> str | None:
    if "workspace_id" not in parameters:
        return None
    workspace_id = parameters["workspace_id"]
    if not _is_key(workspace_id):
        raise BadParameter("workspace_id", f"workspace_id must have 1 to {MAX_WORKSPACE_ID_BYTES} bytes")
    if workspace_id.startswith(RESERVED_PREFIX):
        raise BadParameter("workspace_id", f"workspace_id must not begin with {RESERVED_PREFIX}")
    return workspace_id


def _is_key(text: str) -> bool:
    return 0 < len(text.encode()) <= MAX_WORKSPACE_ID_BYTES


def _state(parameters: Mapping[str, str], states: Collection[str]) -> str | None:
    state = parameters.get("state", ALL)
    if state not in (ALL, *states):
        raise BadParameter("state", f"state must be one of {', '.join((ALL, *states))}")
    return None if state == ALL else state


def _after(parameters: Mapping[str, str]) -> str | None:
    if "cursor" not in parameters:
        return None
    try:
        after = base64.b64decode(parameters["cursor"].encode("ascii"), altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeError):
        after = ""
    if not _is_key(after):
        raise BadParameter("cursor", "cursor must be the next of an earlier answer")
    return after


def cursor(after: str | None) -> str | None:
    """The cursor that goes on after a workspace id; None at the end."""
    return None if after is None else base64.urlsafe_b64encode(after.encode()).decode()


def json_response(
    status: int,
    document: Mapping[str, Any],
    content_type: str = "application/json",
    headers: Mapping[str, str] | None = None,
) -> Response[str]:
    """An answer; what is not said to be otherwise must not be kept by anybody."""
    return Response(
        status_code=status,
        content_type=content_type,
        body=json.dumps(document),
        headers={"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", **(headers or {})},
    )


def conditional(response: Response[str], if_none_match: str | None) -> Response[str]:
    """The answer with its ETag; 304 without a body where the caller has it already.

    The tag is a weak one: compressed or not, it is the same answer.
    """
    if response.status_code != OK:
        return response
    digest = hashlib.sha256((response.body or "").encode()).hexdigest()[:32]
    response.headers["ETag"] = f'W/"{digest}"'
    if _names(if_none_match, digest):
        response.status_code, response.body = NOT_MODIFIED, ""
        response.headers.pop("Content-Type", None)
    return response


def _names(if_none_match: str | None, digest: str) -> bool:
    tags = [tag.strip().removeprefix("W/") for tag in (if_none_match or "").split(",")]
    return "*" in tags or f'"{digest}"' in tags
