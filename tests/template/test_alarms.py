"""Alarms notify somebody, say what to do, and work for every sweep interval."""

import re
from collections.abc import Iterator

import pytest

from background_sync.status.thresholds import LATE_FAIL
from background_sync_ops.stack.template import Template
from tests.template.metrics import alarms
from tests.template.resources import FUNCTIONS, INTAKE_FUNCTIONS, ROOT, Properties, properties, target
from tests.unit.docs.test_links import anchors

RUNBOOK = ROOT / "docs" / "operations.md"
HOUR_S, DAY_S = 3600, 86_400
FAILURE_QUEUES = ["DeadLetterQueue", "DispatcherFailuresQueue", "IntakeDeadLetterQueue"]


@pytest.fixture
def topic(template: Template) -> str:
    (name,) = template.of_type("AWS::SNS::Topic")
    return name


def periods(alarm: Properties) -> Iterator[int]:
    if "Period" in alarm:
        yield alarm["Period"]
    for metric in alarm.get("Metrics", []):
        if "MetricStat" in metric:
            yield metric["MetricStat"]["Period"]


def alarms_on(template: Template, metric: str) -> Iterator[tuple[str, Properties]]:
    """The resource and the alarm, for each alarm on this metric."""
    for alarm in alarms(template).values():
        if alarm.get("MetricName") == metric:
            (dimension,) = alarm["Dimensions"]
            yield target(dimension["Value"]), alarm


def test_each_alarm_notifies_the_topic_when_raised_and_when_cleared(template: Template, topic: str) -> None:
    for name, alarm in alarms(template).items():
        assert alarm["AlarmActions"] == alarm["OKActions"] == [{"Ref": topic}], name
        assert alarm.get("ActionsEnabled", True), name


def test_the_runbook_has_a_section_for_each_alarm_and_lists_its_name(template: Template) -> None:
    listed = set(re.findall(r"`([a-z-]+)`", RUNBOOK.read_text(encoding="utf-8")))
    for name, alarm in alarms(template).items():
        [anchor] = re.findall(r"Runbook: \$\{RunbookUrl\}#([\w-]+)$", alarm["AlarmDescription"]["Fn::Sub"])
        assert anchor in anchors(RUNBOOK.read_text("utf-8")), name
        assert alarm["AlarmName"]["Fn::Sub"].removeprefix("${AWS::StackName}-") in listed, name


def test_each_alarm_has_its_own_name_with_the_stacks_name_as_prefix(template: Template) -> None:
    names = [alarm["AlarmName"]["Fn::Sub"] for alarm in alarms(template).values()]
    assert len({*names}) == len(names)
    assert all(re.fullmatch(r"\$\{AWS::StackName\}-[a-z-]+", name) for name in names)


def test_cloudwatch_accepts_the_periods_for_every_sweep_interval(template: Template) -> None:
    """CloudFormation cannot multiply: the code or CloudWatch computes what depends on the interval."""
    for name, alarm in alarms(template).items():
        datapoints = alarm.get("DatapointsToAlarm", 1)
        numbers = [*periods(alarm), alarm["EvaluationPeriods"], datapoints]
        assert all(isinstance(number, int) for number in numbers), name
        assert isinstance(alarm["Threshold"], int | float), name
        assert datapoints <= alarm["EvaluationPeriods"], name
        for period in periods(alarm):
            longest = DAY_S if period < HOUR_S else 7 * DAY_S
            assert period % 60 == 0, name
            assert period * alarm["EvaluationPeriods"] <= longest, name


def test_a_sweep_that_does_not_finish_raises_an_alarm_and_so_does_missing_data(template: Template) -> None:
    [(_, alarm)] = alarms_on(template, "SweepAgeIntervals")
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("GreaterThanThreshold", LATE_FAIL)
    assert alarm["TreatMissingData"] == "breaching"


def test_missing_data_does_not_clear_an_alarm_on_the_last_sweep(template: Template) -> None:
    """Otherwise a monitor that died would send a mail that all is well."""
    treatments = {
        alarm["TreatMissingData"]
        for alarm in alarms(template).values()
        if alarm.get("MetricName", "").startswith("LastSweep")
    }
    assert treatments == {"ignore"}


