import re
from typing import Any

import pytest

from background_sync_ops.stack.template import Template
from tests.integration.permissions import calls_allowed
from tests.template.resources import (
    FUNCTIONS,
    INTAKE,
    INTAKE_FUNCTIONS,
    ROOT,
    as_list,
    decided,
    find_intrinsics,
    properties,
    statements,
    target,
    targets,
)

WRITING = ("Put", "Update", "Delete", "Write", "Send", "Invoke", "Change", "Receive", "Purge")


# The import creates the tokens' parameters; the template has only their prefix.
NAMES = "arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}:parameter/${AWS::StackName}/"
TOKENS = {"Fn::Sub": f"{NAMES}kapso-tokens/*"}
SECRETS = {"Fn::Sub": f"{NAMES}webhook-secrets/*"}
BUS = {"Fn::Sub": "arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:event-bus/${NoticeBusName}"}
ERASURE = {"Fn::Sub": f"{NAMES}erasure/key"}
ROLES = ["DispatcherRole", "ReconcilerRole", "HealthRole", "MonitorRole", "IntakeRole", "RecorderRole"]
KEYS = {"TokenKmsKeyArn": ["ReconcilerRole", "IntakeRole", "RecorderRole"], "TableKmsKeyArn": ROLES}
"""The roles that decrypt with a key of the owner's, by the parameter that names it."""
NOTICES = "NoticesAreSent"


def test_no_statement_allows_by_a_wildcard(template: Template) -> None:
    for item in statements(template):
        if item["Effect"] == "Deny":
            continue
        assert "*" not in str(as_list(item["Action"])), item
        assert "*" not in str(
            [each for each in as_list(item["Resource"]) if each not in (TOKENS, SECRETS)]
        ), item


def test_every_statement_is_for_a_resource_of_the_stack(template: Template) -> None:
    for item in statements(template):
        for resource in as_list(item["Resource"]):
            is_named = resource in (TOKENS, SECRETS, ERASURE, BUS)
            assert is_named or target(resource) in {*template.resources, *KEYS}, item


@pytest.mark.parametrize(
    ("names", "roles"),
    [
        (TOKENS, ["ReconcilerRole"]),
        (SECRETS, ["IntakeRole"]),
        (ERASURE, ["ReconcilerRole", "RecorderRole"]),
    ],
)
def test_only_these_roles_may_read_parameters_and_nobody_may_write_them(
    template: Template, names: dict[str, str], roles: list[str]
) -> None:
    items = {
        role: [each for each in statements(template, role) if each["Resource"] == names] for role in ROLES
    }
    assert [role for role in ROLES if items[role]] == roles
    assert {str(each["Action"]) for role in roles for each in items[role]} == {"ssm:GetParameters"}


def test_without_the_option_there_is_no_intake(template: Template) -> None:
    intake = [item for name, item in template.resources.items() if name.startswith(("Intake", "Recorder"))]
    assert len(intake) > 15
    assert {item["Condition"] for item in intake} == {INTAKE}
    assert template.body["Conditions"][INTAKE] == {"Fn::Equals": [{"Ref": "Intake"}, "on"]}
    assert template.body["Parameters"]["Intake"]["Default"] == "off"


