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
from background_sync_ops.stack.invocation import InvocationResult
from background_sync_ops.stack.sandbox import Sandbox

MAX_CONCURRENCY = 10
RETRY_DELAYS_S = (60, 120)  # Lambda's, between the attempts at an asynchronous invocation

FailureRecord = dict[str, Any]
log = logging.getLogger(__name__)


class LambdaFunction:
    """One function. Sandboxes are started on demand, up to a number at once, and used again while warm."""

    def __init__(
        self,
        spec: FunctionSpec,
        overrides: Mapping[str, str],
        log_path: Path,
        *,
        runtime_dir: Path,
        on_failure: Callable[[FailureRecord], None] | None = None,
        max_concurrency: int = MAX_CONCURRENCY,
        retry_delays_s: Sequence[float] = RETRY_DELAYS_S,
    ) -> None:
        """`runtime_dir` holds Lambda's runtime for built code, see runtime.py.

        `overrides` are environment variables over those of the spec. `on_failure` gets the record that Lambda
        sends to an OnFailure destination, when the last attempt at an asynchronous invocation failed.
        """
        self.spec = spec
        self.log_path = log_path
        self._overrides = dict(overrides)
        self._runtime_dir = runtime_dir
        self._on_failure = on_failure
        self._retry_delays_s = retry_delays_s
        self._max_concurrency = max_concurrency
        self._slots = threading.BoundedSemaphore(max_concurrency)
        self._lock = threading.Lock()
        self._idle: list[Sandbox] = []
        self._busy: set[Sandbox] = set()
        self._generation = 0
        self._closed = threading.Event()
        self._asynchronous = ThreadPoolExecutor(max_concurrency, f"async-{spec.logical_id}")

    def invoke(self, event: object) -> InvocationResult:
        """Runs the handler on `event` (a JSON value, or bytes that hold one) and waits for what comes of it.

        A function's failure is a result, not an exception; see InvocationResult.
        """
        body = event if isinstance(event, bytes) else json.dumps(event).encode()
        with self._slots:
            sandbox, generation = self._take()
            try:
                return sandbox.invoke(body)
            finally:
                self._give_back(sandbox, generation)

    def _take(self) -> tuple[Sandbox, int]:
        with self._lock:
            if self._closed.is_set():
                raise StackError(f"{self.spec.logical_id}: the local stack has stopped")
            dead = [sandbox for sandbox in self._idle if not sandbox.alive]
            self._idle = [sandbox for sandbox in self._idle if sandbox.alive]
            sandbox = self._idle.pop() if self._idle else self._new_sandbox()
            self._busy.add(sandbox)
            generation = self._generation
        for ended in dead:
            ended.close()
        return sandbox, generation

    def _new_sandbox(self) -> Sandbox:
        return Sandbox(self.spec, self._overrides, self.log_path, self._runtime_dir)

    def _give_back(self, sandbox: Sandbox, generation: int) -> None:
        with self._lock:
            self._busy.discard(sandbox)
            warm = sandbox.alive and generation == self._generation and not self._closed.is_set()
            if warm:
                self._idle.append(sandbox)
        if not warm:
            sandbox.close()

    # ---------------------------------------------------------------- asynchronous

    def invoke_async(self, event: object) -> None:
        """Queues an invocation. It is tried again when it fails, as the template says."""
        self._asynchronous.submit(self._attempt_until_done, event).add_done_callback(self._log_trouble)

    def _log_trouble(self, attempts: Future[None]) -> None:
        error = None if attempts.cancelled() else attempts.exception()
        if error is not None and not self._closed.is_set():
            log.error("%s: an asynchronous invocation was lost", self.spec.logical_id, exc_info=error)

    def _attempt_until_done(self, event: object) -> None:
        result = self.invoke(event)
        attempts = 1
        while result.function_error and attempts <= self.spec.retries:
            delay_s = self._retry_delays_s[min(attempts, len(self._retry_delays_s)) - 1]
            if self._closed.wait(delay_s):
                return
            result = self.invoke(event)
            attempts += 1
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

    def override(self, variables: Mapping[str, str]) -> None:
        """Changes the environment of every invocation from now on; those under way keep theirs."""
        with self._lock:
            self._overrides |= variables
            self._generation += 1
            idle, self._idle = self._idle, []
        for sandbox in idle:
            sandbox.close()

    def close(self) -> None:
        """Kills what is under way, gives up what waits, and returns when all of it has ended."""
        with self._lock:
            self._closed.set()
            idle, self._idle = self._idle, []
            busy = list(self._busy)
        for sandbox in busy:
            sandbox.kill()  # its invocation ends with that, and closes it
        for sandbox in idle:
            sandbox.close()
        self._asynchronous.shutdown(cancel_futures=True)
        self._wait_until_unused()

    def _wait_until_unused(self) -> None:
        for _ in range(self._max_concurrency):
            self._slots.acquire()
        self._slots.release(self._max_concurrency)
