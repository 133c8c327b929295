from typing import Any

import pytest

from background_sync_ops.stack.template import Template
from tests.template.resources import FUNCTIONS, many, properties, statements, target, targets

WRITING = ("Put", "Update", "Delete", "Write", "Send", "Invoke", "Change", "Receive", "Purge")


# The tokens' parameters are made by the import; the template knows only how their names begin.
TOKENS = {
    "Fn::Sub": "arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}"
    ":parameter/${AWS::StackName}/kapso-tokens/*"
}


def test_nothing_is_allowed_on_everything(template: Template) -> None:
    for item in statements(template):
        assert "*" not in str(many(item["Action"])), item
        assert "*" not in str([each for each in many(item["Resource"]) if each != TOKENS]), item


def test_what_is_allowed_is_allowed_on_a_resource_of_the_stack(template: Template) -> None:
    for item in statements(template):
        for resource in many(item["Resource"]):
            assert resource == TOKENS or target(resource) in template.resources, item


def test_only_the_reconciler_reads_tokens_and_does_nothing_else_with_them(template: Template) -> None:
    [item] = [each for each in statements(template) if TOKENS in many(each["Resource"])]
    assert many(item["Action"]) == ["ssm:GetParameter"]
    assert item in list(statements(template, "ReconcilerRole"))


def test_no_function_has_a_policy_that_is_not_in_the_template(template: Template) -> None:
    for name, role in properties(template, "AWS::IAM::Role").items():
        assert "ManagedPolicyArns" not in role, name


def test_functions_share_no_role(template: Template) -> None:
    functions = properties(template, "AWS::Lambda::Function")
    assert len({target(item["Role"]) for item in functions.values()}) == len(functions)


def test_an_index_that_is_allowed_exists(template: Template) -> None:
    tables = properties(template, "AWS::DynamoDB::Table")
    for resource in _indexes_allowed(template):
        index = resource["Fn::Sub"].rpartition("/index/")[2]
        assert index in {item["IndexName"] for item in tables[target(resource)]["GlobalSecondaryIndexes"]}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_may_use_the_queues_that_it_is_told_of(template: Template, name: str) -> None:
    function = properties(template, "AWS::Lambda::Function")[name]
    allowed = targets([item["Resource"] for item in statements(template, target(function["Role"]))])
    told = targets(function["Environment"]["Variables"]) & set(template.of_type("AWS::SQS::Queue"))
    assert told <= allowed


@pytest.mark.parametrize("role", ["HealthRole", "MonitorRole"])
def test_who_only_looks_writes_nothing(template: Template, role: str) -> None:
    for item in statements(template, role):
        actions = [action for action in many(item["Action"]) if not action.startswith("logs:")]
        assert not [action for action in actions if any(word in action for word in WRITING)]


def test_the_dispatcher_never_touches_contacts(template: Template) -> None:
    assert "ContactsTable" not in targets([*statements(template, "DispatcherRole")])


def test_the_dispatcher_may_invoke_itself_and_nobody_else(template: Template) -> None:
    invoking = [item for item in statements(template) if "lambda:InvokeFunction" in many(item["Action"])]
    assert [target(item["Resource"]) for item in invoking] == ["DispatcherFunction"]


def _indexes_allowed(template: Template) -> list[Any]:
    resources = [resource for item in statements(template) for resource in many(item["Resource"])]
    return [resource for resource in resources if "/index/" in str(resource)]
