"""The monitor runs often enough for the alarms on its metrics, and cannot hang."""

import re

from background_sync_ops.stack.template import Template
from tests.template.metrics import alarms
from tests.template.resources import properties, target

MONITOR = "MonitorFunction"


def monitor_interval_s(template: Template) -> int:
    rules = properties(template, "AWS::Events::Rule").values()
    (rule,) = [each for each in rules if target(each["Targets"][0]["Arn"]) == MONITOR]
    [minutes] = re.findall(r"rate\((\d+) minutes\)", rule["ScheduleExpression"])
    return 60 * int(minutes)


def test_the_monitor_runs_once_in_every_period_of_its_alarms(template: Template) -> None:
    measured = [each for each in alarms(template).values() if "Sweep" in each.get("MetricName", "")]
    assert measured
    assert {each["Period"] for each in measured} == {monitor_interval_s(template)}


def test_one_failed_measurement_raises_no_alarm(template: Template) -> None:
    [alarm] = [each for each in alarms(template).values() if each["TreatMissingData"] == "breaching"]
    assert alarm["EvaluationPeriods"] > 1


def test_the_monitor_ends_before_its_next_run(template: Template) -> None:
    assert properties(template, "AWS::Lambda::Function")[MONITOR]["Timeout"] < monitor_interval_s(template)


def test_the_monitor_knows_the_sweep_interval(template: Template) -> None:
    variables = properties(template, "AWS::Lambda::Function")[MONITOR]["Environment"]["Variables"]
    assert variables["SWEEP_INTERVAL_MINUTES"] == {"Ref": "SweepIntervalMinutes"}
