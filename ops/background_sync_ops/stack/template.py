"""template.yaml -> CloudFormation, by AWS's own SAM translator, offline."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from samtranslator.yaml_helper import yaml_parse

from background_sync_ops.stack import clients
from background_sync_ops.stack.errors import TemplateError

API = "AWS::ApiGatewayV2::Api"
FUNCTION = "AWS::Lambda::Function"
LAYER = "AWS::Lambda::LayerVersion"
TABLE = "AWS::DynamoDB::Table"

CODE_BUCKET = "local-code"
CODE_PROPERTIES = {"AWS::Serverless::Function": "CodeUri", "AWS::Serverless::LayerVersion": "ContentUri"}

# The engine creates these completely, except for a table's time to live (see provision.py).
CREATED_ON_ENGINE = frozenset(
    {
        "AWS::DynamoDB::Table",
        "AWS::IAM::Role",
        "AWS::KMS::Key",
        "AWS::Lambda::Function",
        "AWS::Logs::LogGroup",
        "AWS::SNS::Topic",
        "AWS::SQS::Queue",
        "AWS::SSM::Parameter",
    }
)
# The engine creates these badly or not at all, so the local stack runs them itself.
RUN_LOCALLY = frozenset(
    {
        "AWS::ApiGatewayV2::Api",
        "AWS::Events::Rule",
        "AWS::Lambda::EventInvokeConfig",
        "AWS::Lambda::EventSourceMapping",
        "AWS::Lambda::LayerVersion",
    }
)
# These have no effect here: permissions are not checked, requests are not throttled, alarms are not raised.
IGNORED = frozenset(
    {
        "AWS::ApiGatewayV2::Stage",
        "AWS::CloudWatch::Alarm",
        "AWS::CloudWatch::CompositeAlarm",
        "AWS::CloudWatch::Dashboard",
        "AWS::IAM::ManagedPolicy",
        "AWS::IAM::Policy",
        "AWS::Lambda::Permission",
        "AWS::Logs::MetricFilter",
        "AWS::Logs::QueryDefinition",
        "AWS::SNS::Subscription",
        "AWS::SNS::TopicPolicy",
        "AWS::SQS::QueuePolicy",
    }
)

SUB_REFERENCE = re.compile(r"\$\{([^!}][^}]*)\}")

Resource = dict[str, Any]


@dataclass(frozen=True)
class Template:
    """A template as CloudFormation. `code_dirs` has the code folders of functions and layers, by S3 key."""

    body: dict[str, Any]
    parameters: Mapping[str, str]
    code_dirs: Mapping[str, Path]

    @property
    def resources(self) -> dict[str, Resource]:
        resources: dict[str, Resource] = self.body["Resources"]
        return resources

    def of_type(self, *types: str) -> dict[str, Resource]:
        """The resources of these types, by logical id."""
        return {name: item for name, item in self.resources.items() if item["Type"] in types}


def load(path: Path, parameters: Mapping[str, str]) -> Template:
    """Translates the SAM template at `path`. `parameters` override its defaults. Raises TemplateError."""
    source = read_source(path)
    for name in parameters:
        if name not in source.get("Parameters", {}):
            raise TemplateError(f"the template has no parameter {name}")
    code_dirs = _take_code_dirs(source, path.parent)
    body = _translate(source, parameters)
    for logical_id, resource in body["Resources"].items():
        # A resource that is silently left out would let a test pass that fails on AWS.
        if resource["Type"] not in CREATED_ON_ENGINE | RUN_LOCALLY | IGNORED:
            raise TemplateError(
                f"{logical_id}: the local stack does not support resources of type {resource['Type']}"
            )
    return Template(body, parameters, code_dirs)


def read_source(path: Path) -> dict[str, Any]:
    """The template as written, with short forms (!Ref) in their long form. Raises TemplateError."""
    try:
        source = yaml_parse(path.read_text(encoding="utf-8"))  # type: ignore[no-untyped-call]
    except OSError as error:
        raise TemplateError(f"{path}: {error.strerror}") from None
    except yaml.YAMLError as error:
        raise TemplateError(f"{path}: not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(source, dict) or "Resources" not in source:
        raise TemplateError(f"{path}: not a template: Resources are missing")
    return source


def _take_code_dirs(source: dict[str, Any], root: Path) -> dict[str, Path]:
    """Replaces each local folder by an S3 address, as `sam package` does. Returns the folders by S3 key."""
    folders = {}
    for logical_id, resource in source["Resources"].items():
        if name := CODE_PROPERTIES.get(resource.get("Type")):
            properties = resource["Properties"]
            folders[logical_id] = _folder(logical_id, root, properties.get(name))
            properties[name] = f"s3://{CODE_BUCKET}/{logical_id}"
    return folders


def _folder(logical_id: str, root: Path, uri: object) -> Path:
    folder = root / str(uri)
    if not isinstance(uri, str) or not folder.is_dir():
        raise TemplateError(f"{logical_id}: no code folder {folder}")
    return folder.resolve()


def _translate(source: dict[str, Any], parameters: Mapping[str, str]) -> dict[str, Any]:
    # These imports take a second: other commands do not need them, and the engine starts meanwhile.
    from samtranslator.model.exceptions import InvalidDocumentException  # noqa: PLC0415
    from samtranslator.parser.parser import Parser  # noqa: PLC0415
    from samtranslator.translator.translator import Translator  # noqa: PLC0415

    translator = Translator({}, Parser(), None, clients.session())
    try:
        body: dict[str, Any] = translator.translate(source, dict(parameters))
    except InvalidDocumentException as error:
        causes = "; ".join(cause.message for cause in error.causes)
        raise TemplateError(f"the template is not valid: {causes}") from None
    finally:
        # Sends nothing. The translator warns at exit about metrics that were not published.
        translator.metrics.publish()
    return body


def references(tree: Any) -> Iterator[str]:
    """Every logical id and parameter that `tree` refers to."""
    return (name.split(".")[0] for name in _names(tree))


def attributes_read(tree: Any) -> Iterator[str]:
    """Logical ids whose attributes `tree` reads, by Fn::GetAtt or by ${Id.Attribute} in Fn::Sub."""
    return (name.split(".")[0] for name in _names(tree) if "." in name)


def _names(tree: Any) -> Iterator[str]:
    """What `tree` refers to, as `Id` or `Id.Attribute`."""
    if isinstance(tree, dict):
        if "Ref" in tree:
            yield tree["Ref"]
        if attribute := tree.get("Fn::GetAtt"):
            yield attribute if isinstance(attribute, str) else ".".join(attribute)
        if text := tree.get("Fn::Sub"):
            yield from SUB_REFERENCE.findall(text if isinstance(text, str) else text[0])
    if isinstance(tree, dict | list):
        for branch in tree.values() if isinstance(tree, dict) else tree:
            yield from _names(branch)
