"""The API is as /openapi.json says, whatever it is asked: over HTTP, as the template sets it up."""

import copy
import json
import time
from typing import Any
from urllib.request import urlopen

import jsonschema_rs
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from background_sync.records.workspaces import remember_webhook
from background_sync.status.openapi import DOCUMENT, SCHEMAS
from background_sync_ops.stack.stack import LocalStack
from background_sync_ops.stack.template import Template, load
from tests.integration.faults import Faults
from tests.integration.world import World
from tests.template.reading import ROOT, properties

FEW = settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
)


OPERATIONS = [(path, method) for path, methods in DOCUMENT["paths"].items() for method in methods]
LISTS = [path for path, _ in OPERATIONS if path.startswith("/health/")]


def unsigned() -> Any:
    """The document as it holds on the local stack, where nobody's signature is asked for."""
    document = copy.deepcopy(DOCUMENT)
    for path, method in OPERATIONS:
        document["paths"][path][method]["security"] = []
    return schemathesis.openapi.from_dict(document)


schema = unsigned()


@pytest.fixture
def something_of_everything(world: World, faults: Faults) -> None:
    """Runs and workspaces in all states, at the functions' time."""
    world.clock.time = now = time.time_ns() // 1_000_000
    for name in ("w1", "w2", "日本"):
        world.workspace(name)
    world.workspace("w4", settings={"verify": "report"}, kapso_token_parameter="/elsewhere")
    world.contact("628", now, "w2")
    world.dispatch(now)
    faults.fail("Query", RuntimeError("boom"))
    for received in world.receive():
        world.deliver(received)
    remember_webhook(world.database, "w1", "off", now)
    world.dispatch(now + 1)


def ask(stack: LocalStack, path: str, method: str, mode: GenerationMode) -> None:
    """Ask what is allowed, or what is not, and judge each answer."""

    @settings(FEW)
    @given(case=schema[path][method].as_strategy(generation_mode=mode))
    def asked(case: Any) -> None:
        case.call_and_validate(base_url=stack.api_url, checks=list(CHECKS))

    asked()


@pytest.mark.usefixtures("something_of_everything")
@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_every_answer_is_as_it_says(engine: LocalStack, path: str, method: str) -> None:
    ask(engine, path, method, GenerationMode.POSITIVE)


@pytest.mark.usefixtures("something_of_everything")
@pytest.mark.parametrize("path", LISTS)
def test_what_it_does_not_allow_is_refused(engine: LocalStack, path: str) -> None:
    ask(engine, path, "get", GenerationMode.NEGATIVE)


def test_it_is_what_is_served(engine: LocalStack) -> None:
    with urlopen(f"{engine.api_url}/openapi.json") as answer:  # noqa: S310 - loopback
        assert json.load(answer) == DOCUMENT


def test_every_route_is_in_it_and_no_other() -> None:
    template: Template = load(ROOT / "template.yaml", {})
    (api,) = properties(template, "AWS::ApiGatewayV2::Api").values()
    routes = {(path, method) for path, methods in api["Body"]["paths"].items() for method in methods}
    assert {(path, method) for path, methods in DOCUMENT["paths"].items() for method in methods} == routes


def test_it_says_of_each_whether_it_is_public() -> None:
    template = load(ROOT / "template.yaml", {})
    (api,) = properties(template, "AWS::ApiGatewayV2::Api").values()
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            public = api["Body"]["paths"][path][method]["security"] == [{"NONE": []}]
            assert (operation["security"] == []) is public, path


@pytest.mark.parametrize("name", SCHEMAS)
def test_its_schemas_are_json_schemas(name: str) -> None:
    jsonschema_rs.meta.validate({"$schema": "https://json-schema.org/draft/2020-12/schema", **SCHEMAS[name]})
