from typing import Any

import pytest

from background_sync_ops.stack.template import Template
from tests.template.resources import Properties, properties, statements, target


@pytest.fixture
def rule(template: Template) -> Properties:
    rules = properties(template, "AWS::Events::Rule").values()
    (item,) = [each for each in rules if target(each["Targets"][0]["Arn"]) == "DispatcherFunction"]
    return item


@pytest.fixture
def destination(rule: Properties) -> Properties:
    (item,) = rule["Targets"]
    return dict(item)


def test_the_interval_is_a_parameter(rule: Properties) -> None:
    assert rule["ScheduleExpression"] == {"Fn::Sub": "rate(${SweepIntervalMinutes} minutes)"}


def test_the_rule_invokes_the_dispatcher_and_retries(destination: Properties) -> None:
    assert target(destination["Arn"]) == "DispatcherFunction"
    assert destination["RetryPolicy"]["MaximumRetryAttempts"] > 0


def test_an_event_that_is_not_delivered_is_kept(template: Template, destination: Properties) -> None:
    queue = destination["DeadLetterConfig"]["Arn"]
    (admitted,) = [
        item
        for item in statements(template)
        if item.get("Principal") == {"Service": "events.amazonaws.com"} and item["Resource"] == queue
    ]
    assert admitted["Action"] == "sqs:SendMessage"
    assert _rule_named(admitted["Condition"]) in template.of_type("AWS::Events::Rule")


def test_a_failed_invocation_is_kept_in_the_same_queue(template: Template, destination: Properties) -> None:
    (item,) = properties(template, "AWS::Lambda::EventInvokeConfig").values()
    queue = item["DestinationConfig"]["OnFailure"]["Destination"]
    assert target(item["FunctionName"]) == "DispatcherFunction"
    assert queue == destination["DeadLetterConfig"]["Arn"]
    assert {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": queue} in [
        *statements(template, "DispatcherRole")
    ]


def _rule_named(condition: dict[str, Any]) -> str:
    return target(condition["ArnEquals"]["aws:SourceArn"])
