"""The files in events/ have the form of AWS's events for the functions of this template."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from background_sync.messages import read_message
from background_sync_ops.stack.template import Template
from tests.template.resources import ROOT, properties
from tests.template.test_api import PUBLIC

EVENTS = ROOT / "events"
AT = 1_767_261_600_000
HTTP = sorted(EVENTS.glob("health-*.json"))


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
    (api,) = properties(template, "AWS::ApiGatewayV2::Api").values()
    request = event(path)
    method, _, route = request["routeKey"].partition(" ")
    assert api["Body"]["paths"][route][method.lower()]
    assert request["rawPath"] == request["requestContext"]["http"]["path"] == route
    signed = request["routeKey"] not in PUBLIC
    assert ("authorizer" in request["requestContext"]) is signed
    assert ("authorization" in request["headers"]) is signed


def test_every_route_has_an_event(template: Template) -> None:
    (api,) = properties(template, "AWS::ApiGatewayV2::Api").values()
    assert {event(path)["rawPath"] for path in HTTP} == set(api["Body"]["paths"])
