"""What the template came to on the engine: plain values that the rest of the stack runs on."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class FunctionSpec:
    """A Lambda function: what Lambda would know of it, and where its code lies here."""

    logical_id: str
    name: str
    arn: str
    handler: str
    runtime: str
    timeout_s: int
    memory_mb: int
    environment: Mapping[str, str]
    code_dir: Path
    layer_dirs: tuple[Path, ...] = ()
    built: bool = False  # by `sam build`: the code and its layers hold all that they need
    log_group: str = ""
    log_format: str = "Text"
    retries: int = 2  # of an asynchronous invocation
    on_failure_queue_url: str | None = None  # where an asynchronous invocation goes that failed for good


@dataclass(frozen=True)
class MappingSpec:
    """An event source mapping from a queue to a function (by logical id)."""

    logical_id: str
    queue_url: str
    queue_arn: str
    function: str
    batch_size: int = 10
    reports_item_failures: bool = False
    max_concurrency: int | None = None
    enabled: bool = True


@dataclass(frozen=True)
class ScheduleSpec:
    """A rule of EventBridge that invokes a function (by logical id) by time, as `rate(60 minutes)` says."""

    logical_id: str
    rule_arn: str
    expression: str
    function: str
    input: str | None = None  # replaces the event document when the rule names one
    enabled: bool = True


@dataclass(frozen=True)
class Route:
    """A route of the HTTP API: an HTTP method or ANY, a path of API Gateway's, a function (by logical id)."""

    method: str
    path: str
    function: str
    public: bool


@dataclass(frozen=True)
class Deployment:
    """A template that stands on the engine. `outputs` holds every output of the template, by name."""

    stack_name: str
    outputs: Mapping[str, str]
    functions: Mapping[str, FunctionSpec]
    mappings: tuple[MappingSpec, ...]
    schedules: tuple[ScheduleSpec, ...]
    routes: tuple[Route, ...]
