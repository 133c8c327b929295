"""Alarms that somebody hears of, that say what to do, and that hold for every interval between sweeps."""

import re
from collections.abc import Iterator

import pytest

from background_sync.status.thresholds import LATE_FAIL
from background_sync_ops.stack.template import Template
from tests.template.metrics import ALARM, alarms
from tests.template.resources import FUNCTIONS, ROOT, Properties, properties, target

RUNBOOK = ROOT / "docs" / "operations.md"
HOUR_S, DAY_S = 3600, 86_400
GIVEN_UP = ["DeadLetterQueue", "DispatcherFailuresQueue"]


@pytest.fixture
def topic(template: Template) -> str:
    (name,) = template.of_type("AWS::SNS::Topic")
    return name


def anchors() -> set[str]:
    """Of the runbook's headings, as Markdown makes them."""
    headings = re.findall(r"^#+ (.+)$", RUNBOOK.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def periods(alarm: Properties) -> Iterator[int]:
    if "Period" in alarm:
        yield alarm["Period"]
    for metric in alarm.get("Metrics", []):
        if "MetricStat" in metric:
            yield metric["MetricStat"]["Period"]


def watched(template: Template, metric: str) -> Iterator[tuple[str, Properties]]:
    """What an alarm on this metric is of, and the alarm."""
    for alarm in alarms(template).values():
        if alarm.get("MetricName") == metric:
            (dimension,) = alarm["Dimensions"]
            yield target(dimension["Value"]), alarm


def test_each_tells_the_topic_when_it_is_raised_and_when_it_is_over(template: Template, topic: str) -> None:
    for name, alarm in alarms(template).items():
        assert alarm["AlarmActions"] == alarm["OKActions"] == [{"Ref": topic}], name
        assert alarm.get("ActionsEnabled", True), name


def test_each_names_its_section_of_the_runbook(template: Template) -> None:
    for name, alarm in alarms(template).items():
        [anchor] = re.findall(r"Runbook: \$\{RunbookUrl\}#([\w-]+)$", alarm["AlarmDescription"]["Fn::Sub"])
        assert anchor in anchors(), name


def test_each_has_a_name_of_its_own_that_begins_with_the_stacks(template: Template) -> None:
    names = [alarm["AlarmName"]["Fn::Sub"] for alarm in alarms(template).values()]
    assert len({*names}) == len(names)
    assert all(re.fullmatch(r"\$\{AWS::StackName\}-[a-z-]+", name) for name in names)


def test_the_runbook_lists_each_by_name(template: Template) -> None:
    listed = set(re.findall(r"`([a-z-]+)`", RUNBOOK.read_text(encoding="utf-8")))
    for name, alarm in alarms(template).items():
        assert alarm["AlarmName"]["Fn::Sub"].removeprefix("${AWS::StackName}-") in listed, name


def test_cloudwatch_takes_their_periods(template: Template) -> None:
    for name, alarm in alarms(template).items():
        for period in periods(alarm):
            longest = DAY_S if period < HOUR_S else 7 * DAY_S
            assert period % 60 == 0, name
            assert period * alarm["EvaluationPeriods"] <= longest, name


def test_they_hold_for_every_interval(template: Template) -> None:
    """CloudFormation cannot multiply: what depends on the interval is reckoned by the code or CloudWatch."""
    for name, alarm in alarms(template).items():
        numbers = [*periods(alarm), alarm["EvaluationPeriods"], alarm.get("DatapointsToAlarm", 1)]
        assert all(isinstance(number, int) for number in numbers), name
        assert isinstance(alarm["Threshold"], int | float), name


def test_no_more_datapoints_are_asked_for_than_there_are(template: Template) -> None:
    for name, alarm in alarms(template).items():
        assert alarm.get("DatapointsToAlarm", 1) <= alarm["EvaluationPeriods"], name


def test_a_sweep_that_does_not_finish_is_an_alarm_and_so_is_silence(template: Template) -> None:
    [(_, alarm)] = watched(template, "SweepAgeIntervals")
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("GreaterThanThreshold", LATE_FAIL)
    assert alarm["TreatMissingData"] == "breaching"


def test_silence_is_no_end_of_what_the_last_sweep_said(template: Template) -> None:
    """A monitor that died would else send a mail that all is well."""
    said = [
        alarm for alarm in alarms(template).values() if alarm.get("MetricName", "").startswith("LastSweep")
    ]
    assert said
    assert {alarm["TreatMissingData"] for alarm in said} == {"ignore"}


@pytest.mark.parametrize("metric", ["Errors", "Throttles"])
def test_every_function_is_watched(template: Template, metric: str) -> None:
    assert sorted(name for name, _ in watched(template, metric)) == sorted(FUNCTIONS)


def test_an_error_that_comes_with_every_sweep_is_one_alarm(template: Template) -> None:
    """At the default interval; without a hold it would be raised, and be over, every hour."""
    interval_s = 60 * template.body["Parameters"]["SweepIntervalMinutes"]["Default"]
    for metric in ("Errors", "Throttles", "KapsoUnauthorized"):
        for name, alarm in watched(template, metric):
            assert alarm["DatapointsToAlarm"] == 1, name
            assert alarm["Period"] * alarm["EvaluationPeriods"] > interval_s, name


@pytest.mark.parametrize("queue", GIVEN_UP)
def test_what_was_given_up_is_an_alarm(template: Template, queue: str) -> None:
    alarm = dict(watched(template, "ApproximateNumberOfMessagesVisible"))[queue]
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("GreaterThanThreshold", 0)


@pytest.mark.parametrize("metric", ["LastSweepDrift", "LastSweepWebhooksOff", "KapsoUnauthorized"])
def test_one_is_enough(template: Template, metric: str) -> None:
    [(_, alarm)] = watched(template, metric)
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == ("GreaterThanThreshold", 0)


def test_messages_that_wait_are_measured_in_intervals(template: Template) -> None:
    [alarm] = [item for item in alarms(template).values() if "Metrics" in item]
    [age, intervals] = alarm["Metrics"]
    assert age["MetricStat"]["Metric"]["MetricName"] == "ApproximateAgeOfOldestMessage"
    assert not age["ReturnData"]
    assert intervals["Expression"] == {"Fn::Sub": f"{age['Id']} / (60 * ${{SweepIntervalMinutes}})"}
    assert alarm["Threshold"] == 1


def test_only_the_alarms_of_this_account_may_speak(template: Template, topic: str) -> None:
    (policy,) = properties(template, "AWS::SNS::TopicPolicy").values()
    [allowed] = policy["PolicyDocument"]["Statement"]
    assert policy["Topics"] == [{"Ref": topic}]
    assert (allowed["Principal"], allowed["Action"]) == (
        {"Service": "cloudwatch.amazonaws.com"},
        "sns:Publish",
    )
    assert allowed["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}


def test_what_they_say_is_encrypted_with_a_key_that_cloudwatch_may_use(
    template: Template, topic: str
) -> None:
    """AWS's own key does not let CloudWatch in: the alarm is raised, and nobody hears of it."""
    ((name, key),) = properties(template, "AWS::KMS::Key").items()
    assert target(template.resources[topic]["Properties"]["KmsMasterKeyId"]) == name
    allowed = {next(iter(item["Principal"])): set(item["Action"]) for item in key["KeyPolicy"]["Statement"]}
    assert allowed["Service"] == {"kms:Decrypt", "kms:GenerateDataKey"}
    assert not [action for action in allowed["AWS"] if "*" in action]
    assert key["EnableKeyRotation"] is True


def test_a_mail_goes_to_whoever_is_named_and_to_nobody_else(template: Template, topic: str) -> None:
    ((name, mail),) = properties(template, "AWS::SNS::Subscription").items()
    assert (mail["TopicArn"], mail["Endpoint"]) == ({"Ref": topic}, {"Ref": "AlarmEmail"})
    condition = template.body["Conditions"][template.resources[name]["Condition"]]
    assert condition == {"Fn::Not": [{"Fn::Equals": [{"Ref": "AlarmEmail"}, ""]}]}


@pytest.mark.parametrize(
    ("text", "taken"), [("", True), ("a@b.example", True), ("a", False), ("a@b c", False)]
)
def test_an_address_is_empty_or_looks_like_one(template: Template, text: str, taken: bool) -> None:
    parameter = template.body["Parameters"]["AlarmEmail"]
    assert bool(re.fullmatch(parameter["AllowedPattern"], text)) is taken
    assert parameter["Default"] == ""


def test_nothing_else_in_the_template_is_an_alarm(template: Template) -> None:
    assert set(alarms(template)) == {name for name in template.resources if name.endswith("Alarm")}
    assert all(template.resources[name]["Type"] == ALARM for name in alarms(template))