@pytest.mark.parametrize("parameter", KEYS)
def test_a_parameter_lets_functions_decrypt_with_exactly_one_key(template: Template, parameter: str) -> None:
    key = {"Ref": parameter}
    [(name, policy)] = [
        each for each in properties(template, "AWS::IAM::Policy").items() if key in find_intrinsics(each[1])
    ]
    allowed = {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": key}
    assert policy["PolicyDocument"]["Statement"] == [allowed]
    assert policy["Roles"] == [{"Ref": role} for role in KEYS[parameter]]
    condition = template.body["Conditions"][template.resources[name]["Condition"]]
    assert condition == {"Fn::Not": [{"Fn::Equals": [key, ""]}]}
    assert template.body["Parameters"][parameter]["Default"] == ""


def test_only_these_parameters_lead_to_a_key(template: Template) -> None:
    used = [item for item in statements(template) if "kms:" in str(item["Action"])]
    assert {target(item["Resource"]) for item in used} == set(KEYS)


def test_queues_and_the_topic_refuse_requests_without_tls(template: Template) -> None:
    refused = {target(item["Resource"]): item for item in statements(template) if item["Effect"] == "Deny"}
    assert set(refused) == set(template.of_type("AWS::SQS::Queue", "AWS::SNS::Topic"))
    for name, item in refused.items():
        # SNS takes no wildcard for its actions.
        assert item["Action"] == ("sns:Publish" if name == "AlarmTopic" else "sqs:*"), name
        assert item["Principal"] == "*"
        assert item["Condition"] == {"Bool": {"aws:SecureTransport": False}}


def test_a_queue_has_one_policy_which_is_about_it(template: Template) -> None:
    """A second policy would replace the first."""
    policies = properties(template, "AWS::SQS::QueuePolicy").values()
    queues = [[target(each) for each in item["Queues"]] for item in policies]
    assert sorted(queues) == sorted([name] for name in template.of_type("AWS::SQS::Queue"))
    for item, queue in zip(policies, queues, strict=True):
        assert [target(each["Resource"]) for each in item["PolicyDocument"]["Statement"]] == queue * len(
            item["PolicyDocument"]["Statement"]
        )


def test_all_policies_are_in_the_template(template: Template) -> None:
    for name, role in properties(template, "AWS::IAM::Role").items():
        assert "ManagedPolicyArns" not in role, name


def test_each_exception_of_checkov_has_its_reason() -> None:
    lines = [line for line in (ROOT / "template.yaml").read_text().splitlines() if "checkov:" in line]
    assert lines
    assert [line for line in lines if not re.fullmatch(r" +# checkov:skip=CKV2?_AWS_\d+:\w.{9,}", line)] == []


def test_functions_share_no_role(template: Template) -> None:
    functions = properties(template, "AWS::Lambda::Function")
    assert len({target(item["Role"]) for item in functions.values()}) == len(functions)


def test_an_index_in_a_policy_exists(template: Template) -> None:
    tables = properties(template, "AWS::DynamoDB::Table")
    for resource in _indexes_allowed(template):
        index = resource["Fn::Sub"][0].rpartition("/index/")[2]
        assert index in {item["IndexName"] for item in tables[target(resource)]["GlobalSecondaryIndexes"]}


@pytest.mark.parametrize("name", [*FUNCTIONS, *INTAKE_FUNCTIONS])
def test_a_function_may_use_the_queues_in_its_environment(template: Template, name: str) -> None:
    function = properties(template, "AWS::Lambda::Function")[name]
    allowed = targets([item["Resource"] for item in statements(template, target(function["Role"]))])
    told = targets(function["Environment"]["Variables"]) & set(template.of_type("AWS::SQS::Queue"))
    assert told <= allowed


@pytest.mark.parametrize("role", ["HealthRole", "MonitorRole"])
def test_health_and_monitor_may_write_nothing_unless_notices_are_sent(template: Template, role: str) -> None:
    always = [item for item in statements(template, role) if item not in notice_statements(template)]
    assert len(always) > 1
    for item in always:
        actions = [action for action in as_list(item["Action"]) if not action.startswith("logs:")]
        assert not [action for action in actions if any(word in action for word in WRITING)]


def notice_statements(template: Template) -> list[Any]:
    policies = template.of_type("AWS::IAM::Policy").values()
    optional = [item["Properties"] for item in policies if item.get("Condition") == NOTICES]
    return [each for item in optional for each in decided(item["PolicyDocument"]["Statement"], True)]


def test_a_parameter_lets_two_roles_send_to_exactly_one_bus(template: Template) -> None:
    policy = template.resources["SendsNotices"]["Properties"]
    [statement] = policy["PolicyDocument"]["Statement"]
    assert (statement["Action"], statement["Resource"]) == ("events:PutEvents", BUS)
    assert policy["Roles"] == [{"Ref": "ReconcilerRole"}, {"Ref": "MonitorRole"}]
    assert {item["Action"] for item in notice_statements(template)} == {
        "events:PutEvents",
        "dynamodb:UpdateItem",
    }
    conditions = template.body["Conditions"]
    assert conditions[NOTICES] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "NoticeBusName"}, ""]}]}


@pytest.mark.parametrize(
    ("bus", "taken"),
    [
        ("", True),
        ("default", True),
        ("team.notices-1", True),
        ("arn:aws:events:eu-west-1:123456789012:event-bus/notices", False),
        ("*", False),
    ],
)
def test_a_bus_is_given_by_its_name(template: Template, bus: str, taken: bool) -> None:
    pattern = template.body["Parameters"]["NoticeBusName"]["AllowedPattern"]
    assert bool(re.fullmatch(pattern, bus)) is taken


def test_the_dispatcher_has_no_access_to_contacts(template: Template) -> None:
    assert "ContactsTable" not in targets([*statements(template, "DispatcherRole")])


def test_the_dispatcher_may_invoke_only_itself(template: Template) -> None:
    invoking = [item for item in statements(template) if "lambda:InvokeFunction" in as_list(item["Action"])]
    assert [target(item["Resource"]) for item in invoking] == ["DispatcherFunction"]


def test_the_page_on_deploying_says_what_each_permission_is_for(template: Template) -> None:
    page = (ROOT / "docs" / "deploying.md").read_text("utf-8")
    rows = re.findall(r"^\| (`\w+Role`.*?) \| (.+?) \| (.+?) \| .+ \|$", page, re.MULTILINE)
    documented = {
        (role, action, resource)
        for roles, actions, resources in rows
        for role in re.findall(r"`(.+?)`", roles)
        for action in re.findall(r"`(.+?)`", actions)
        for resource in re.findall(r"`(.+?)`", resources)
    }
    assert documented == {
        (role, *call)
        for role in template.of_type("AWS::IAM::Role")
        for call in calls_allowed(template, role)
        if not call[0].startswith("logs:")
    }


def _indexes_allowed(template: Template) -> list[Any]:
    resources = [resource for item in statements(template) for resource in as_list(item["Resource"])]
    return [resource for resource in resources if "/index/" in str(resource)]