@pytest.mark.parametrize("metric", ["Errors", "Throttles"])
def test_every_function_has_an_alarm(template: Template, metric: str) -> None:
    assert sorted(name for name, _ in alarms_on(template, metric)) == sorted(FUNCTIONS)


def test_the_intakes_functions_have_one_alarm_together(template: Template) -> None:
    alarm = alarms(template)["IntakeFailsAlarm"]
    watched = [
        each["MetricStat"]["Metric"]["Dimensions"][0] for each in alarm["Metrics"] if "MetricStat" in each
    ]
    assert {target(each["Value"]) for each in watched} == set(INTAKE_FUNCTIONS)


def test_an_error_in_every_sweep_raises_one_lasting_alarm(template: Template) -> None:
    """At the default interval. With a shorter window it would be raised, and clear, every hour."""
    interval_s = 60 * int(template.body["Parameters"]["SweepIntervalMinutes"]["Default"])
    for metric in ("Errors", "Throttles", "KapsoUnauthorized"):
        for name, alarm in alarms_on(template, metric):
            assert alarm["DatapointsToAlarm"] == 1, name
            assert alarm["Period"] * alarm["EvaluationPeriods"] > interval_s, name


@pytest.mark.parametrize("queue", FAILURE_QUEUES)
def test_a_message_in_a_failure_queue_raises_an_alarm(template: Template, queue: str) -> None:
    alarm = dict(alarms_on(template, "ApproximateNumberOfMessagesVisible"))[queue]
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("GreaterThanThreshold", 0)


def test_the_age_of_waiting_messages_is_measured_in_intervals(template: Template) -> None:
    alarm = alarms(template)["MessagesWaitAlarm"]
    [age, intervals] = alarm["Metrics"]
    assert age["MetricStat"]["Metric"]["MetricName"] == "ApproximateAgeOfOldestMessage"
    assert not age["ReturnData"]
    assert intervals["Expression"] == {"Fn::Sub": f"{age['Id']} / (60 * ${{SweepIntervalMinutes}})"}
    assert alarm["Threshold"] == 1


def test_only_alarms_of_this_account_may_publish(template: Template, topic: str) -> None:
    (policy,) = properties(template, "AWS::SNS::TopicPolicy").values()
    [allowed] = [each for each in policy["PolicyDocument"]["Statement"] if each["Effect"] == "Allow"]
    assert policy["Topics"] == [{"Ref": topic}]
    assert (allowed["Principal"], allowed["Action"]) == (
        {"Service": "cloudwatch.amazonaws.com"},
        "sns:Publish",
    )
    assert allowed["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}


def test_the_topic_is_encrypted_with_a_key_that_cloudwatch_may_use(template: Template, topic: str) -> None:
    """CloudWatch may not use the default key of AWS: the alarm would be raised, but nobody notified."""
    ((name, key),) = properties(template, "AWS::KMS::Key").items()
    assert target(template.resources[topic]["Properties"]["KmsMasterKeyId"]) == name
    allowed = {next(iter(item["Principal"])): set(item["Action"]) for item in key["KeyPolicy"]["Statement"]}
    assert allowed["Service"] == {"kms:Decrypt", "kms:GenerateDataKey"}
    assert not [action for action in allowed["AWS"] if "*" in action]
    assert key["EnableKeyRotation"] is True


def test_an_email_is_sent_only_if_an_address_is_given(template: Template, topic: str) -> None:
    ((name, mail),) = properties(template, "AWS::SNS::Subscription").items()
    assert (mail["TopicArn"], mail["Endpoint"]) == ({"Ref": topic}, {"Ref": "AlarmEmail"})
    condition = template.body["Conditions"][template.resources[name]["Condition"]]
    assert condition == {"Fn::Not": [{"Fn::Equals": [{"Ref": "AlarmEmail"}, ""]}]}


@pytest.mark.parametrize(
    ("text", "taken"), [("", True), ("a@b.example", True), ("a", False), ("a@b c", False)]
)
def test_the_address_is_empty_or_an_email_address(template: Template, text: str, taken: bool) -> None:
    parameter = template.body["Parameters"]["AlarmEmail"]
    assert bool(re.fullmatch(parameter["AllowedPattern"], text)) is taken
    assert parameter["Default"] == ""
