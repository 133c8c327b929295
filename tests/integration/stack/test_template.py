"""What is made of a template, and what is refused because it could not be true."""

from collections.abc import Callable
from pathlib import Path

import pytest

from background_sync_ops.stack import template
from background_sync_ops.stack.deployment import Route
from background_sync_ops.stack.describe import describe
from background_sync_ops.stack.errors import TemplateError, UnsupportedTypeError
from background_sync_ops.stack.provision import provision
from background_sync_ops.stack.stack import LocalStack

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """A template with these resources, beside a folder `code`."""

    def write(resources: str) -> Path:
        (tmp_path / "code").mkdir()
        path = tmp_path / "template.yaml"
        path.write_text(f"Transform: AWS::Serverless-2016-10-31\nResources:\n{resources}")
        return path

    return write


def function(properties: str) -> str:
    return f"  F: {{ Type: 'AWS::Serverless::Function', Properties: {{ {properties} }} }}"


def test_every_output_of_the_template_is_there_but_for_what_is_not_made(stack: LocalStack) -> None:
    assert set(stack.outputs) == {
        "ApiUrl",
        "JobsUrl",
        "DeadJobsUrl",
        "LostEventsUrl",
        "ItemsName",
        "WorkerName",
        "TokenPrefix",
    }


def test_addresses_are_local(stack: LocalStack) -> None:
    assert stack.outputs["ApiUrl"] == stack.api_url
    assert stack.outputs["JobsUrl"].startswith(f"{stack.endpoint_url}/123456789012/")
    assert stack.outputs["TokenPrefix"] == "/background-sync/tokens/"


def test_queues_are_those_of_the_template(stack: LocalStack) -> None:
    answer = stack.client("sqs").get_queue_attributes(
        QueueUrl=stack.outputs["JobsUrl"], AttributeNames=["All"]
    )
    assert answer["Attributes"]["VisibilityTimeout"] == "300"
    assert '"maxReceiveCount": 3' in answer["Attributes"]["RedrivePolicy"]


def test_tables_have_their_indexes_and_time_to_live(stack: LocalStack) -> None:
    dynamodb, name = stack.client("dynamodb"), stack.outputs["ItemsName"]
    indexes = dynamodb.describe_table(TableName=name)["Table"]["GlobalSecondaryIndexes"]
    assert [index["IndexName"] for index in indexes] == ["by_rank"]
    ttl = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    assert (ttl["TimeToLiveStatus"], ttl["AttributeName"]) == ("ENABLED", "expires_at")


def test_the_mapping_is_that_of_the_template(stack: LocalStack) -> None:
    spec = stack.mapping.spec
    assert (spec.function, spec.queue_url) == ("WorkerFunction", stack.outputs["JobsUrl"])
    assert (spec.batch_size, spec.reports_item_failures, spec.max_concurrency) == (4, True, 2)


def test_the_schedule_is_that_of_the_template(stack: LocalStack) -> None:
    [schedule] = stack.deployment.schedules
    assert (schedule.function, schedule.expression) == ("WorkerFunction", "rate(60 minutes)")


def test_the_routes_are_those_of_the_template(stack: LocalStack) -> None:
    assert set(stack.deployment.routes) == {
        Route("ANY", "/echo", "WebFunction", public=True),
        Route("GET", "/items/{id}", "WebFunction", public=False),
        Route("GET", "/files/{path+}", "WebFunction", public=False),
    }


def test_what_a_condition_excludes_does_not_exist(stack: LocalStack) -> None:
    assert "AbsentFunction" not in stack.deployment.functions


def test_parameters_override_defaults(stack: LocalStack) -> None:
    source = template.load(stack.template_path, {"Greeting": "never", "JobLimit": "5"})
    made = provision(source, stack.aws, "other", {})
    other = describe(made, "other", stack.endpoint_url)
    assert other.functions["AbsentFunction"].environment["GREETING"] == "never"
    queue = stack.client("sqs").get_queue_attributes(
        QueueUrl=other.outputs["JobsUrl"], AttributeNames=["All"]
    )
    assert '"maxReceiveCount": 5' in queue["Attributes"]["RedrivePolicy"]


def test_an_unknown_parameter_is_refused(stack: LocalStack) -> None:
    with pytest.raises(TemplateError, match="no parameter Greting"):
        template.load(stack.template_path, {"Greting": "hi"})


def test_an_unknown_type_is_refused_by_name(write: Write) -> None:
    path = write("  Pool: { Type: 'AWS::Cognito::UserPool' }")
    with pytest.raises(UnsupportedTypeError, match=r"Pool: .* AWS::Cognito::UserPool"):
        template.load(path, {})


def test_a_missing_code_folder_is_refused(write: Write) -> None:
    path = write(function("CodeUri: cod/, Handler: a.b, Runtime: python3.13"))
    with pytest.raises(TemplateError, match=r"F: no code folder .*/cod"):
        template.load(path, {})


def test_a_template_that_sam_refuses_is_refused_in_sams_words(write: Write) -> None:
    path = write(function("CodeUri: code/, Handler: a.b, Runtim: python3.13"))
    with pytest.raises(TemplateError, match=r"the template is not valid: .*F.* is invalid"):
        template.load(path, {})


@pytest.mark.parametrize(("text", "reason"), [("a: [", "not YAML"), ("a: 1", "no Resources")])
def test_what_is_no_template_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "template.yaml"
    path.write_text(text)
    with pytest.raises(TemplateError, match=f"template.yaml: {reason}"):
        template.load(path, {})


def test_a_missing_template_is_named(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match=r"nowhere\.yaml: No such file"):
        template.load(tmp_path / "nowhere.yaml", {})
