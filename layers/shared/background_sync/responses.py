"""Requests and answers of the HTTP API."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from aws_lambda_powertools.event_handler import Response

from background_sync.rules.identity import RESERVED_PREFIX

DEFAULT_LIMIT = 10
MAX_LIMIT = 100
MAX_WORKSPACE_ID_BYTES = 2048
"""DynamoDB's bound on a partition key."""


class BadParameter(ValueError):
    """A query parameter is unknown or unusable; `parameter` names it."""

    def __init__(self, parameter: str, message: str) -> None:
        super().__init__(message)
        self.parameter = parameter


@dataclass(frozen=True, slots=True)
class Listing:
    """What a list is asked for."""

    workspace_id: str | None
    limit: int


def read_listing(parameters: Mapping[str, str], allowed: Collection[str]) -> Listing:
    """Check a list's query parameters; raises `BadParameter`."""
    for name in parameters:
        if name not in allowed:
            raise BadParameter(name, f"{name} is not known here; known: {', '.join(allowed)}")
    return Listing(_workspace_id(parameters), _limit(parameters))


def _limit(parameters: Mapping[str, str]) -> int:
    text = parameters.get("limit", str(DEFAULT_LIMIT))
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(MAX_LIMIT))):
        raise BadParameter("limit", f"limit must be a whole number from 1 to {MAX_LIMIT}")
    if not 1 <= int(text) <= MAX_LIMIT:
        raise BadParameter("limit", f"limit must be a whole number from 1 to {MAX_LIMIT}")
    return int(text)


def _workspace_id(parameters: Mapping[str, str]) -> str | None:
    if "workspace_id" not in parameters:
        return None
    workspace_id = parameters["workspace_id"]
    if not workspace_id or len(workspace_id.encode()) > MAX_WORKSPACE_ID_BYTES:
        raise BadParameter("workspace_id", f"workspace_id must have 1 to {MAX_WORKSPACE_ID_BYTES} bytes")
    if workspace_id.startswith(RESERVED_PREFIX):
        raise BadParameter("workspace_id", f"workspace_id must not begin with {RESERVED_PREFIX}")
    return workspace_id


def json_response(
    status: int,
    document: Mapping[str, Any],
    content_type: str = "application/json",
    headers: Mapping[str, str] | None = None,
) -> Response[str]:
    """An answer; what is not public must not be kept by anybody on the way."""
    return Response(
        status_code=status,
        content_type=content_type,
        body=json.dumps(document),
        headers={"Cache-Control": "no-store", **(headers or {})},
    )
