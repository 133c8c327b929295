"""What `background-sync doctor` says of an account and a stack on AWS, by AWS's own answers."""

import json
import shlex
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from copy import deepcopy
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from background_sync.clock import SystemClock
from background_sync_ops import doctor
from background_sync_ops.doctor import Finding, examine
from background_sync_ops.table_check import lacks
from background_sync_ops.target import Target
from tests.template.released import tables
from tests.unit.docs.test_commands import aws_options

OUTPUTS = {"AlarmTopicArn": "arn:aws:sns:eu-west-1:1:topic", "DispatcherFunctionName": "dispatcher"}
QUEUE = {"DispatcherFailuresQueueUrl": "https://failures"}
SETTING = "arn:aws:ssm:eu-west-1:1:servicesetting/ssm/parameter-store/high-throughput-enabled"
CONTACTS = tables()["ContactsTable"]


class Aws:
    """A target on AWS whose services give prepared answers, which botocore checks."""

    def __init__(self, stubs: ExitStack, outputs: Mapping[str, str]) -> None:
        self.session = boto3.Session("key", "secret", region_name="eu-west-1")
        self.clients: dict[str, Any] = {}
        self.stubs: dict[str, Stubber] = {}
        for service in ("sts", "lambda", "ssm", "sns", "events", "sqs", "dynamodb"):
            self.clients[service] = self.session.client(service)
            self.stubs[service] = stubs.enter_context(Stubber(self.clients[service]))
        self.target = Target("x", False, "eu-west-1", outputs, SystemClock(), self.session, {})
        self.answer("sts", "get_caller_identity", {"Account": "123456789012"})

    def answer(self, service: str, operation: str, answer: Mapping[str, Any]) -> None:
        self.stubs[service].add_response(operation, answer)

    def account(self, free: int = 1000, high_throughput: bool = False) -> None:
        limits = {"AccountLimit": {"UnreservedConcurrentExecutions": free}}
        self.answer("lambda", "get_account_settings", limits)
        setting = {"SettingValue": str(high_throughput).lower(), "ARN": SETTING}
        self.answer("ssm", "get_service_setting", {"ServiceSetting": setting})


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Aws]:
    monkeypatch.chdir(tmp_path)
    with ExitStack() as stubs:
        aws = Aws(stubs, {})
        monkeypatch.setattr(Target, "client", lambda _, service: aws.clients[service])
        monkeypatch.setattr(doctor, "_health", lambda _: iter(()))
        yield aws


def found(aws: Aws, check: str, outputs: Mapping[str, str] | None = None) -> Finding:
    aws.target = Target("x", False, "eu-west-1", outputs or {}, SystemClock(), aws.session, {})
    [finding] = [each for each in examine(aws.target, "prod") if each.check == check]
    if finding.todo.startswith("aws "):
        _, service, operation, *rest = shlex.split(finding.todo)
        assert {each for each in rest if each.startswith("--")} - {"--region"} <= aws_options(
            service, operation, ""
        )
    return finding


def samconfig(overrides: object) -> None:
    text = f"[prod.global.parameters]\nstack_name = 'prod'\n[prod.deploy.parameters]\n{overrides}\n"
    Path("samconfig.toml").write_text("version = 0.1\n" + text)


@pytest.mark.parametrize(
    ("free", "state", "todo"), [(13, "pass", ""), (12, "warn", "ReconcilerConcurrency=9"), (4, "warn", "=2 ")]
)
def test_lambda_has_room_for_the_reconcilers_and_three_more(
    aws: Aws, free: int, state: str, todo: str
) -> None:
    samconfig('parameter_overrides = ["ReconcilerConcurrency=10"]')
    aws.account(free)
    finding = found(aws, "Lambda")
    assert finding.state == state
    assert todo in finding.todo


@pytest.mark.parametrize(
    ("overrides", "high", "state"),
    [
        ("", False, "pass"),
        ('parameter_overrides = "LogLevel=DEBUG ReconcilerConcurrency=41"', False, "warn"),
        ('parameter_overrides = ["ReconcilerConcurrency=41"]', True, "pass"),
    ],
)
def test_more_reconcilers_than_ssm_answers_in_a_second_need_its_higher_throughput(
    aws: Aws, overrides: str, high: bool, state: str
) -> None:
    samconfig(overrides)
    aws.account(high_throughput=high)
    assert found(aws, "SSM").state == state


def test_what_may_not_be_asked_is_unknown_and_not_fine(aws: Aws) -> None:
    for service, operation in (("lambda", "get_account_settings"), ("ssm", "get_service_setting")):
        aws.stubs[service].add_client_error(operation, "AccessDeniedException", "not you")
    finding = found(aws, "SSM")
    assert (finding.state, "not you" in finding.seen) == ("unknown", True)


