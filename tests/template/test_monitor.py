"""The monitor looks often enough for the alarms on what it measures, and cannot hang."""

import re

from background_sync_ops.stack.template import Template
from tests.template.metrics import alarms
from tests.template.resources import properties, target

MONITOR = "MonitorFunction"


def looks_every_s(template: Template) -> int:
    rules = properties(template, "AWS::Events::Rule").values()
    (rule,) = [each for each in rules if target(each["Targets"][0]["Arn"]) == MONITOR]
    [minutes] = re.findall(r"rate\((\d+) minutes\)", rule["ScheduleExpression"])
    return 60 * int(minutes)


def test_it_looks_once_in_every_period_of_its_alarms(template: Template) -> None:
    measured = [each for each in alarms(template).values() if "Sweep" in each.get("MetricName", "")]
    assert measured
    assert {each["Period"] for each in measured} == {looks_every_s(template)}


def test_one_look_that_fails_is_no_silence(template: Template) -> None:
    [alarm] = [each for each in alarms(template).values() if each["TreatMissingData"] == "breaching"]
    assert alarm["EvaluationPeriods"] > 1


def test_it_is_done_before_it_looks_again(template: Template) -> None:
    assert properties(template, "AWS::Lambda::Function")[MONITOR]["Timeout"] < looks_every_s(template)


def test_it_knows_the_interval(template: Template) -> None:
    variables = properties(template, "AWS::Lambda::Function")[MONITOR]["Environment"]["Variables"]
    assert variables["SWEEP_INTERVAL_MINUTES"] == {"Ref": "SweepIntervalMinutes"}
