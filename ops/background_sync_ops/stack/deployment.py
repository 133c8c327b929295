"""What a provisioned template consists of: functions, mappings, schedules and routes, as typed values."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from background_sync_ops.stack.clients import ACCOUNT_ID, REGION
from background_sync_ops.stack.errors import TemplateError
from background_sync_ops.stack.provision import Provisioned, to_bool
from background_sync_ops.stack.template import API, CODE_BUCKET, FUNCTION, LAYER

MAPPING = "AWS::Lambda::EventSourceMapping"
RULE = "AWS::Events::Rule"
INVOKE_CONFIG = "AWS::Lambda::EventInvokeConfig"
MAPPING_PROPERTIES = frozenset(
    {"BatchSize", "Enabled", "EventSourceArn", "FunctionName", "FunctionResponseTypes", "ScalingConfig"}
)
RULE_PROPERTIES = frozenset({"Description", "Name", "ScheduleExpression", "State", "Tags", "Targets"})
# DeadLetterConfig and RetryPolicy are ignored: they apply when a rule cannot reach its function.
TARGET_PROPERTIES = frozenset({"Arn", "DeadLetterConfig", "Id", "RetryPolicy"})

Properties = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class FunctionSpec:
    """A Lambda function. The other specs name it by its logical id.

    built                 by `sam build`: the code and its layers contain all that they import
    retries               of a failed asynchronous invocation
    on_failure_queue_url  gets a record of each asynchronous invocation whose last attempt failed
    """

    logical_id: str
    name: str
    arn: str
    handler: str
    runtime: str
    timeout_s: int
    memory_mb: int
    environment: Mapping[str, str]
    code_dir: Path
    layer_dirs: tuple[Path, ...]
    built: bool
    log_group: str
    log_format: str
    retries: int
    on_failure_queue_url: str | None


@dataclass(frozen=True, kw_only=True)
class MappingSpec:
    """An event source mapping from a queue to a function."""

    logical_id: str
    queue_url: str
    queue_arn: str
    function: str
    batch_size: int
    reports_item_failures: bool
    max_concurrency: int | None
    enabled: bool


@dataclass(frozen=True, kw_only=True)
class ScheduleSpec:
    """An EventBridge rule that invokes a function by time, such as `rate(60 minutes)`."""

    logical_id: str
    rule_arn: str
    expression: str
    function: str
    enabled: bool = True


@dataclass(frozen=True)
class Route:
    """A route of the HTTP API. `method` may be ANY; `path` is API Gateway's, such as /items/{id}."""

    method: str
    path: str
    function: str


@dataclass(frozen=True)
class Deployment:
    """`outputs` has every output of the template, `functions` is by logical id."""

    outputs: Mapping[str, str]
    functions: Mapping[str, FunctionSpec]
    mappings: tuple[MappingSpec, ...]
    schedules: tuple[ScheduleSpec, ...]
    routes: tuple[Route, ...]


def describe(provisioned: Provisioned, stack_name: str, endpoint_url: str) -> Deployment:
    """Raises TemplateError for what the local stack cannot do as AWS does it."""
    functions = {
        logical_id: _function(provisioned, logical_id, properties, endpoint_url)
        for logical_id, properties in provisioned.properties(FUNCTION).items()
    }
    ids = {address: spec.logical_id for spec in functions.values() for address in (spec.name, spec.arn)}
    mappings = provisioned.properties(MAPPING).items()
    rules = provisioned.properties(RULE).items()
    apis = provisioned.properties(API).items()
    template_outputs = provisioned.template.body.get("Outputs", {})
    return Deployment(
        outputs={name: value for name, value in provisioned.outputs.items() if name in template_outputs},
        functions=functions,
        mappings=tuple(_mapping(*item, ids, endpoint_url) for item in mappings),
        schedules=tuple(_schedule(*item, ids, stack_name) for item in rules),
        routes=tuple(route for item in apis for route in _routes(*item, ids)),
    )


