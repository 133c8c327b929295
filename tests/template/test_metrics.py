"""Alarms and dashboard use metrics that the code emits, or that AWS emits for the template's resources."""

import re

import pytest

from background_sync.rules.metrics import METRICS
from background_sync.telemetry import metric_name
from background_sync_ops.stack.template import API, FUNCTION, TABLE, Template
from tests.template.metrics import NamedMetric, named_metrics
from tests.template.resources import properties

QUEUE = "AWS::SQS::Queue"
AWS_METRICS = {
    "AWS/Lambda": ("FunctionName", FUNCTION, {"Errors", "Throttles", "ConcurrentExecutions", "Duration"}),
    "AWS/SQS": (
        "QueueName",
        QUEUE,
        {
            "ApproximateAgeOfOldestMessage",
            "ApproximateNumberOfMessagesVisible",
            "ApproximateNumberOfMessagesNotVisible",
        },
    ),
    "AWS/DynamoDB": (
        "TableName",
        TABLE,
        {
            "ConsumedReadCapacityUnits",
            "ConsumedWriteCapacityUnits",
            "ReadThrottleEvents",
            "WriteThrottleEvents",
        },
    ),
    "AWS/ApiGateway": ("ApiId", API, {"Count", "4xx", "5xx", "Latency"}),
}
"""By namespace: the dimension, the type of the resource in it, and the metrics that AWS documents."""


@pytest.fixture
def own_metrics(template: Template) -> list[NamedMetric]:
    return [metric for metric in named_metrics(template) if metric.namespace not in AWS_METRICS]


@pytest.fixture
def aws_metrics(template: Template) -> list[NamedMetric]:
    return [metric for metric in named_metrics(template) if metric.namespace in AWS_METRICS]


def test_alarms_and_dashboard_use_exactly_the_metrics_of_the_code(own_metrics: list[NamedMetric]) -> None:
    assert {metric.name for metric in own_metrics} == {metric_name(name) for name in METRICS}


def test_own_metrics_have_the_codes_dimension(template: Template, own_metrics: list[NamedMetric]) -> None:
    for function in properties(template, FUNCTION).values():
        variables = function["Environment"]["Variables"]
        assert variables["POWERTOOLS_SERVICE_NAME"] == {"Ref": "AWS::StackName"}
        assert {metric.namespace for metric in own_metrics} == {variables["POWERTOOLS_METRICS_NAMESPACE"]}
    assert {metric.dimensions for metric in own_metrics} == {(("service", "AWS::StackName"),)}


def test_metrics_of_aws_are_documented_ones(aws_metrics: list[NamedMetric]) -> None:
    for metric in aws_metrics:
        assert metric.name in AWS_METRICS[metric.namespace][2], metric


def test_metrics_of_aws_are_of_existing_resources(template: Template, aws_metrics: list[NamedMetric]) -> None:
    for metric in aws_metrics:
        dimension, kind, _ = AWS_METRICS[metric.namespace]
        attribute = ".QueueName" if kind == QUEUE else ""
        known = {f"{name}{attribute}" for name in template.of_type(kind)}
        assert {name for name, _ in metric.dimensions} <= {dimension, "GlobalSecondaryIndexName"}, metric
        assert dict(metric.dimensions)[dimension] in known, metric


def test_statistics_exist_in_cloudwatch(template: Template) -> None:
    for metric in named_metrics(template):
        assert re.fullmatch(r"Sum|Maximum|Average|p\d\d", metric.statistic), metric


def test_levels_of_the_last_sweep_are_never_summed(own_metrics: list[NamedMetric]) -> None:
    levels = [metric for metric in own_metrics if metric.name.startswith(("LastSweep", "SweepAge"))]
    assert levels
    assert {metric.statistic for metric in levels} == {"Maximum"}
