"""The service's own template, stood up by the local stack."""

import json
from contextlib import closing
from datetime import UTC, datetime
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest

from background_sync_ops.stack.deployment import Route
from background_sync_ops.stack.schedule import scheduled_event
from background_sync_ops.stack.stack import LocalStack


def test_the_scheduled_event_starts_a_sweep(engine: LocalStack) -> None:
    [schedule] = [each for each in engine.deployment.schedules if each.function == "DispatcherFunction"]
    at = datetime(2026, 1, 1, 10, tzinfo=UTC)
    answer = engine.invoke(schedule.function, scheduled_event(at, schedule.rule_arn)).result()
    assert answer["run_at"] == int(at.timestamp() * 1000)


def test_the_queue_leads_to_the_reconciler(engine: LocalStack) -> None:
    spec = engine.mapping.spec
    assert (spec.function, spec.queue_url) == ("ReconcilerFunction", engine.outputs["WorkQueueUrl"])
    assert spec.reports_item_failures


def test_a_failed_dispatch_leads_to_its_queue(engine: LocalStack) -> None:
    dispatcher = engine.find("DispatcherFunction").spec
    assert dispatcher.on_failure_queue_url == engine.outputs["DispatcherFailuresQueueUrl"]


def test_only_the_overall_state_is_public(engine: LocalStack) -> None:
    public = (("GET", "/"), ("HEAD", "/"), ("GET", "/health"), ("HEAD", "/health"), ("GET", "/openapi.json"))
    assert {route for route in engine.deployment.routes if route.public} == {
        Route(method, path, "HealthFunction", public=True) for method, path in public
    }


@pytest.mark.parametrize(
    ("path", "kind"), [("/health", "application/health+json"), ("/health/runs", "application/json")]
)
def test_the_api_answers(engine: LocalStack, path: str, kind: str) -> None:
    with closing(HTTPConnection(urlsplit(engine.api_url).netloc)) as connection:
        connection.request("GET", path)
        response = connection.getresponse()
        assert response.headers["Content-Type"] == kind
        assert json.loads(response.read())
