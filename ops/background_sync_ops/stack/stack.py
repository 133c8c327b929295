"""The local stack as a whole."""

import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from background_sync_ops.stack import state, template
from background_sync_ops.stack.clients import REGION, LocalClients
from background_sync_ops.stack.deployment import Deployment, FunctionSpec, MappingSpec
from background_sync_ops.stack.describe import describe
from background_sync_ops.stack.engine_process import Engine
from background_sync_ops.stack.errors import AlreadyRunningError, UnknownFunctionError
from background_sync_ops.stack.http_api import HttpApi
from background_sync_ops.stack.invocation import InvocationResult
from background_sync_ops.stack.invoke_api import InvokeApi
from background_sync_ops.stack.lambda_host import RETRY_DELAYS_S, FailureRecord, LambdaFunction
from background_sync_ops.stack.loopback import LoopbackServer, listen, url
from background_sync_ops.stack.mapping import QueueMapping
from background_sync_ops.stack.provision import provision
from background_sync_ops.stack.runtime import make_runtime
from background_sync_ops.stack.state import STATE_DIR, StackInfo
from background_sync_ops.stack.timer import Timer

STACK_NAME = "background-sync"


class LocalStack:
    """A template's tables, queues, functions and HTTP API on this machine, from `with` to its end.

        with LocalStack(Path("template.yaml")) as stack:
            stack.start_delivery()
            stack.invoke("DispatcherFunction", event).result()

    Messages wait in their queues until `start_delivery`; a test may deliver them itself, by
    `stack.mapping.poll_once()`. At the end everything is gone but the functions' logs in <state_dir>/logs.
    """

    endpoint_url: str  # DynamoDB, SQS, SSM and every other service but Lambda
    invoke_url: str  # Lambda
    api_url: str  # the HTTP API
    deployment: Deployment
    functions: Mapping[str, LambdaFunction]  # by logical id
    mappings: Mapping[str, QueueMapping]  # by logical id
    aws: LocalClients

    def __init__(
        self,
        template_path: Path,
        *,
        aws_port: int = 0,
        api_port: int = 0,
        clock_offset_ms: int = 0,
        state_dir: Path = STATE_DIR,
        parameters: Mapping[str, str] | None = None,
        environment: Mapping[str, str] | None = None,
        workers: int = 2,
        retry_delays_s: Sequence[float] = RETRY_DELAYS_S,
        stack_name: str = STACK_NAME,
    ) -> None:
        """`template_path` names the template or the one that `sam build` wrote. A port 0 is any free one.

        clock_offset_ms  added to the wall clock by the functions
        parameters       over the defaults of the template's parameters
        environment      variables over those that the template gives every function
        workers          batches under way at once, from each queue
        retry_delays_s   between the attempts at an asynchronous invocation
        """
        self.template_path = template_path
        self.state_dir = state_dir.absolute()
        self.clock_offset_ms = clock_offset_ms
        self._aws_port = aws_port
        self._api_port = api_port
        self._parameters = dict(parameters or {})
        self._environment = dict(environment or {})
        self._workers = workers
        self._retry_delays_s = retry_delays_s
        self._stack_name = stack_name
        self._resources = ExitStack()

    # ---------------------------------------------------------------- up and down

    def __enter__(self) -> Self:
        """Raises PortError, TemplateError, EngineError, AlreadyRunningError; then nothing is left running."""
        self._require_free()
        with ExitStack() as resources:
            self._start(resources)
            self._resources = resources.pop_all()
        return self

    def _require_free(self) -> None:
        if running := state.running_stack(self.state_dir):
            raise AlreadyRunningError(f"process {running.pid} runs a stack already ({self.state_dir})")

    def _start(self, resources: ExitStack) -> None:
        """Starts each part, and notes in `resources` how it ends: the last one first."""
        logs = self.state_dir / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        make_runtime(self.state_dir / "runtime")
        api, invoke_api = resources.enter_context(listen(self._api_port)), resources.enter_context(listen(0))
        self.api_url, self.invoke_url = url(api), url(invoke_api)
        self._start_engine(resources, logs)
        self._start_functions(resources)
        resources.enter_context(LoopbackServer(InvokeApi(self.find), invoke_api))
        resources.enter_context(LoopbackServer(HttpApi(self.deployment.routes, self.invoke), api))
        self.mappings = {spec.logical_id: self._mapping(spec) for spec in self.deployment.mappings}
        resources.callback(self.stop_delivery)
        resources.callback(state.withdraw, self.state_dir)
        self._announce()

    def _start_engine(self, resources: ExitStack, logs: Path) -> None:
        engine = resources.enter_context(Engine(self._aws_port, logs / "engine.log", self.invoke_url))
        source = template.load(self.template_path, self._parameters)  # while the engine starts
        self.endpoint_url = engine.wait_until_ready()
        self.aws = LocalClients(self.endpoint_url, self.invoke_url)
        self.client = self.aws.client
        resources.callback(self.aws.close)
        self.deployment = self._deploy(source)

    def _start_functions(self, resources: ExitStack) -> None:
        self.functions = {name: self._function(spec) for name, spec in self.deployment.functions.items()}
        for function in self.functions.values():
            resources.callback(function.close)

    def _mapping(self, spec: MappingSpec) -> QueueMapping:
        invoke = self.functions[spec.function].invoke
        return QueueMapping(spec, self.aws.client("sqs"), invoke, workers=self._workers)

    def _deploy(self, source: template.Template) -> Deployment:
        addresses = {f"https://sqs.{REGION}.amazonaws.com": self.endpoint_url}
        for api in source.of_type(template.API):
            addresses[f"https://{api}.execute-api.{REGION}.amazonaws.com"] = self.api_url
        made = provision(source, self.aws, self._stack_name, addresses)
        return describe(made, self._stack_name, self.endpoint_url)

    def _function(self, spec: FunctionSpec) -> LambdaFunction:
        log_path = state.log_path(self.state_dir, spec.logical_id)
        log_path.write_bytes(b"")
        return LambdaFunction(
            spec,
            self._overrides(),
            log_path,
            runtime_dir=self.state_dir / "runtime",
            on_failure=self._sender(spec.on_failure_queue_url),
            retry_delays_s=self._retry_delays_s,
        )

    def _overrides(self) -> dict[str, str]:
        return {
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_ENDPOINT_URL_LAMBDA": self.invoke_url,
            "CAPACITY_METERED": "false",  # the engine's capacity figures mean nothing
            "CLOCK_OFFSET_MS": str(self.clock_offset_ms),
            "LOCAL_PAGES": "true",  # nobody but this machine's owner reads them
            **self._environment,
        }

    def _sender(self, queue_url: str | None) -> Callable[[FailureRecord], None] | None:
        if queue_url is None:
            return None
        sqs = self.aws.client("sqs")
        return lambda record: sqs.send_message(QueueUrl=queue_url, MessageBody=json.dumps(record)) and None

    def _announce(self) -> None:
        info = StackInfo(
            pid=os.getpid(),
            endpoint_url=self.endpoint_url,
            lambda_endpoint_url=self.invoke_url,
            api_url=self.api_url,
            region=REGION,
            outputs=self.outputs,
            clock_offset_ms=self.clock_offset_ms,
        )
        state.announce(self.state_dir, info)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Finishes the batches under way, then ends everything."""
        self._resources.close()

    # ---------------------------------------------------------------- use

    @property
    def outputs(self) -> Mapping[str, str]:
        """The template's outputs, by name."""
        return self.deployment.outputs

    @property
    def mapping(self) -> QueueMapping:
        """The only mapping, of a template that has one."""
        [mapping] = self.mappings.values()
        return mapping

    def find(self, name: str) -> LambdaFunction:
        """The function of a logical id, name or ARN. Raises UnknownFunctionError."""
        plain = name.removesuffix(":$LATEST").split(":")[-1]
        for function in self.functions.values():
            if plain in (function.spec.logical_id, function.spec.name):
                return function
        raise UnknownFunctionError(f"no function {name}")

    def invoke(self, function: str, payload: object = None) -> InvocationResult:
        """Invokes a function, by logical id or name, and waits. Raises UnknownFunctionError."""
        return self.find(function).invoke({} if payload is None else payload)

    def start_delivery(self) -> None:
        """Begins to deliver the queues' messages in the background."""
        for mapping in self.mappings.values():
            if mapping.spec.enabled:
                mapping.start()

    def stop_delivery(self) -> None:
        """Delivers no more; returns when the batches under way have been finished."""
        for mapping in self.mappings.values():
            mapping.stop()

    def start_schedules(self, *, but: str) -> None:
        """Begins to invoke functions by time, as the template's rules say; not `but` (a name), which somebody
        else invokes."""
        for spec in self.deployment.schedules:
            function = self.functions[spec.function]
            if spec.enabled and function.spec.name != but:
                timer = Timer(spec, function.invoke, self._now)
                self._resources.callback(timer.stop)
                timer.start()

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self.now_ms() / 1000, UTC)

    def now_ms(self) -> int:
        """The functions' time."""
        return int(time.time() * 1000) + self.clock_offset_ms

    def set_clock(self, offset_ms: int) -> None:
        """Changes the functions' time from their next invocations on."""
        self.clock_offset_ms = offset_ms
        for function in self.functions.values():
            function.override({"CLOCK_OFFSET_MS": str(offset_ms)})
        self._announce()
