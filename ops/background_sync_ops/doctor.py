"""What could go wrong with a deployment, before it and after it: one finding a check.

What may not be read, and what only AWS has, is unknown.
"""

import shlex
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from background_sync.status.runbook import GUIDES
from background_sync_ops.errors import CommandError
from background_sync_ops.health_api import HealthApi
from background_sync_ops.redrive import waiting
from background_sync_ops.stack.template import TABLE, read_source
from background_sync_ops.table_check import lacks
from background_sync_ops.target import Target

ROOT = Path(__file__).parents[2]
PASS, WARN, FAIL, UNKNOWN = "pass", "warn", "fail", "unknown"
OTHER_FUNCTIONS = 3
"""Dispatcher, health and monitor run beside the reconcilers."""
SSM_REQUESTS_A_SECOND = 40
ALWAYS_SHOWN = ("sweep:age", "deadLetters:waiting", "webhooks:off", "reception:lost")
HIGH_THROUGHPUT = "/ssm/parameter-store/high-throughput-enabled"
Parameters = Mapping[str, str]


@dataclass(frozen=True)
class Finding:
    """`state` is pass, warn, fail or unknown; `todo` is what to do, empty if nothing."""

    check: str
    state: str
    seen: str
    todo: str = ""


Check = Callable[[Target, Parameters], Iterator[Finding]]


def examine(target: Target, stack_name: str | None) -> Iterator[Finding]:
    """All findings about a stack. One without outputs is not deployed yet: the account is examined."""
    template = read_source(ROOT / "template.yaml")
    parameters = _parameters(template, target, stack_name)
    for title, check in {"Account": _account, "Lambda": _concurrency, "SSM": _ssm}.items():
        yield from _only_on_aws(title, check, target, parameters)
    for logical_id, resource in template["Resources"].items():
        if resource["Type"] == TABLE:
            for name in _table_names(logical_id, target, parameters):
                yield from _table(target, logical_id, name, resource["Properties"])
    if target.outputs:
        for title, check in {"Alarms": _alarms, "Schedule": _schedule}.items():
            yield from _only_on_aws(title, check, target, parameters)
        yield from _asked("Sweeps not started", _unstarted, target, parameters)
        yield from _health(target)


def _parameters(template: Mapping[str, Any], target: Target, stack_name: str | None) -> Parameters:
    """Those of the next deployment: of samconfig.toml, else as they are, else the defaults."""
    defaults = {name: str(each["Default"]) for name, each in template["Parameters"].items()}
    planned = {} if target.is_local else _of_samconfig(stack_name)
    return {**defaults, **target.parameters, **planned}


def _of_samconfig(stack_name: str | None) -> Parameters:
    """What samconfig.toml in this folder has for the stack."""
    for section in _sections(Path("samconfig.toml")):
        commands = (section.get(name, {}).get("parameters", {}) for name in ("global", "deploy"))
        settings = {name: value for each in commands for name, value in each.items()}
        if settings.get("stack_name") == stack_name:
            overrides = settings.get("parameter_overrides", [])
            pairs = shlex.split(overrides) if isinstance(overrides, str) else overrides
            return dict(pair.split("=", 1) for pair in pairs)
    return {}


def _sections(path: Path) -> list[dict[str, Any]]:
    try:
        sections = tomllib.loads(path.read_text("utf-8")) if path.exists() else {}
    except ValueError as error:
        raise CommandError(f"{path}: {error}") from None
    return [each for each in sections.values() if isinstance(each, dict)]


def _only_on_aws(title: str, check: Check, target: Target, parameters: Parameters) -> Iterator[Finding]:
    if target.is_local:
        yield Finding(title, UNKNOWN, "only a stack on AWS has this")
    else:
        yield from _asked(title, check, target, parameters)


def _asked(title: str, check: Check, target: Target, parameters: Parameters) -> Iterator[Finding]:
    try:
        yield from check(target, parameters)
    except ClientError as error:
        yield Finding(
            title, UNKNOWN, f"{error.operation_name}: {error.response['Error'].get('Message', error)}"
        )


def _account(target: Target, _: Parameters) -> Iterator[Finding]:
    account = target.client("sts").get_caller_identity()["Account"]
    deployed = "" if target.outputs else "; there is no such stack yet"
    yield Finding("Account", PASS, f"{account}, region {target.region}{deployed}")


def _concurrency(target: Target, parameters: Parameters) -> Iterator[Finding]:
    limits = target.client("lambda").get_account_settings()["AccountLimit"]
    free, wanted = limits["UnreservedConcurrentExecutions"], int(parameters["ReconcilerConcurrency"])
    seen = f"{free} functions may run at once, {wanted} of them reconcilers"
    if free >= wanted + OTHER_FUNCTIONS:
        yield Finding("Lambda", PASS, seen)
        return
    yield Finding(
        "Lambda",
        WARN,
        f"{seen}: too few for the other functions",
        f"write ReconcilerConcurrency={max(2, free - OTHER_FUNCTIONS)} into samconfig.toml, or ask for more: "
        "Service Quotas, AWS Lambda, Concurrent executions",
    )


