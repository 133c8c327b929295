"""The files in events/ have the form of AWS's events for the functions of this template."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from background_sync.intake.events import read_events
from background_sync.intake.messages import Received, read_received
from background_sync.messages import read_message
from background_sync_ops.kapso.sending import signature
from background_sync_ops.stack.template import API, Template
from tests.template.resources import ROOT, properties
from tests.template.test_api import PUBLIC

EVENTS = ROOT / "events"
INTAKE_ROUTE = "POST /webhooks/kapso/{workspace_id}"
AT = 1_767_261_600_000
HTTP = sorted([*EVENTS.glob("health-*.json"), *EVENTS.glob("intake-*.json")])


def routes(template: Template) -> dict[str, Any]:
    """The methods of each path of all APIs."""
    apis = properties(template, API).values()
    return {path: methods for api in apis for path, methods in api["Body"]["paths"].items()}


def event(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("kind", ["run", "audit"])
def test_a_queue_event_carries_messages_of_its_kind(kind: str) -> None:
    for record in event(EVENTS / f"reconciler-{kind}.json")["Records"]:
        message = read_message(record["body"], AT)
        assert message.kind == kind
        assert record["attributes"]["MessageGroupId"] == message.workspace_id
        assert record["md5OfBody"] == hashlib.md5(record["body"].encode(), usedforsecurity=False).hexdigest()


@pytest.mark.parametrize("path", HTTP, ids=lambda path: path.stem)
def test_an_http_event_has_a_route_and_mostly_a_caller(template: Template, path: Path) -> None:
    request = event(path)
    method, _, route = request["routeKey"].partition(" ")
    assert routes(template)[route][method.lower()]
    asked = route.format(**request.get("pathParameters", {}))
    assert request["rawPath"] == request["requestContext"]["http"]["path"] == asked
    signed = request["routeKey"] not in {*PUBLIC, INTAKE_ROUTE}
    assert ("authorizer" in request["requestContext"]) is signed
    assert ("authorization" in request["headers"]) is signed


def test_every_route_has_an_event(template: Template) -> None:
    assert {event(path)["routeKey"].split()[1] for path in HTTP} == set(routes(template))


def test_the_intakes_events_say_the_same_of_one_message() -> None:
    request = event(EVENTS / "intake-webhook.json")
    body, headers = request["body"].encode(), request["headers"]
    assert headers["x-webhook-signature"] == signature("example-secret", body)
    [record] = event(EVENTS / "recorder-received.json")["Records"]
    read = read_events(body, headers["x-webhook-event"], "110987654321", AT)
    assert read_received(record["body"]) == Received("acme", list(read.events))
