"""Makes a template's resources on the engine."""

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from background_sync_ops.stack import intrinsics
from background_sync_ops.stack.clients import LocalClients
from background_sync_ops.stack.errors import TemplateError
from background_sync_ops.stack.intrinsics import Questions
from background_sync_ops.stack.template import (
    API,
    CODE_BUCKET,
    FUNCTION,
    LAYER,
    MADE_ON_ENGINE,
    RUN_HERE,
    TABLE,
    Resource,
    Template,
)


@dataclass(frozen=True)
class Provisioned:
    """A template that stands on the engine, and what the engine made of its values."""

    template: Template
    outputs: Mapping[str, str]
    physical_ids: Mapping[str, str]
    questions: Questions

    def resolved(self, *types: str) -> dict[str, dict[str, Any]]:
        """Properties, worked out, of the resources of these types that exist, by logical id."""
        return {
            logical_id: self.questions.resolved(resource["Properties"], resource.get("Condition"))
            for logical_id, resource in self.template.of_type(*types).items()
            if self.exists(resource)
        }

    def exists(self, resource: Resource) -> bool:
        """Whether the resource's condition holds."""
        return truth(self.questions.resolved(_existence(resource)))


def provision(
    template: Template, aws: LocalClients, stack_name: str, addresses: Mapping[str, str]
) -> Provisioned:
    """Makes the stack on the engine and checks that all of it is there. Raises TemplateError.

    `addresses` maps AWS addresses to the local ones that stand in for them in outputs and environments.
    """
    _upload_code(template, aws)
    questions = _questions(template)
    _create_stack(aws, stack_name, _engine_template(template, questions), template.parameters)
    outputs = _outputs(aws, stack_name, addresses)
    questions.answer(outputs)
    made = Provisioned(template, outputs, _physical_ids(aws, stack_name), questions)
    _require_complete(made)
    _set_times_to_live(made, aws)
    return made


def truth(value: str | bool) -> bool:
    """A CloudFormation boolean."""
    return value if isinstance(value, bool) else value.lower() == "true"


def _upload_code(template: Template, aws: LocalClients) -> None:
    """The engine wants some ZIP; the code itself is run from its folder."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("README", "The code is run from its folder.")
    s3 = aws.client("s3")
    s3.create_bucket(Bucket=CODE_BUCKET)
    for key in template.code_dirs:
        s3.put_object(Bucket=CODE_BUCKET, Key=key, Body=archive.getvalue())


def _questions(template: Template) -> Questions:
    questions = Questions()
    for resource in template.of_type(FUNCTION, TABLE, *RUN_HERE).values():
        questions.ask(resource.get("Properties", {}), resource.get("Condition"))
    for resource in template.resources.values():
        questions.ask(_existence(resource))
    return questions


def _existence(resource: Resource) -> Any:
    return {"Fn::If": [resource["Condition"], "true", "false"]} if "Condition" in resource else "true"


def _engine_template(template: Template, questions: Questions) -> dict[str, Any]:
    """The template as the engine gets it: without what it does not make, and with the questions as outputs.

    A name of what is left out becomes a parameter that holds the name, for addresses to be made of.
    """
    made = {name: _engine_resource(item) for name, item in template.of_type(*MADE_ON_ENGINE).items()}
    left_out = template.resources.keys() - made.keys()
    _require_nothing_of(left_out - template.of_type(API, LAYER).keys(), made)
    outputs = {
        name: output
        for name, output in template.body.get("Outputs", {}).items()
        if left_out.isdisjoint(intrinsics.attributes_read(output))
    }
    names = {name: {"Type": "String", "Default": name} for name in left_out}
    return template.body | {
        "Parameters": template.body.get("Parameters", {}) | names,
        "Resources": made,
        "Outputs": outputs | questions.as_outputs(),
    }


def _engine_resource(resource: Resource) -> Resource:
    """Without its order, which the references give, and without permissions, which nobody judges here."""
    kept = {name: value for name, value in resource.items() if name != "DependsOn"}
    if resource["Type"] == "AWS::IAM::Role":
        kept["Properties"] = {"AssumeRolePolicyDocument": resource["Properties"]["AssumeRolePolicyDocument"]}
    return kept


def _require_nothing_of(left_out: set[str], made: Mapping[str, Resource]) -> None:
    for logical_id, resource in made.items():
        for name in left_out.intersection(intrinsics.references(resource)):
            raise TemplateError(f"{logical_id}: refers to {name}, which the local stack does not make")


def _create_stack(
    aws: LocalClients, stack_name: str, body: dict[str, Any], parameters: Mapping[str, str]
) -> None:
    try:
        aws.client("cloudformation").create_stack(
            StackName=stack_name,
            TemplateBody=json.dumps(body),
            Parameters=[
                {"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()
            ],
        )
    except ClientError as error:
        raise TemplateError(f"the engine refused the template: {' '.join(str(error).split())}") from None


def _outputs(aws: LocalClients, stack_name: str, addresses: Mapping[str, str]) -> dict[str, str]:
    [stack] = aws.client("cloudformation").describe_stacks(StackName=stack_name)["Stacks"]
    if stack["StackStatus"] != "CREATE_COMPLETE":
        raise TemplateError(f"the engine did not make the stack: {stack['StackStatus']}")
    return {
        item["OutputKey"]: _localised(item["OutputValue"], addresses) for item in stack.get("Outputs", [])
    }


def _localised(value: str, addresses: Mapping[str, str]) -> str:
    for address, local in addresses.items():
        value = value.replace(address, local)
    return value


def _physical_ids(aws: LocalClients, stack_name: str) -> dict[str, str]:
    pages = aws.client("cloudformation").get_paginator("list_stack_resources")
    return {
        item["LogicalResourceId"]: item.get("PhysicalResourceId", "")
        for page in pages.paginate(StackName=stack_name)
        for item in page["StackResourceSummaries"]
    }


def _require_complete(made: Provisioned) -> None:
    """The engine leaves out in silence what it cannot make."""
    for logical_id, resource in made.template.of_type(*MADE_ON_ENGINE).items():
        if made.exists(resource) and not made.physical_ids.get(logical_id):
            raise TemplateError(f"{logical_id}: the engine did not make this {resource['Type']}")


def _set_times_to_live(made: Provisioned, aws: LocalClients) -> None:
    """The engine drops a table's time to live when CloudFormation makes the table."""
    for logical_id, properties in made.resolved(TABLE).items():
        if setting := properties.get("TimeToLiveSpecification"):
            aws.client("dynamodb").update_time_to_live(
                TableName=made.physical_ids[logical_id],
                TimeToLiveSpecification={
                    "AttributeName": setting["AttributeName"],
                    "Enabled": truth(setting["Enabled"]),
                },
            )
