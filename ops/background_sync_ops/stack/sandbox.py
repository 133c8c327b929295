"""One execution environment of a function: a child process, and the Lambda Runtime API that it talks to.

The child runs AWS's own runtime client, awslambdaric. It asks for the next invocation and posts the result:

    child                         Runtime API (a port of its own)           invoke()
      GET  …/invocation/next        ready; the request stays open
                                    answered with the event          <----    event
      POST …/invocation/{id}/response or /error                      ---->    result
      POST …/init/error, then exit: the handler cannot be imported   ---->    result; the sandbox is dead

A sandbox is dead once its child has ended (a crash, sys.exit, a timeout, a signal). The next invocation gets
a new one, as on Lambda.
"""

import contextlib
import json
import os
import signal
import subprocess
import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from werkzeug.exceptions import Gone, NotFound
from werkzeug.wrappers import Request, Response

from background_sync_ops.stack import runtime
from background_sync_ops.stack.deployment import FunctionSpec
from background_sync_ops.stack.errors import InvocationError
from background_sync_ops.stack.loopback import HOST, LoopbackServer, listen

API = "/2018-06-01/runtime"
# Lambda allows 10 s, but a busy laptop may need more.
INIT_TIMEOUT_S = 60
# Lambda's word for every failure of a function.
UNHANDLED = "Unhandled"


@dataclass(frozen=True)
class InvocationResult:
    """`payload` is JSON: what the handler returned or, with `function_error`, Lambda's error document."""

    request_id: str
    payload: bytes
    function_error: str | None = None

    def json(self) -> Any:
        return json.loads(self.payload)

    def result(self) -> Any:
        """What the handler returned. Raises InvocationError when the function failed."""
        if self.function_error:
            raise InvocationError(f"{self.error_type}: {self.error_message}")
        return self.json()

    @property
    def error_type(self) -> str:
        return str(self.json().get("errorType", "")) if self.function_error else ""

    @property
    def error_message(self) -> str:
        return str(self.json().get("errorMessage", "")) if self.function_error else ""


@dataclass(frozen=True)
class _Report:
    """`kind` is "ready", "result", "error", "exit" or, when the child reported nothing in time, "timeout"."""

    kind: str
    body: bytes = b""


class Sandbox:
    """A child that runs one function, one invocation at a time."""

    def __init__(
        self, spec: FunctionSpec, overrides: Mapping[str, str], log_path: Path, runtime_dir: Path
    ) -> None:
        """Starts the child. `overrides` are environment variables that replace the function's own."""
        self._spec = spec
        self._log_path = log_path
        self._pending: SimpleQueue[Response | None] = SimpleQueue()
        self._reports: SimpleQueue[_Report] = SimpleQueue()
        self._ready = False
        self._ended = threading.Event()
        self._server = LoopbackServer(self._runtime_api, listen(0))
        runtime_api = f"{HOST}:{self._server.port}"
        try:
            with log_path.open("ab") as log:
                self._process = subprocess.Popen(
                    runtime.command(spec),
                    cwd=spec.code_dir,
                    env=runtime.environment(spec, runtime_api, overrides, runtime_dir),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    # A process group of its own, so that `kill` also ends what the handler started.
                    start_new_session=True,
                )
        except BaseException:
            self._server.close()
            raise
        self._watcher = threading.Thread(target=self._watch, name=f"sandbox-{spec.logical_id}", daemon=True)
        self._watcher.start()

    def _watch(self) -> None:
        self._process.wait()
        # Set before the report, because the caller that gets the report must find the sandbox dead.
        self._ended.set()
        self._reports.put(_Report("exit"))

    @property
    def alive(self) -> bool:
        return not self._ended.is_set()

    # ---------------------------------------------------------------- the caller's side

    def invoke(self, event: bytes) -> InvocationResult:
        """Runs the handler once. A function's failure is a result, not an exception."""
        request_id = str(uuid.uuid4())
        if not self._ready:
            report = self._next_report(INIT_TIMEOUT_S)
            if report.kind != "ready":
                # After an init error the child exits by itself, but the sandbox must be dead at once.
                self.kill()
                return self._result(request_id, report)
            self._ready = True
        self._pending.put(self._invocation(request_id, event))
        return self._result(request_id, self._next_report(self._spec.timeout_s))

    def _invocation(self, request_id: str, event: bytes) -> Response:
        now = time.time()
        headers = {
            "Lambda-Runtime-Aws-Request-Id": request_id,
            "Lambda-Runtime-Deadline-Ms": str(int(now * 1000) + self._spec.timeout_s * 1000),
            "Lambda-Runtime-Invoked-Function-Arn": self._spec.arn,
            "Lambda-Runtime-Trace-Id": f"Root=1-{int(now):08x}-{uuid.uuid4().hex[:24]};Sampled=0",
        }
        return Response(event, 200, headers, content_type="application/json")

    def _next_report(self, timeout_s: float) -> _Report:
        """What the child reports next. At the timeout the child is killed."""
        try:
            return self._reports.get(timeout=timeout_s)
        except Empty:
            self.kill()
            return _Report("timeout", f"Task timed out after {timeout_s:.2f} seconds".encode())

    def _result(self, request_id: str, report: _Report) -> InvocationResult:
        match report.kind:
            case "result":
                return InvocationResult(request_id, report.body)
            case "error":
                return InvocationResult(request_id, report.body, UNHANDLED)
            case "timeout":
                return self._failed(request_id, "Sandbox.Timedout", report.body.decode())
            case _:
                return self._failed(request_id, "Runtime.ExitError", _exit_reason(self._process.returncode))

    def _failed(self, request_id: str, error_type: str, reason: str) -> InvocationResult:
        # The function could not log this failure itself. Lambda writes it to the function's log too.
        with self._log_path.open("a", encoding="utf-8") as log:
            log.write(f"{datetime.now(UTC).isoformat(timespec='milliseconds')} {request_id} {reason}\n")
        document = {"errorType": error_type, "errorMessage": f"RequestId: {request_id} Error: {reason}"}
        return InvocationResult(request_id, json.dumps(document).encode(), UNHANDLED)

    def kill(self) -> None:
        """Kills the child and the processes that it started, and waits until the child has ended."""
        with contextlib.suppress(ProcessLookupError):
            if self.alive:
                os.killpg(self._process.pid, signal.SIGKILL)
        self._watcher.join()

    def close(self) -> None:
        """Kills the child and frees the port."""
        self.kill()
        # A request for the next invocation may still wait in its thread.
        self._pending.put(None)
        self._server.close()

    # ---------------------------------------------------------------- the child's side

    def _runtime_api(self, request: Request) -> Response:
        match request.method, request.path.removeprefix(API).split("/")[1:]:
            case "GET", ["invocation", "next"]:
                return self._next_invocation()
            case "POST", ["invocation", _, "response"]:
                self._reports.put(_Report("result", request.get_data()))
            case "POST", ["invocation", _, "error"] | ["init", "error"]:
                self._reports.put(_Report("error", request.get_data()))
            case _:
                raise NotFound
        return Response('{"status":"OK"}', 202, content_type="application/json")

    def _next_invocation(self) -> Response:
        if not self._ready:
            self._reports.put(_Report("ready"))
        invocation = self._pending.get()
        if invocation is None:
            raise Gone
        return invocation


def _exit_reason(code: int) -> str:
    if code == 0:
        return "Runtime exited without providing a reason"
    how = f"exit status {code}" if code > 0 else f"signal: {str(signal.strsignal(-code)).lower()}"
    return f"Runtime exited with error: {how}"
