"""The local stack: everything in template.yaml, on this machine."""

import json
import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from background_sync_ops.stack import state, template
from background_sync_ops.stack.clients import REGION, LocalClients
from background_sync_ops.stack.deployment import Deployment, FunctionSpec, describe
from background_sync_ops.stack.engine_process import Engine
from background_sync_ops.stack.errors import AlreadyRunningError, UnknownFunctionError
from background_sync_ops.stack.http_api import HttpApi
from background_sync_ops.stack.invoke_api import InvokeApi
from background_sync_ops.stack.lambda_host import RETRY_DELAYS_S, FailureRecord, LambdaFunction
from background_sync_ops.stack.loopback import LoopbackServer, listen, url
from background_sync_ops.stack.mapping import QueueMapping
from background_sync_ops.stack.provision import provision
from background_sync_ops.stack.runtime import make_runtime
from background_sync_ops.stack.sandbox import InvocationResult
from background_sync_ops.stack.schedule import Timer
from background_sync_ops.stack.state import STATE_DIR, StackInfo

STACK_NAME = "background-sync"


class LocalStack:
    """A template's tables, queues, functions and HTTP API, while the `with` block runs.

        with LocalStack(Path("template.yaml")) as stack:
            stack.start_delivery()
            stack.invoke("DispatcherFunction", event).result()

    Messages stay in their queues until `start_delivery`. A test may deliver them itself with
    `stack.mapping.poll_once()`. Afterwards only the functions' logs remain, in <state_dir>/logs.
    """

    # Lambda answers at `invoke_url`, the HTTP API at `api_url`, every other service at `endpoint_url`.
    endpoint_url: str
    invoke_url: str
    api_url: str
    deployment: Deployment
    # Both by logical id.
    functions: Mapping[str, LambdaFunction]
    mappings: Mapping[str, QueueMapping]
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
        retry_delays_s: Sequence[float] = RETRY_DELAYS_S,
    ) -> None:
        """`template_path` is the source or what `sam build` wrote. Port 0 means any free port.

        clock_offset_ms  what the functions add to the wall clock
        parameters       values that replace defaults of the template's parameters
        environment      variables that replace those of every function in the template
        retry_delays_s   between the attempts of an asynchronous invocation
        """
        self.template_path = template_path
        self.state_dir = state_dir.absolute()
        self.clock_offset_ms = clock_offset_ms
        self._aws_port = aws_port
        self._api_port = api_port
        self._parameters = dict(parameters or {})
        self._environment = dict(environment or {})
        self._retry_delays_s = retry_delays_s
        self._resources = ExitStack()

    # ---------------------------------------------------------------- start and stop

    def __enter__(self) -> Self:
        """Raises PortError, TemplateError, EngineError, AlreadyRunningError; then nothing is left running."""
        if running := state.running_stack(self.state_dir):
            raise AlreadyRunningError(f"process {running.pid} is already running a stack on {self.state_dir}")
        with ExitStack() as resources:
            self._start(resources)
            self._resources = resources.pop_all()
        return self

    def _start(self, resources: ExitStack) -> None:
        """Starts each part and registers its end in `resources`, which ends the last part first."""
        logs = self.state_dir / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        make_runtime(self.state_dir / "runtime")
        # The ports are taken first: a taken port must fail before anything else is started.
        api, invoke_api = resources.enter_context(listen(self._api_port)), resources.enter_context(listen(0))
        self.api_url, self.invoke_url = url(api), url(invoke_api)
        engine = Engine(self._aws_port, logs / "engine.log", self.invoke_url)
        resources.callback(engine.close)
        # The engine and the translator each take seconds to start. They start at the same time.
        source = template.load(self.template_path, self._parameters)
        self.endpoint_url = engine.wait_until_ready()
        self.aws = LocalClients(self.endpoint_url, self.invoke_url)
        self.client = self.aws.client
        resources.callback(self.aws.close)
        self.deployment = self._deploy(source)
        self.functions = {name: self._function(spec) for name, spec in self.deployment.functions.items()}
        for function in self.functions.values():
            resources.callback(function.close)
        resources.enter_context(LoopbackServer(InvokeApi(self.find, self.advance_clock), invoke_api))
        self.http_api = HttpApi(self.deployment.routes, self.invoke)
        resources.enter_context(LoopbackServer(self.http_api, api))
        self.mappings = {
            spec.logical_id: QueueMapping(spec, self.client("sqs"), self.functions[spec.function].invoke)
            for spec in self.deployment.mappings
        }
        resources.callback(self.stop_delivery)
        resources.callback(state.withdraw, self.state_dir)
        self._announce()

    def _deploy(self, source: template.Template) -> Deployment:
        addresses = {f"https://sqs.{REGION}.amazonaws.com": self.endpoint_url}
        for api in source.of_type(template.API):
            addresses[f"https://{api}.execute-api.{REGION}.amazonaws.com"] = self.api_url
        provisioned = provision(source, self.aws, STACK_NAME, addresses)
        return describe(provisioned, STACK_NAME, self.endpoint_url)

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
            # The engine reports one capacity unit for every request.
            "CAPACITY_METERED": "false",
            "CLOCK_OFFSET_MS": str(self.clock_offset_ms),
            **self._environment,
        }

    def _sender(self, queue_url: str | None) -> Callable[[FailureRecord], None] | None:
        if queue_url is None:
            return None
        sqs = self.aws.client("sqs")

        def send(record: FailureRecord) -> None:
            sqs.send_message(QueueUrl=queue_url, MessageBody=json.dumps(record))

        return send

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
        """Finishes the batches in progress, then stops everything."""
        self._resources.close()

    # ---------------------------------------------------------------- while it runs

    @property
    def outputs(self) -> Mapping[str, str]:
        return self.deployment.outputs

    @property
    def mapping(self) -> QueueMapping:
        """The mapping of a template that has exactly one."""
        [mapping] = self.mappings.values()
        return mapping

    def find(self, name: str) -> LambdaFunction:
        """The function of a logical id, name or ARN. Raises UnknownFunctionError."""
        plain = name.removesuffix(":$LATEST").split(":")[-1]
        for function in self.functions.values():
            if plain in (function.spec.logical_id, function.spec.name):
                return function
        raise UnknownFunctionError(f"the stack has no function {name}")

    def invoke(self, function: str, payload: object = None) -> InvocationResult:
        """Invokes a function, by logical id or name, and waits. Raises UnknownFunctionError."""
        return self.find(function).invoke({} if payload is None else payload)

    def start_delivery(self) -> None:
        """Starts to deliver the queues' messages in the background."""
        for mapping in self.mappings.values():
            if mapping.spec.enabled:
                mapping.start()

    def stop_delivery(self) -> None:
        """Returns when the batches in progress are finished."""
        for mapping in self.mappings.values():
            mapping.stop()

    def start_schedules(self, *, excluding: str) -> None:
        """Starts to invoke functions as the template's rules say, except the function named `excluding`."""
        for spec in self.deployment.schedules:
            function = self.functions[spec.function]
            if spec.enabled and function.spec.name != excluding:
                timer = Timer(spec, function.invoke, self._now)
                self._resources.callback(timer.stop)
                timer.start()

    def _now(self) -> datetime:
        """The functions' time."""
        return datetime.now(UTC) + timedelta(milliseconds=self.clock_offset_ms)

    def advance_clock(self, at: int) -> None:
        """Moves the functions' clock forward to `at` (ms). A clock that is later already stays."""
        self.set_clock(max(self.clock_offset_ms, at - time.time_ns() // 1_000_000))

    def set_clock(self, offset_ms: int) -> None:
        """Changes the functions' clock. Invocations in progress keep theirs."""
        self.clock_offset_ms = offset_ms
        for function in self.functions.values():
            function.override({"CLOCK_OFFSET_MS": str(offset_ms)})
        self._announce()
