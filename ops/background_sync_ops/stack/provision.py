"""Creates a template's resources on the engine, which also evaluates the template's intrinsic functions."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from background_sync_ops.stack.clients import LocalClients
from background_sync_ops.stack.errors import TemplateError
from background_sync_ops.stack.template import (
    API,
    CREATED_ON_ENGINE,
    FUNCTION,
    LAYER,
    RUN_LOCALLY,
    TABLE,
    Resource,
    Template,
    attributes_read,
    references,
)


@dataclass(frozen=True)
class Provisioned:
    """A template whose resources exist on the engine.

    `physical_ids` has the names of the resources, by logical id. `outputs` also has the evaluated properties
    of each resource whose condition holds, as JSON.
    """

    template: Template
    outputs: Mapping[str, str]
    physical_ids: Mapping[str, str]

    def properties(self, *types: str) -> dict[str, dict[str, Any]]:
        """The evaluated properties of the existing resources of these types, by logical id."""
        return {
            logical_id: json.loads(self.outputs[_output_name(logical_id)])
            for logical_id in self.template.of_type(*types)
            if _output_name(logical_id) in self.outputs
        }


def provision(
    template: Template, aws: LocalClients, stack_name: str, addresses: Mapping[str, str]
) -> Provisioned:
    """Creates the stack on the engine and checks that it is complete. Raises TemplateError.

    `addresses` maps AWS addresses to the local ones that replace them in outputs and properties.
    """
    _create_stack(aws, stack_name, _engine_template(template), template.parameters)
    outputs = _outputs(aws, stack_name, addresses)
    provisioned = Provisioned(template, outputs, _physical_ids(aws, stack_name))
    # The engine says CREATE_COMPLETE even when it left out a resource that it cannot create.
    for logical_id in provisioned.properties(*CREATED_ON_ENGINE):
        if not provisioned.physical_ids.get(logical_id):
            raise TemplateError(
                f"{logical_id}: the engine did not create this {template.resources[logical_id]['Type']}"
            )
    _set_times_to_live(provisioned, aws)
    return provisioned


def to_bool(value: str | bool) -> bool:
    """A CloudFormation boolean."""
    return value if isinstance(value, bool) else value.lower() == "true"


def _engine_template(template: Template) -> dict[str, Any]:
    """The template for the engine: with the resources that it creates, and with all properties as outputs.

    A resource that is left out becomes a parameter that holds its logical id, because addresses are built
    from the ids of APIs and layers.
    """
    created = {name: _engine_resource(item) for name, item in template.of_type(*CREATED_ON_ENGINE).items()}
    left_out = template.resources.keys() - created.keys()
    for logical_id, resource in created.items():
        for name in references(resource):
            if name in left_out - template.of_type(API, LAYER).keys():
                raise TemplateError(f"{logical_id}: refers to {name}, which the local stack does not create")
    outputs = {
        name: output
        for name, output in template.body.get("Outputs", {}).items()
        if left_out.isdisjoint(attributes_read(output))
    }
    needed = created | template.of_type(FUNCTION, *RUN_LOCALLY)
    properties = {_output_name(name): _properties_output(resource) for name, resource in needed.items()}
    names = {name: {"Type": "String", "Default": name} for name in left_out}
    # CloudFormation takes at most 51,200 bytes in a request, so what only people read is left out.
    parameters = {
        name: {key: value for key, value in each.items() if key != "Description"}
        for name, each in template.body.get("Parameters", {}).items()
    }
    return {
        "Transform": "AWS::LanguageExtensions",
        "Conditions": template.body.get("Conditions", {}),
        "Parameters": parameters | names,
        "Resources": created,
        "Outputs": outputs | properties,
    }


def _engine_resource(resource: Resource) -> Resource:
    # DependsOn may name a resource that is left out. The references between resources give the order too.
    kept = {name: value for name, value in resource.items() if name != "DependsOn"}
    if resource["Type"] == "AWS::IAM::Role":
        # Policies refer to resources that are left out, and the engine does not check permissions.
        kept["Properties"] = {"AssumeRolePolicyDocument": resource["Properties"]["AssumeRolePolicyDocument"]}
    if resource["Type"] == FUNCTION:
        kept["Properties"] = {
            name: value for name, value in resource["Properties"].items() if name != "Layers"
        }
    return kept


def _output_name(logical_id: str) -> str:
    return f"PropertiesOf{logical_id}"


def _properties_output(resource: Resource) -> dict[str, Any]:
    # With the condition of its resource, the output is missing when the resource does not exist.
    condition = {"Condition": resource["Condition"]} if "Condition" in resource else {}
    return {"Value": {"Fn::ToJsonString": resource.get("Properties", {})}} | condition


def _create_stack(
    aws: LocalClients, stack_name: str, body: dict[str, Any], parameters: Mapping[str, str]
) -> None:
    try:
        aws.client("cloudformation").create_stack(
            StackName=stack_name,
            TemplateBody=json.dumps(body, separators=(",", ":")),
            Parameters=[
                {"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()
            ],
        )
    except ClientError as error:
        raise TemplateError(f"the engine refused the template: {' '.join(str(error).split())}") from None


def _outputs(aws: LocalClients, stack_name: str, addresses: Mapping[str, str]) -> dict[str, str]:
    [stack] = aws.client("cloudformation").describe_stacks(StackName=stack_name)["Stacks"]
    while stack["StackStatus"] == "CREATE_IN_PROGRESS":
        time.sleep(0.1)
        [stack] = aws.client("cloudformation").describe_stacks(StackName=stack_name)["Stacks"]
    if stack["StackStatus"] != "CREATE_COMPLETE":
        raise TemplateError(f"the engine did not create the stack: {stack['StackStatus']}")
    outputs = {item["OutputKey"]: item["OutputValue"] for item in stack.get("Outputs", [])}
    for address, local in addresses.items():
        outputs = {name: value.replace(address, local) for name, value in outputs.items()}
    return outputs


def _physical_ids(aws: LocalClients, stack_name: str) -> dict[str, str]:
    pages = aws.client("cloudformation").get_paginator("list_stack_resources")
    return {
        item["LogicalResourceId"]: item.get("PhysicalResourceId", "")
        for page in pages.paginate(StackName=stack_name)
        for item in page["StackResourceSummaries"]
    }


def _set_times_to_live(provisioned: Provisioned, aws: LocalClients) -> None:
    # The engine ignores a table's time to live when CloudFormation creates the table.
    for logical_id, properties in provisioned.properties(TABLE).items():
        if setting := properties.get("TimeToLiveSpecification"):
            aws.client("dynamodb").update_time_to_live(
                TableName=provisioned.physical_ids[logical_id],
                TimeToLiveSpecification={
                    "AttributeName": setting["AttributeName"],
                    "Enabled": to_bool(setting["Enabled"]),
                },
            )
