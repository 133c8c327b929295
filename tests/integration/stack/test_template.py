"""What is created from a template, and what is refused because the local stack cannot do as AWS does."""

from pathlib import Path

import pytest

from background_sync_ops.stack import template
from background_sync_ops.stack.deployment import Route, describe
from background_sync_ops.stack.errors import TemplateError
from background_sync_ops.stack.provision import provision
from background_sync_ops.stack.stack import LocalStack


def test_outputs_have_local_addresses_and_omit_attributes_of_what_is_not_created(stack: LocalStack) -> None:
    outputs = dict(stack.outputs)
    for name in ("JobsUrl", "DeadJobsUrl", "LostEventsUrl"):
        assert outputs.pop(name).startswith(f"{stack.endpoint_url}/123456789012/")
    assert outputs.pop("ApiUrl") == stack.api_url
    assert outputs.pop("TokenPrefix") == "/background-sync/tokens/"
    assert outputs.keys() == {"ItemsName", "WorkerName"}


def test_the_mapping_the_schedule_and_the_routes_are_the_templates(stack: LocalStack) -> None:
    mapping = stack.mapping.spec
    assert (mapping.function, mapping.queue_url) == ("WorkerFunction", stack.outputs["JobsUrl"])
    assert (mapping.batch_size, mapping.reports_item_failures, mapping.max_concurrency) == (4, True, 2)
    [schedule] = stack.deployment.schedules
    assert (schedule.function, schedule.expression) == ("WorkerFunction", "rate(60 minutes)")
    assert set(stack.deployment.routes) == {
        Route("ANY", "/echo", "WebFunction"),
        Route("GET", "/items/{id}", "WebFunction"),
        Route("GET", "/files/{path+}", "WebFunction"),
    }


def test_parameters_override_defaults_and_decide_conditions(stack: LocalStack) -> None:
    assert "AbsentFunction" not in stack.deployment.functions
    source = template.load(stack.template_path, {"Greeting": "never", "JobLimit": "5"})
    other = describe(provision(source, stack.aws, "other", {}), "other", stack.endpoint_url)
    assert other.functions["AbsentFunction"].environment["GREETING"] == "never"
    queue = stack.client("sqs").get_queue_attributes(
        QueueUrl=other.outputs["JobsUrl"], AttributeNames=["All"]
    )
    assert '"maxReceiveCount": 5' in queue["Attributes"]["RedrivePolicy"]


def test_an_unknown_parameter_is_refused(stack: LocalStack) -> None:
    with pytest.raises(TemplateError, match="no parameter Greting"):
        template.load(stack.template_path, {"Greting": "hi"})


def function(properties: str) -> str:
    return (
        "Transform: AWS::Serverless-2016-10-31\n"
        f"Resources: {{ F: {{ Type: 'AWS::Serverless::Function', Properties: {{ {properties} }} }} }}"
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a: [", r"template\.yaml: not YAML"),
        ("a: 1", r"template\.yaml: not a template: Resources are missing"),
        ("Resources: { Pool: { Type: 'AWS::Cognito::UserPool' } }", r"Pool: .* AWS::Cognito::UserPool"),
        (function("CodeUri: cod/, Handler: a.b, Runtime: python3.13"), r"F: no code folder .*/cod"),
        (function("CodeUri: code/, Handler: a.b, Runtim: python3.13"), r"is not valid: .*F.* is invalid"),
    ],
)
def test_a_missing_invalid_or_unsupported_template_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "code").mkdir()
    path = tmp_path / "template.yaml"
    path.write_text(text)
    with pytest.raises(TemplateError, match=reason):
        template.load(path, {})
    with pytest.raises(TemplateError, match=r"nowhere\.yaml: No such file"):
        template.load(tmp_path / "nowhere.yaml", {})
