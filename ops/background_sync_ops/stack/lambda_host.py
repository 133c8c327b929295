"""Lambda functions, run on this machine as Lambda runs them: invoked, kept warm, retried."""

import json
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from background_sync_ops.stack.deployment import FunctionSpec
from background_sync_ops.stack.errors import StackError
from background_sync_ops.stack.sandbox import InvocationResult, Sandbox

MAX_CONCURRENCY = 10
# Lambda's delays before the retries of an asynchronous invocation.
RETRY_DELAYS_S = (60, 120)

FailureRecord = dict[str, Any]
log = logging.getLogger(__name__)


class LambdaFunction:
    """One function. Sandboxes start on demand, at most MAX_CONCURRENCY, and are reused while warm."""

    def __init__(
        self,
        spec: FunctionSpec,
        overrides: Mapping[str, str],
        log_path: Path,
        *,
        runtime_dir: Path,
        on_failure: Callable[[FailureRecord], None] | None = None,
        retry_delays_s: Sequence[float] = RETRY_DELAYS_S,
    ) -> None:
        """`overrides` are environment variables that replace those of the spec.

        `runtime_dir` is the folder of runtime.make_runtime. `on_failure` gets Lambda's record of an
        asynchronous invocation whose last attempt failed.
        """
        self.spec = spec
        self.log_path = log_path
        self._overrides = dict(overrides)
        self._runtime_dir = runtime_dir
        self._on_failure = on_failure
        self._retry_delays_s = retry_delays_s
        self._slots = threading.BoundedSemaphore(MAX_CONCURRENCY)
        self._lock = threading.Lock()
        self._idle: list[Sandbox] = []
        self._busy: set[Sandbox] = set()
        # Counts the changes of the environment: a sandbox of an earlier generation is not reused.
        self._generation = 0
        self._closed = threading.Event()
        self._asynchronous = ThreadPoolExecutor(MAX_CONCURRENCY, f"async-{spec.logical_id}")

    def invoke(self, event: object) -> InvocationResult:
        """Runs the handler on `event` (a JSON value, or JSON as bytes) and waits for the result.

        A function's failure is a result, not an exception.
        """
        body = event if isinstance(event, bytes) else json.dumps(event).encode()
        with self._slots:
            sandbox, generation = self._take_sandbox()
            try:
                return sandbox.invoke(body)
            finally:
                self._return_sandbox(sandbox, generation)

    def _take_sandbox(self) -> tuple[Sandbox, int]:
        with self._lock:
            if self._closed.is_set():
                raise StackError(f"{self.spec.logical_id}: the local stack has stopped")
            dead = [sandbox for sandbox in self._idle if not sandbox.alive]
            self._idle = [sandbox for sandbox in self._idle if sandbox.alive]
            if self._idle:
                sandbox = self._idle.pop()
            else:
                sandbox = Sandbox(self.spec, self._overrides, self.log_path, self._runtime_dir)
            self._busy.add(sandbox)
            generation = self._generation
        for ended in dead:
            ended.close()
        return sandbox, generation

    def _return_sandbox(self, sandbox: Sandbox, generation: int) -> None:
        with self._lock:
            self._busy.discard(sandbox)
            warm = sandbox.alive and generation == self._generation and not self._closed.is_set()
            if warm:
                self._idle.append(sandbox)
        if not warm:
            sandbox.close()

    # ---------------------------------------------------------------- asynchronous

    def invoke_async(self, event: object) -> None:
        """Queues an invocation. It is retried when it fails, as the template says."""
        self._asynchronous.submit(self._invoke_with_retries, event).add_done_callback(self._log_error)

    def _log_error(self, invocation: Future[None]) -> None:
        error = None if invocation.cancelled() else invocation.exception()
        if error is not None and not self._closed.is_set():
            log.error("%s: an asynchronous invocation was lost", self.spec.logical_id, exc_info=error)

    def _invoke_with_retries(self, event: object) -> None:
        result = self.invoke(event)
        attempts = 1
        while result.function_error and attempts <= self.spec.retries:
            delay_s = self._retry_delays_s[min(attempts, len(self._retry_delays_s)) - 1]
            if self._closed.wait(delay_s):
                return
            result = self.invoke(event)
            attempts += 1
        # At `close` the sandboxes are killed. That is not a failure of the function.
        if result.function_error and self._on_failure and not self._closed.is_set():
            self._on_failure(self._failure_record(event, result, attempts))

    def _failure_record(self, event: object, result: InvocationResult, attempts: int) -> FailureRecord:
        return {
            "version": "1.0",
            "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "requestContext": {
                "requestId": result.request_id,
                "functionArn": f"{self.spec.arn}:$LATEST",
                "condition": "RetriesExhausted",
                "approximateInvokeCount": attempts,
            },
            "requestPayload": json.loads(event) if isinstance(event, bytes) else event,
            "responseContext": {
                "statusCode": 200,
                "executedVersion": "$LATEST",
                "functionError": result.function_error,
            },
            "responsePayload": result.json(),
        }

    # ---------------------------------------------------------------- state

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables of an invocation, without those that Lambda itself adds."""
        return {**self.spec.environment, **self._overrides}

    def override(self, variables: Mapping[str, str]) -> None:
        """Changes the environment of later invocations. Those in progress keep theirs."""
        with self._lock:
            self._overrides |= variables
            self._generation += 1
            idle, self._idle = self._idle, []
        for sandbox in idle:
            sandbox.close()

    def close(self) -> None:
        """Kills the invocations in progress, cancels those that wait, and returns when all have ended."""
        with self._lock:
            self._closed.set()
            idle, self._idle = self._idle, []
            busy = list(self._busy)
        for sandbox in busy:
            # This ends the invocation, whose thread then closes the sandbox.
            sandbox.kill()
        for sandbox in idle:
            sandbox.close()
        self._asynchronous.shutdown(cancel_futures=True)
        # All slots are free only when no invocation is in progress.
        for _ in range(MAX_CONCURRENCY):
            self._slots.acquire()
        self._slots.release(MAX_CONCURRENCY)
