"""/openapi.json agrees with the real answers, with the code and with the template."""

import copy
import json
import time
from collections.abc import Iterator
from dataclasses import replace
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

from background_sync.records.counters import TOTALS
from background_sync.rules.identity import MAX_WORKSPACE_ID_BYTES
from background_sync.rules.policy import VERIFY
from background_sync.status import answers
from background_sync.status.answers import OPENAPI
from background_sync.status.checks import API_VERSION
from background_sync.status.history import RUN_FIELDS
from background_sync.status.runbook import GUIDES
from background_sync.status.thresholds import State
from background_sync.status.workspaces import STATES
from background_sync_ops.stack.stack import LocalStack
from background_sync_ops.stack.template import load
from tests.integration.faults import Faults
from tests.integration.health.api import LISTS
from tests.integration.world import World
from tests.template.resources import ROOT, properties

PATIENCE_S = 600
FEW = settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
]
OPERATIONS = [
    (path, method) for path, item in OPENAPI["paths"].items() for method in item if method != "parameters"
]
SCHEMAS = OPENAPI["components"]["schemas"]


def unsigned() -> Any:
    """The document as it holds on the local stack, which needs no signatures."""
    document = copy.deepcopy(OPENAPI)
    for path, method in OPERATIONS:
        document["paths"][path][method]["security"] = []
    return schemathesis.openapi.from_dict(document)


schema = unsigned()


@pytest.fixture(scope="module")
def stack(engine: LocalStack) -> Iterator[LocalStack]:
    """The engine, with a health function that is not killed on a busy machine."""
    health = engine.functions["HealthFunction"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(health, "spec", replace(health.spec, timeout_s=PATIENCE_S))
        health.override({})  # the next sandbox has the new timeout
        yield engine


@pytest.fixture
def runs_and_workspaces_in_all_states(world: World, faults: Faults) -> None:
    world.clock.time = now = time.time_ns() // 1_000_000
    world.workspace("w1", webhook="off", webhook_since=now)
    for name in ("w2", "日本"):
        world.workspace(name)
    world.workspace("w4", settings={"verify": "report"}, kapso_token_parameter="/elsewhere")
    world.contact("628", now, "w2")
    world.dispatch(now)
    faults.fail("Query", RuntimeError("boom"))
    for received in world.receive():
        world.deliver(received)
    world.dispatch(now + 1)


def check_answers(stack: LocalStack, path: str, method: str, mode: GenerationMode) -> None:
    @settings(FEW)
    @given(case=schema[path][method].as_strategy(generation_mode=mode))
    def check(case: Any) -> None:
        case.call_and_validate(base_url=stack.api_url, checks=CHECKS, timeout=PATIENCE_S)

    check()


@pytest.mark.timeout(PATIENCE_S)
@pytest.mark.usefixtures("runs_and_workspaces_in_all_states")
@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_every_answer_conforms_to_the_document(stack: LocalStack, path: str, method: str) -> None:
    check_answers(stack, path, method, GenerationMode.POSITIVE)


@pytest.mark.timeout(PATIENCE_S)
@pytest.mark.usefixtures("runs_and_workspaces_in_all_states")
@pytest.mark.parametrize("path", LISTS)
def test_parameters_that_the_document_forbids_are_refused(stack: LocalStack, path: str) -> None:
    check_answers(stack, path, "get", GenerationMode.NEGATIVE)


def test_the_document_is_what_is_served(stack: LocalStack) -> None:
    with urlopen(f"{stack.api_url}/openapi.json", timeout=PATIENCE_S) as answer:  # noqa: S310 - loopback
        assert json.load(answer) == OPENAPI


def test_the_document_has_the_templates_routes_and_says_which_are_public() -> None:
    api = properties(load(ROOT / "template.yaml", {}), "AWS::ApiGatewayV2::Api")["HealthApi"]
    routes = {
        (path, method): operation["security"] == [{"NONE": []}]
        for path, methods in api["Body"]["paths"].items()
        for method, operation in methods.items()
    }
    described = OPENAPI["paths"]
    assert {each: described[each[0]][each[1]]["security"] == [] for each in OPERATIONS} == routes


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_schemas_are_json_schemas(name: str) -> None:
    jsonschema_rs.meta.validate({"$schema": "https://json-schema.org/draft/2020-12/schema", **SCHEMAS[name]})


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (SCHEMAS["Run"]["required"], RUN_FIELDS),
        ([*TOTALS, *SCHEMAS["Sweep"]["required"]], SCHEMAS["Sweep"]["required"]),
        (SCHEMAS["Health"]["properties"]["checks"]["properties"], GUIDES),
        ([OPENAPI["info"]["version"]], [API_VERSION]),
        (SCHEMAS["State"]["enum"], map(str, State)),
        (SCHEMAS["Workspace"]["properties"]["states"]["items"]["enum"], STATES),
        (SCHEMAS["Workspace"]["properties"]["verify"]["enum"], VERIFY),
    ],
)
def test_names_in_the_document_are_those_of_the_code(found: Any, expected: Any) -> None:
    assert set(found) == set(expected)


@pytest.mark.parametrize(
    ("path", "name", "limits"),
    [
        ("/health/runs", "limit", {"maximum": answers.MAX_LIMIT, "default": answers.DEFAULT_LIMIT}),
        ("/health/sweeps", "limit", {"maximum": answers.MAX_LIMIT, "default": answers.DEFAULT_LIMIT}),
        (
            "/health/workspaces",
            "limit",
            {"maximum": answers.MAX_WORKSPACES, "default": answers.DEFAULT_LIMIT},
        ),
        ("/health/runs", "workspace_id", {"maxLength": MAX_WORKSPACE_ID_BYTES}),
        ("/health/workspaces", "state", {"enum": [answers.ALL, *STATES], "default": answers.ALL}),
    ],
)
def test_limits_in_the_document_are_those_of_the_code(path: str, name: str, limits: dict[str, Any]) -> None:
    [parameter] = [each for each in OPENAPI["paths"][path]["parameters"] if each.get("name") == name]
    assert parameter["schema"].items() >= limits.items()
