"""What a template that stands on the engine means: functions, mappings, schedules, routes."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from background_sync_ops.stack.clients import ACCOUNT_ID, REGION
from background_sync_ops.stack.deployment import (
    Deployment,
    FunctionSpec,
    MappingSpec,
    Route,
    ScheduleSpec,
)
from background_sync_ops.stack.errors import TemplateError
from background_sync_ops.stack.provision import Provisioned, truth
from background_sync_ops.stack.template import API, CODE_BUCKET, FUNCTION, LAYER

MAPPING = "AWS::Lambda::EventSourceMapping"
RULE = "AWS::Events::Rule"
INVOKE_CONFIG = "AWS::Lambda::EventInvokeConfig"
MAPPING_PROPERTIES = frozenset(
    {
        "BatchSize",
        "Enabled",
        "EventSourceArn",
        "FunctionName",
        "FunctionResponseTypes",
        "MaximumBatchingWindowInSeconds",
        "ScalingConfig",
        "Tags",
    }
)
RULE_PROPERTIES = frozenset({"Description", "Name", "ScheduleExpression", "State", "Tags", "Targets"})
TARGET_PROPERTIES = frozenset({"Arn", "DeadLetterConfig", "Id", "Input", "RetryPolicy"})

Properties = Mapping[str, Any]


def describe(made: Provisioned, stack_name: str, endpoint_url: str) -> Deployment:
    """Raises TemplateError for what the local stack would not be true to."""
    functions = {
        logical_id: _function(made, logical_id, properties, endpoint_url)
        for logical_id, properties in made.resolved(FUNCTION).items()
    }
    ids = {address: spec.logical_id for spec in functions.values() for address in (spec.name, spec.arn)}
    return Deployment(
        stack_name=stack_name,
        outputs={
            name: value
            for name, value in made.outputs.items()
            if name in made.template.body.get("Outputs", {})
        },
        functions=functions,
        mappings=tuple(_mapping(*item, ids, endpoint_url) for item in made.resolved(MAPPING).items()),
        schedules=tuple(_schedule(*item, ids, stack_name) for item in made.resolved(RULE).items()),
        routes=tuple(route for item in made.resolved(API).items() for route in _routes(*item, ids)),
    )


def _function(made: Provisioned, logical_id: str, properties: Properties, endpoint_url: str) -> FunctionSpec:
    name = made.physical_ids[logical_id]
    layers = [_layer_content(made, logical_id, layer) for layer in properties.get("Layers", [])]
    logging = properties.get("LoggingConfig", {})
    retry = _invoke_config(made, name)
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
        code_dir=_code_dir(made, logical_id, properties.get("Code", {})),
        layer_dirs=tuple(content / "python" if _is_built(content) else content for content in layers),
        built=bool(layers) and all(map(_is_built, layers)),
        log_group=logging.get("LogGroup", f"/aws/lambda/{name}"),
        log_format=logging.get("LogFormat", "Text"),
        retries=int(retry.get("MaximumRetryAttempts", 2)),
        on_failure_queue_url=_queue_url(logical_id, on_failure, endpoint_url) if on_failure else None,
    )


def _invoke_config(made: Provisioned, function_name: str) -> Properties:
    configs = made.resolved(INVOKE_CONFIG).values()
    return next((config for config in configs if config["FunctionName"] == function_name), {})


def _environment(properties: Properties) -> dict[str, str]:
    variables = properties.get("Environment", {}).get("Variables", {})
    return {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in variables.items()
    }


def _code_dir(made: Provisioned, logical_id: str, code: Properties) -> Path:
    if code.get("S3Bucket") != CODE_BUCKET:
        raise TemplateError(f"{logical_id}: its code is in no folder")
    return made.template.code_dirs[code["S3Key"]]


def _layer_content(made: Provisioned, logical_id: str, layer: str) -> Path:
    properties = made.resolved(LAYER).get(layer)
    if properties is None:
        raise TemplateError(f"{logical_id}: {layer} is no layer of this template")
    return _code_dir(made, layer, properties["Content"])


def _is_built(layer_content: Path) -> bool:
    """A built layer holds its packages in python/, a layer's source holds them itself."""
    return (layer_content / "python").is_dir()


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
        enabled=truth(properties.get("Enabled", True)),
    )


def _queue_url(logical_id: str, arn: str, endpoint_url: str) -> str:
    service, _region, account, name = arn.split(":")[2:6]
    if service != "sqs":
        raise TemplateError(f"{logical_id}: {arn} is no queue")
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
        input=target.get("Input"),
        enabled=properties.get("State", "ENABLED") != "DISABLED",
    )


def _routes(logical_id: str, properties: Properties, ids: Mapping[str, str]) -> Iterator[Route]:
    for path, methods in properties["Body"]["paths"].items():
        for method, operation in methods.items():
            yield Route(
                method="ANY" if method == "x-amazon-apigateway-any-method" else method.upper(),
                path=path,
                function=_integrated_function(f"{logical_id} {path}", operation, ids),
                public=all("NONE" in scheme for scheme in operation.get("security", [])),
            )


def _integrated_function(where: str, operation: Properties, ids: Mapping[str, str]) -> str:
    integration = operation["x-amazon-apigateway-integration"]
    if integration["type"] != "aws_proxy" or integration["payloadFormatVersion"] != "2.0":
        raise TemplateError(f"{where}: only proxy integrations with payload format 2.0 are served locally")
    return ids[integration["uri"].split("/functions/")[1].removesuffix("/invocations")]


def _allow_only(known: frozenset[str], logical_id: str, properties: Properties) -> None:
    for name in properties.keys() - known:
        raise TemplateError(f"{logical_id}: the local stack does not know its property {name}")