def _function(
    provisioned: Provisioned, logical_id: str, properties: Properties, endpoint_url: str
) -> FunctionSpec:
    name = provisioned.physical_ids[logical_id]
    layers = [_layer_dir(provisioned, logical_id, layer) for layer in properties.get("Layers", [])]
    logging = properties.get("LoggingConfig", {})
    configs = provisioned.properties(INVOKE_CONFIG).values()
    retry = next((config for config in configs if config["FunctionName"] == name), {})
    on_failure = retry.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")
    return FunctionSpec(
        logical_id=logical_id,
        name=name,
        arn=f"arn:aws:lambda:{REGION}:{ACCOUNT_ID}:function:{name}",
        handler=properties["Handler"],
        runtime=properties["Runtime"],
        timeout_s=int(properties.get("Timeout", 3)),
        memory_mb=int(properties.get("MemorySize", 128)),
        environment=_environment(properties),
        code_dir=_code_dir(provisioned, logical_id, properties.get("Code", {})),
        layer_dirs=tuple(layer / "python" if _is_built(layer) else layer for layer in layers),
        built=bool(layers) and all(map(_is_built, layers)),
        log_group=logging.get("LogGroup", f"/aws/lambda/{name}"),
        log_format=logging.get("LogFormat", "Text"),
        retries=int(retry.get("MaximumRetryAttempts", 2)),
        on_failure_queue_url=_queue_url(logical_id, on_failure, endpoint_url) if on_failure else None,
    )


def _environment(properties: Properties) -> dict[str, str]:
    variables = properties.get("Environment", {}).get("Variables", {})
    return {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in variables.items()
    }


def _code_dir(provisioned: Provisioned, logical_id: str, code: Properties) -> Path:
    if code.get("S3Bucket") != CODE_BUCKET:
        raise TemplateError(f"{logical_id}: its code is not in a local folder")
    return provisioned.template.code_dirs[code["S3Key"]]


def _layer_dir(provisioned: Provisioned, logical_id: str, layer: str) -> Path:
    properties = provisioned.properties(LAYER).get(layer)
    if properties is None:
        raise TemplateError(f"{logical_id}: {layer} is not a layer of this template")
    return _code_dir(provisioned, layer, properties["Content"])


def _is_built(layer_dir: Path) -> bool:
    """A built layer has its packages in python/, the source of a layer has them at its top."""
    return (layer_dir / "python").is_dir()


def _mapping(
    logical_id: str, properties: Properties, ids: Mapping[str, str], endpoint_url: str
) -> MappingSpec:
    _allow_only(MAPPING_PROPERTIES, logical_id, properties)
    concurrency = properties.get("ScalingConfig", {}).get("MaximumConcurrency")
    return MappingSpec(
        logical_id=logical_id,
        queue_url=_queue_url(logical_id, properties["EventSourceArn"], endpoint_url),
        queue_arn=properties["EventSourceArn"],
        function=ids[properties["FunctionName"]],
        batch_size=int(properties.get("BatchSize", 10)),
        reports_item_failures="ReportBatchItemFailures" in properties.get("FunctionResponseTypes", []),
        max_concurrency=None if concurrency is None else int(concurrency),
        enabled=to_bool(properties.get("Enabled", True)),
    )


def _queue_url(logical_id: str, arn: str, endpoint_url: str) -> str:
    service, _region, account, name = arn.split(":")[2:6]
    if service != "sqs":
        raise TemplateError(f"{logical_id}: {arn} is not a queue")
    return f"{endpoint_url}/{account}/{name}"


def _schedule(
    logical_id: str, properties: Properties, ids: Mapping[str, str], stack_name: str
) -> ScheduleSpec:
    _allow_only(RULE_PROPERTIES, logical_id, properties)
    [target] = properties["Targets"]
    _allow_only(TARGET_PROPERTIES, logical_id, target)
    return ScheduleSpec(
        logical_id=logical_id,
        rule_arn=f"arn:aws:events:{REGION}:{ACCOUNT_ID}:rule/{stack_name}-{logical_id}",
        expression=properties["ScheduleExpression"],
        function=ids[target["Arn"]],
        enabled=properties.get("State", "ENABLED") != "DISABLED",
    )


def _routes(logical_id: str, properties: Properties, ids: Mapping[str, str]) -> Iterator[Route]:
    for path, methods in properties["Body"]["paths"].items():
        for method, operation in methods.items():
            integration = operation["x-amazon-apigateway-integration"]
            if integration["type"] != "aws_proxy" or integration["payloadFormatVersion"] != "2.0":
                raise TemplateError(
                    f"{logical_id} {path}: the local stack supports only proxy integrations "
                    "with payload format 2.0"
                )
            yield Route(
                method="ANY" if method == "x-amazon-apigateway-any-method" else method.upper(),
                path=path,
                function=ids[integration["uri"].split("/functions/")[1].removesuffix("/invocations")],
            )


def _allow_only(known: frozenset[str], logical_id: str, properties: Properties) -> None:
    for name in properties.keys() - known:
        raise TemplateError(f"{logical_id}: the local stack does not support its property {name}")