@pytest.mark.parametrize(
    ("arns", "state", "seen"),
    [
        ([], "warn", "nobody is told"),
        (["arn:aws:sns:eu-west-1:1:topic:a"], "pass", "subscriptions: 1, all confirmed"),
        (["arn:x", "PendingConfirmation"], "warn", "1 of 2 subscriptions are not confirmed"),
    ],
)
def test_somebody_has_confirmed_the_alarms(aws: Aws, arns: list[str], state: str, seen: str) -> None:
    aws.account()
    subscriptions = [{"SubscriptionArn": arn} for arn in arns]
    aws.answer("sns", "list_subscriptions_by_topic", {"Subscriptions": subscriptions})
    rules(aws, ["r"], "ENABLED")
    finding = found(aws, "Alarms", {**OUTPUTS, **QUEUE})
    assert (finding.state, finding.seen) == (state, seen)


def rules(aws: Aws, names: list[str], state: str) -> None:
    arn = {"FunctionArn": "arn:aws:lambda:eu-west-1:1:function:dispatcher"}
    aws.answer("lambda", "get_function_configuration", arn)
    aws.answer("events", "list_rule_names_by_target", {"RuleNames": names})
    for _ in names:
        aws.answer("events", "describe_rule", {"State": state})
    aws.answer("sqs", "get_queue_attributes", {"Attributes": {"ApproximateNumberOfMessages": "1"}})


@pytest.mark.parametrize(
    ("names", "state", "expected", "seen"),
    [
        (["r"], "ENABLED", "pass", "the rule r is on"),
        (["r"], "DISABLED", "fail", "the rule r is switched off"),
        ([], "ENABLED", "fail", "no rule starts sweeps"),
    ],
)
def test_a_rule_starts_the_sweeps(aws: Aws, names: list[str], state: str, expected: str, seen: str) -> None:
    aws.account()
    aws.answer("sns", "list_subscriptions_by_topic", {"Subscriptions": []})
    rules(aws, names, state)
    finding = found(aws, "Schedule", {**OUTPUTS, **QUEUE})
    assert (finding.state, finding.seen) == (expected, seen)


def described(change: str) -> dict[str, Any]:
    """The template's contacts as DescribeTable has them, with a change."""
    table: dict[str, Any] = deepcopy({**CONTACTS, "TableName": "crm"})
    table["BillingModeSummary"] = {"BillingMode": "PAY_PER_REQUEST"}
    activity, bsuid = table["GlobalSecondaryIndexes"]
    if change == "other key":
        table["KeySchema"].pop()
    elif change == "no index":
        del table["GlobalSecondaryIndexes"]
    elif change == "provisioned":
        del table["BillingModeSummary"], table["GlobalSecondaryIndexes"][1]
        units = {"ReadCapacityUnits": 7, "WriteCapacityUnits": 8, "NumberOfDecreasesToday": 0}
        table["ProvisionedThroughput"] = units
    elif change == "narrow index":
        activity["Projection"]["NonKeyAttributes"].remove("flagged_at")
    elif change == "wide indexes":
        activity["Projection"]["NonKeyAttributes"].append("name")
        bsuid["Projection"] = {"ProjectionType": "ALL"}
    elif change == "other type":
        table["AttributeDefinitions"][2]["AttributeType"] = "S"
    elif change == "being made":
        bsuid["IndexStatus"] = "CREATING"
    return table


@pytest.mark.parametrize(
    ("change", "texts"),
    [
        ("none", []),
        ("wide indexes", []),
        ("other key", ["its key is not workspace_id (HASH, S), contact_id (RANGE, S)"]),
        ("no index", ["the index by_activity is missing", "the index by_bsuid is missing"]),
        ("provisioned", ["the index by_bsuid is missing"]),
        ("narrow index", ["the index by_activity has other keys or attributes"]),
        ("other type", ["the index by_activity has other keys or attributes"]),
        ("being made", ["the index by_bsuid is being made"]),
    ],
)
def test_a_table_is_held_against_the_template(change: str, texts: list[str]) -> None:
    assert [each.text for each in lacks(CONTACTS, described(change), "eu-west-1")] == texts


def test_the_command_adds_the_index_of_the_template_with_the_tables_own_capacity() -> None:
    [lack] = lacks(CONTACTS, described("provisioned"), "eu-west-1")
    words = shlex.split(lack.todo)
    [change] = json.loads(words[words.index("--global-secondary-index-updates") + 1])
    creation = change["Create"]
    assert creation.pop("ProvisionedThroughput") == {"ReadCapacityUnits": 7, "WriteCapacityUnits": 8}
    assert creation == CONTACTS["GlobalSecondaryIndexes"][1]
    assert {"AttributeName=activity_at,AttributeType=N", words[-1]} <= set(words)
    assert words[-1] == "AttributeName=business_scoped_user_id,AttributeType=S"
