import json
from typing import Any

import pytest

from background_sync_ops.stack.template import API, Template
from tests.template.resources import Properties, properties, target

PUBLIC = {"GET /", "HEAD /", "GET /health", "HEAD /health", "GET /openapi.json", "HEAD /openapi.json"}


@pytest.fixture
def routes(template: Template) -> dict[str, Any]:
    api = properties(template, API)["HealthApi"]
    paths = api["Body"]["paths"]
    return {f"{method.upper()} {path}": item for path in paths for method, item in paths[path].items()}


@pytest.fixture
def stage(template: Template) -> Properties:
    return properties(template, "AWS::ApiGatewayV2::Stage")["HealthApiApiGatewayDefaultStage"]


def test_only_few_routes_are_public_and_the_others_require_credentials(routes: dict[str, Any]) -> None:
    assert set(routes) > PUBLIC
    for route, item in routes.items():
        assert item["security"] == [{"NONE" if route in PUBLIC else "AWS_IAM": []}], route


def test_each_path_can_be_read_by_get_and_by_head_alone(routes: dict[str, Any]) -> None:
    paths = {route.split()[1] for route in routes}
    assert routes.keys() == {f"{method} {path}" for path in paths for method in ("GET", "HEAD")}


def test_cors_is_not_enabled(template: Template) -> None:
    api = properties(template, API)["HealthApi"]
    assert "CorsConfiguration" not in api
    assert "x-amazon-apigateway-cors" not in api["Body"]


def test_all_routes_invoke_the_health_function(routes: dict[str, Any]) -> None:
    uris = [item["x-amazon-apigateway-integration"]["uri"] for item in routes.values()]
    assert all("${HealthFunction.Arn}" in uri["Fn::Sub"] for uri in uris)


def test_what_the_api_answers_itself_is_logged_and_the_log_expires(
    template: Template, stage: Properties
) -> None:
    group = properties(template, "AWS::Logs::LogGroup")[target(stage["AccessLogSettings"]["DestinationArn"])]
    assert group["LogGroupName"]["Fn::Sub"].startswith("/aws/vendedlogs/")
    assert group["RetentionInDays"] == {"Ref": "LogRetentionDays"}
    line = json.loads(stage["AccessLogSettings"]["Format"])
    assert set(line.values()) > {"$context.status", "$context.error.message", "$context.routeKey"}


def test_public_routes_are_throttled_most(routes: dict[str, Any], stage: Properties) -> None:
    throttled = stage["RouteSettings"]
    assert set(throttled) == PUBLIC <= set(routes)
    for route in PUBLIC:
        assert throttled[route]["ThrottlingRateLimit"] < stage["DefaultRouteSettings"]["ThrottlingRateLimit"]