def _ssm(target: Target, parameters: Parameters) -> Iterator[Finding]:
    setting = target.client("ssm").get_service_setting(SettingId=HIGH_THROUGHPUT)["ServiceSetting"]
    if setting["SettingValue"] == "true":
        yield Finding("SSM", PASS, "higher throughput is on")
    elif int(parameters["ReconcilerConcurrency"]) <= SSM_REQUESTS_A_SECOND:
        yield Finding("SSM", PASS, f"{SSM_REQUESTS_A_SECOND} requests a second")
    else:
        command = f"aws ssm update-service-setting --region {target.region} --setting-value true"
        yield Finding(
            "SSM",
            WARN,
            f"{SSM_REQUESTS_A_SECOND} requests a second, fewer than reconcilers",
            f"{command} --setting-id {setting['ARN']}",
        )


def _table_names(logical_id: str, target: Target, parameters: Parameters) -> list[str]:
    """The table that the stack has, and the one that the next deployment will use, if it is another."""
    names = (target.outputs.get(f"{logical_id}Name"), parameters[f"Existing{logical_id}"])
    return list(dict.fromkeys(filter(None, names)))


def _table(target: Target, title: str, name: str, wanted: Mapping[str, Any]) -> Iterator[Finding]:
    dynamodb = target.client("dynamodb")
    try:
        found = dynamodb.describe_table(TableName=name)["Table"]
        expiry = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    except dynamodb.exceptions.ResourceNotFoundException:
        yield Finding(title, FAIL, f"{name} is not in {target.region}", "check the parameter and --region")
        return
    except ClientError as error:
        yield Finding(title, UNKNOWN, str(error))
        return
    expires = wanted.get("TimeToLiveSpecification", {}).get("AttributeName")
    missing = [
        Finding(title, FAIL if each.is_urgent else WARN, f"{name}: {each.text}", each.todo)
        for each in lacks(wanted, found, target.region)
    ]
    if expires not in (None, expiry.get("AttributeName")):
        command = f"aws dynamodb update-time-to-live --region {target.region} --table-name {name}"
        todo = f"{command} --time-to-live-specification Enabled=true,AttributeName={expires}"
        missing.append(Finding(title, WARN, f"{name}: its records do not expire", todo))
    yield from missing or [Finding(title, PASS, f"{name}: its keys and indexes are right")]


def _alarms(target: Target, _: Parameters) -> Iterator[Finding]:
    pages = target.client("sns").get_paginator("list_subscriptions_by_topic")
    arns = [
        each["SubscriptionArn"]
        for page in pages.paginate(TopicArn=target.outputs["AlarmTopicArn"])
        for each in page["Subscriptions"]
    ]
    unconfirmed = arns.count("PendingConfirmation")
    if unconfirmed:
        todo = "follow the link in AWS's mail, or deploy again to get another"
        yield Finding("Alarms", WARN, f"{unconfirmed} of {len(arns)} subscriptions are not confirmed", todo)
    elif arns:
        yield Finding("Alarms", PASS, f"subscriptions: {len(arns)}, all confirmed")
    else:
        todo = "write AlarmEmail=… into samconfig.toml and deploy, or subscribe a pager to AlarmTopicArn"
        yield Finding("Alarms", WARN, "nobody is told", todo)


def _schedule(target: Target, _: Parameters) -> Iterator[Finding]:
    dispatcher = target.outputs["DispatcherFunctionName"]
    arn = target.client("lambda").get_function_configuration(FunctionName=dispatcher)["FunctionArn"]
    events = target.client("events")
    names = events.list_rule_names_by_target(TargetArn=arn)["RuleNames"]
    if not names:
        yield Finding("Schedule", FAIL, "no rule starts sweeps", "deploy again")
    for name in names:
        if events.describe_rule(Name=name)["State"] == "DISABLED":
            todo = f"aws events enable-rule --region {target.region} --name {name}"
            yield Finding("Schedule", FAIL, f"the rule {name} is switched off", todo)
        else:
            yield Finding("Schedule", PASS, f"the rule {name} is on")


def _unstarted(target: Target, _: Parameters) -> Iterator[Finding]:
    number = waiting(target.client("sqs"), target.outputs["DispatcherFailuresQueueUrl"])
    todo = "docs/operations.md#a-sweep-could-not-be-started" if number else ""
    yield Finding("Sweeps not started", WARN if number else PASS, f"{number} wait", todo)


def _health(target: Target) -> Iterator[Finding]:
    try:
        checks = HealthApi(target).health()["checks"]
    except CommandError as error:
        yield Finding("Health", FAIL, str(error), "docs/operations.md#a-function-fails")
        return
    for name, [check] in checks.items():
        guide, state = GUIDES.get(name), check["status"]
        if guide is None:
            yield Finding(name, state, check.get("output", ""))
        elif state != PASS:
            link = f"docs/operations.md#{guide.anchor}"
            yield Finding(guide.title, state, check.get("output", guide.problem), f"{guide.command}; {link}")
        elif name in ALWAYS_SHOWN:
            yield Finding(guide.title, PASS, "nothing is wrong")
