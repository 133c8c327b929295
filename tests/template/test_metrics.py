"""What alarms and dashboard name is what the code emits, and what AWS emits of this template's resources."""

import re

import pytest

from background_sync.rules.metrics import METRICS
from background_sync.telemetry import metric_name
from background_sync_ops.stack.template import API, FUNCTION, TABLE, Template
from tests.template.metrics import Named, named
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
def ours(template: Template) -> list[Named]:
    return [metric for metric in named(template) if metric.namespace not in AWS_METRICS]


@pytest.fixture
def of_aws(template: Template) -> list[Named]:
    return [metric for metric in named(template) if metric.namespace in AWS_METRICS]


def test_our_own_are_those_that_the_code_emits_no_more_and_no_less(ours: list[Named]) -> None:
    assert {metric.name for metric in ours} == {metric_name(name) for name in METRICS}


def test_our_own_have_the_namespace_and_the_one_dimension_of_the_code(
    template: Template, ours: list[Named]
) -> None:
    for function in properties(template, FUNCTION).values():
        variables = function["Environment"]["Variables"]
        assert variables["POWERTOOLS_SERVICE_NAME"] == {"Ref": "AWS::StackName"}
        assert {metric.namespace for metric in ours} == {variables["POWERTOOLS_METRICS_NAMESPACE"]}
    assert {metric.dimensions for metric in ours} == {(("service", "AWS::StackName"),)}


def test_aws_emits_those_of_aws(of_aws: list[Named]) -> None:
    for metric in of_aws:
        assert metric.name in AWS_METRICS[metric.namespace][2], metric


def test_those_of_aws_are_of_a_resource_of_the_template(template: Template, of_aws: list[Named]) -> None:
    for metric in of_aws:
        dimension, kind, _ = AWS_METRICS[metric.namespace]
        attribute = ".QueueName" if kind == QUEUE else ""
        known = {f"{name}{attribute}" for name in template.of_type(kind)}
        assert [name for name, _ in metric.dimensions] == [dimension], metric
        assert metric.dimensions[0][1] in known, metric


def test_a_statistic_is_one_that_cloudwatch_has(template: Template) -> None:
    for metric in named(template):
        assert re.fullmatch(r"Sum|Maximum|Average|p\d\d", metric.statistic), metric


def test_what_only_the_last_sweep_says_is_never_summed(ours: list[Named]) -> None:
    levels = [metric for metric in ours if metric.name.startswith(("LastSweep", "SweepAge"))]
    assert levels
    assert {metric.statistic for metric in levels} == {"Maximum"}
