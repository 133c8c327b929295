"""The HTTP API described, as OpenAPI 3.1: what `/openapi.json` answers.

The counts are those that the code counts; tests hold the rest to the real answers.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from background_sync.rules.counts import TOTALLED
from background_sync.rules.policy import VERIFY
from background_sync.status.answers import (
    ALL,
    DEFAULT_LIMIT,
    MAX_LIMIT,
    MAX_WORKSPACE_ID_BYTES,
    MAX_WORKSPACES,
)
from background_sync.status.history import COUNTED
from background_sync.status.runbook import GUIDES
from background_sync.status.workspaces import STATES

Schema = dict[str, Any]
TEXT: Schema = {"type": "string"}
COUNT: Schema = {"type": "integer", "minimum": 0}
NUMBER: Schema = {"type": "number"}
TIME: Schema = {"type": "integer", "description": "ms since the epoch"}
AGE: Schema = {"type": "integer", "description": "ms"}


def _maybe(schema: Schema) -> Schema:
    """What may be null."""
    return {**schema, "type": [schema["type"], "null"]}


def _one_of(*values: str) -> Schema:
    return {"type": "string", "enum": list(values)}


def _exactly(properties: Mapping[str, Schema], optional: Sequence[str] = ()) -> Schema:
    """An object that has these properties and no others."""
    return {
        "type": "object",
        "properties": dict(properties),
        "required": [name for name in properties if name not in optional],
        "additionalProperties": False,
    }


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _list_of(schema: Schema) -> Schema:
    return {"type": "array", "items": schema}


def _maybe_ref(name: str) -> Schema:
    return {"anyOf": [_ref(name), {"type": "null"}]}


SCHEMAS: Mapping[str, Schema] = {
    "Health": _exactly(
        {
            "status": _one_of("pass", "warn", "fail"),
            "serviceId": TEXT,
            "description": TEXT,
            "links": {"type": "object", "additionalProperties": TEXT},
            "checks": _exactly({name: {**_list_of(_ref("Check")), "minItems": 1} for name in GUIDES}),
        }
    ),
    "Check": _exactly(
        {
            "status": _one_of("pass", "warn", "fail"),
            "time": {"type": "string", "format": "date-time"},
            "observedValue": {"type": "number", "minimum": 0},
            "observedUnit": {
                **_one_of("s", "ratio", "sweeps", "messages"),
                "description": "seconds, a share of the runs, the messages of one sweep, or messages",
            },
            "output": TEXT,
            "links": _exactly({"runbook": TEXT}),
        },
        optional=("observedValue", "observedUnit", "output"),
    ),
    "Run": _exactly(
        {
            "workspace_id": TEXT,
            "run_at": TIME,
            "status": _maybe(TEXT),
            **{name: _maybe(COUNT) for name in TOTALLED},
            "skip_reason": _maybe(TEXT),
            "deferred_why": _maybe(TEXT),
            "webhook": _maybe(TEXT),
            "error": _maybe(TEXT),
            "attempts": COUNT,
            "started_at": _maybe(TIME),
            "finished_at": _maybe(TIME),
            "duration_ms": _maybe(AGE),
            "read_units": _maybe(NUMBER),
            "write_units": _maybe(NUMBER),
        }
    ),
    "Sweep": _exactly(
        {
            "run_at": TIME,
            "status": _one_of("dispatching", "dispatched"),
            "finished": {"type": "boolean", "description": "none of its runs is open"},
            "dispatched": COUNT,
            "skipped": {**COUNT, "description": "workspaces that got no message"},
            "skipped_why": {"type": "object", "additionalProperties": COUNT},
            "started_at": _maybe(TIME),
            "dispatched_at": _maybe(TIME),
            "skipped_runs": {**COUNT, "description": "runs whose workspace was no longer active"},
            **{name: COUNT for name in COUNTED if name != "skipped"},
        }
    ),
    "Workspace": _exactly(
        {
            "workspace_id": TEXT,
            "name": _maybe(TEXT),
            "states": {**_list_of(_one_of(*STATES)), "description": "none: all is well"},
            "last_run_at": _maybe(TIME),
            "last_run_status": _maybe(TEXT),
            "error": _maybe(TEXT),
            "deferred_why": _maybe(TEXT),
            "last_success_at": _maybe(TIME),
            **{name: _maybe(COUNT) for name in ("stale_found", "flagged", "repaired", "created")},
            "inactive_why": _maybe(TEXT),
            "next_due_at": _maybe(TIME),
            "verify": _one_of(*VERIFY),
            "watermark": _maybe(TIME),
            "watermark_age_ms": _maybe(AGE),
            "webhook": _maybe(TEXT),
            "webhook_since": _maybe(TIME),
        }
    ),
    "Summary": _exactly({"last_run": TIME, "avg_stale": COUNT, "total_flagged": COUNT}),
    "Runs": _exactly({"runs": _list_of(_ref("Run")), "summary": _maybe_ref("Summary")}),
    "Sweeps": _exactly({"sweeps": _list_of(_ref("Sweep")), "summary": _maybe_ref("Summary")}),
    "Workspaces": _exactly(
        {
            "workspaces": _list_of(_ref("Workspace")),
            "next": {"type": ["string", "null"], "description": "the cursor of the next page"},
        }
    ),
    "Error": _exactly({"error": _exactly({"parameter": TEXT, "message": TEXT}, optional=("parameter",))}),
}


def _parameter(name: str, description: str, schema: Schema) -> Schema:
    return {"name": name, "in": "query", "description": description, "schema": schema}


def _limit(highest: int) -> Schema:
    schema = {"type": "integer", "minimum": 1, "maximum": highest, "default": DEFAULT_LIMIT}
    return _parameter("limit", "the most to list", schema)


WORKSPACE_ID = _parameter(
    "workspace_id",
    f"of this workspace alone; at most {MAX_WORKSPACE_ID_BYTES} bytes",
    {"type": "string", "minLength": 1, "maxLength": MAX_WORKSPACE_ID_BYTES, "pattern": "^[^#]"},
)
STATE = _parameter("state", "those in this state", {**_one_of(ALL, *STATES), "default": ALL})
CURSOR = _parameter(
    "cursor", "the `next` of an earlier answer", {"type": "string", "pattern": "^[A-Za-z0-9_-]+={0,2}$"}
)
IF_NONE_MATCH: Schema = {
    "name": "If-None-Match",
    "in": "header",
    "description": "the ETag of an answer that the caller has",
    "schema": {"type": "string"},
}
HEADERS = {name: {"required": True, "schema": TEXT} for name in ("Cache-Control", "ETag")}


def _content(media_type: str, schema: Schema) -> Schema:
    return {media_type: {"schema": schema}}


def _said(description: str, content: Schema, headers: Mapping[str, Schema] | None = None) -> Schema:
    return {"description": description, "content": content, **({"headers": headers} if headers else {})}


ERROR = _content("application/json", _ref("Error"))
HEALTH = _content("application/health+json", _ref("Health"))
PAGE = _content("text/html", TEXT)


def _operation(name: str, summary: str, responses: Schema, *parameters: Schema, public: bool) -> Schema:
    return {
        "operationId": name,
        "summary": summary,
        "security": [] if public else [{"iam": []}],
        "parameters": [*parameters, IF_NONE_MATCH],
        "responses": {
            "304": {"description": "the caller has the answer already", "headers": HEADERS},
            "500": _said("it could not be answered; the log says why", ERROR),
            **responses,
        },
    }


def _listing(name: str, summary: str, schema: str, *parameters: Schema) -> Schema:
    responses = {
        "200": _said("the newest first", _content("application/json", _ref(schema)), HEADERS),
        "400": _said("a parameter is unknown or unusable; the error names it", ERROR),
    }
    return {"get": _operation(name, summary, responses, *parameters, public=False)}


def _public(name: str, summary: str, content: Schema, **more: Schema) -> Schema:
    responses = {"200": _said("the answer", content, HEADERS), **more}
    return _operation(name, summary, responses, public=True)


def _head(name: str, summary: str, *statuses: str) -> Schema:
    """Without a body."""
    answers = {status: {"description": "as GET says, without a body"} for status in ("200", "500", *statuses)}
    operation = _operation(name, summary, {}, public=True)
    return {**operation, "responses": {"304": operation["responses"]["304"], **answers}}


FAILING = _said("the overall state is `fail`", HEALTH)
NO_PAGE = _said("it could not be made; the log says why", PAGE)
DOCUMENT: Schema = {
    "openapi": "3.1.0",
    "info": {
        "title": "Background Sync",
        "version": "1",
        "description": "How sync itself is doing. Times are ms since the epoch.",
    },
    "servers": [{"url": "/"}],
    "paths": {
        "/": {
            "get": _public("getPage", "The status page", PAGE, **{"500": NO_PAGE}),
            "head": _head("headPage", "Whether there is a status page"),
        },
        "/health": {
            "get": _public("getHealth", "The overall state, and what it is from", HEALTH, **{"503": FAILING}),
            "head": _head("headHealth", "The overall state, as a status code", "503"),
        },
        "/openapi.json": {
            "get": _public("getOpenApi", "This document", _content("application/json", {"type": "object"}))
        },
        "/health/runs": _listing("getRuns", "The newest runs", "Runs", WORKSPACE_ID, _limit(MAX_LIMIT)),
        "/health/sweeps": _listing("getSweeps", "The newest sweeps", "Sweeps", _limit(MAX_LIMIT)),
        "/health/workspaces": _listing(
            "getWorkspaces",
            "Workspaces and their last runs, a page at a time: as long as `next` is not null there are more, "
            "however few a page holds",
            "Workspaces",
            STATE,
            _limit(MAX_WORKSPACES),
            CURSOR,
        ),
    },
    "components": {
        "schemas": SCHEMAS,
        "securitySchemes": {
            "iam": {
                "type": "apiKey",
                "name": "Authorization",
                "in": "header",
                "description": "AWS Signature Version 4, service execute-api",
                "x-amazon-apigateway-authtype": "awsSigv4",
            }
        },
    },
}
