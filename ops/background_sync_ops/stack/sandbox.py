"""One execution environment of a function: a child process, and the Lambda Runtime API that it talks to.

The child runs AWS's own runtime client, awslambdaric, which asks for the next invocation and posts what came
of it:

    child                         Runtime API (a port of its own)           invoke()
      GET  …/invocation/next        ready; holds the request open
                                    answers it with the event        <----    event
      POST …/invocation/{id}/response or /error                      ---->    result
      POST …/init/error, then ends: the handler cannot be imported   ---->    result, and the sandbox is dead

Whatever ends the child (a crash, sys.exit, a timeout, a signal) leaves a dead sandbox; the next invocation
gets another one, as on Lambda.
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

from werkzeug.exceptions import Gone, NotFound
from werkzeug.wrappers import Request, Response

from background_sync_ops.stack import runtime
from background_sync_ops.stack.deployment import FunctionSpec
from background_sync_ops.stack.invocation import UNHANDLED, InvocationResult
from background_sync_ops.stack.loopback import HOST, LoopbackServer, listen

API = "/2018-06-01/runtime"
INIT_TIMEOUT_S = 60  # Lambda gives 10 s; a laptop that is busy elsewhere may need more, and nobody is billed


@dataclass(frozen=True)
class _Invocation:
    request_id: str
    event: bytes
    deadline_ms: int


@dataclass(frozen=True)
class _Report:
    """What is heard of the child: "ready", its "result" or "error", "exit", or nothing in time: "timeout"."""

    kind: str
    body: bytes = b""


class Sandbox:
    """A child that runs one function, one invocation at a time. Warm until it dies or is closed."""

    def __init__(
        self, spec: FunctionSpec, overrides: Mapping[str, str], log_path: Path, runtime_dir: Path
    ) -> None:
        """Starts the child; `overrides` are environment variables over the function's own."""
        self._spec = spec
        self._runtime_dir = runtime_dir
        self._log_path = log_path
        self._pending: SimpleQueue[_Invocation | None] = SimpleQueue()
        self._reports: SimpleQueue[_Report] = SimpleQueue()
        self._ready = False
        self._ended = threading.Event()
        self._server = LoopbackServer(self._runtime_api, listen(0))
        try:
            self._process = self._start(overrides)
        except BaseException:
            self._server.close()
            raise
        self._watcher = threading.Thread(target=self._watch, name=f"sandbox-{spec.logical_id}", daemon=True)
        self._watcher.start()

    def _start(self, overrides: Mapping[str, str]) -> subprocess.Popen[bytes]:
        runtime_api = f"{HOST}:{self._server.port}"
        with self._log_path.open("ab") as log:
            return subprocess.Popen(
                runtime.command(self._spec),
                cwd=self._spec.code_dir,
                env=runtime.environment(self._spec, runtime_api, overrides, self._runtime_dir),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # a group of its own, to be killed as a whole
            )

    def _watch(self) -> None:
        self._process.wait()
        self._ended.set()  # before the report, so that whoever hears it finds the sandbox dead
        self._reports.put(_Report("exit"))

    @property
    def alive(self) -> bool:
        return not self._ended.is_set()

    @property
    def pid(self) -> int:
        return self._process.pid

    # ---------------------------------------------------------------- the caller's side

    def invoke(self, event: bytes) -> InvocationResult:
        """Runs the handler once. A function's failure is a result, not an exception."""
        request_id = str(uuid.uuid4())
        if not self._ready:
            report = self._heard(INIT_TIMEOUT_S)
            if report.kind != "ready":
                self.kill()  # after an error of its start the child ends by itself, but only soon
                return self._result(request_id, report)
            self._ready = True
        deadline_ms = int(time.time() * 1000) + self._spec.timeout_s * 1000
        self._pending.put(_Invocation(request_id, event, deadline_ms))
        return self._result(request_id, self._heard(self._spec.timeout_s))

    def _heard(self, timeout_s: float) -> _Report:
        """What is heard next of the child. One that says nothing in time is killed."""
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
        """A failure that the platform found, not the function: Lambda logs it for the function too."""
        with self._log_path.open("a", encoding="utf-8") as log:
            log.write(f"{datetime.now(UTC).isoformat(timespec='milliseconds')} {request_id} {reason}\n")
        document = {"errorType": error_type, "errorMessage": f"RequestId: {request_id} Error: {reason}"}
        return InvocationResult(request_id, json.dumps(document).encode(), UNHANDLED)

    def kill(self) -> None:
        """Kills the child, and what it started, at once, as Lambda does at the timeout."""
        with contextlib.suppress(ProcessLookupError):
            if self.alive:
                os.killpg(self._process.pid, signal.SIGKILL)
        self._watcher.join()

    def close(self) -> None:
        """Ends the child and frees the port."""
        self.kill()
        self._pending.put(None)
        self._server.close()

    # ---------------------------------------------------------------- the child's side

    def _runtime_api(self, request: Request) -> Response:
        if request.method == "GET" and request.path == f"{API}/invocation/next":
            return self._next()
        kind = _posted_kind(request)
        self._reports.put(_Report(kind, request.get_data()))
        return Response('{"status":"OK"}', 202, content_type="application/json")

    def _next(self) -> Response:
        if not self._ready:
            self._reports.put(_Report("ready"))
        invocation = self._pending.get()
        if invocation is None:
            raise Gone
        return Response(invocation.event, 200, self._headers(invocation), content_type="application/json")

    def _headers(self, invocation: _Invocation) -> dict[str, str]:
        return {
            "Lambda-Runtime-Aws-Request-Id": invocation.request_id,
            "Lambda-Runtime-Deadline-Ms": str(invocation.deadline_ms),
            "Lambda-Runtime-Invoked-Function-Arn": self._spec.arn,
            "Lambda-Runtime-Trace-Id": f"Root=1-{int(time.time()):08x}-{uuid.uuid4().hex[:24]};Sampled=0",
        }


def _posted_kind(request: Request) -> str:
    if request.method == "POST" and request.path.startswith(f"{API}/invocation/"):
        return {"response": "result", "error": "error"}[request.path.rsplit("/", 1)[1]]
    if request.method == "POST" and request.path == f"{API}/init/error":
        return "error"
    raise NotFound


def _exit_reason(code: int) -> str:
    if code == 0:
        return "Runtime exited without providing a reason"
    how = f"exit status {code}" if code > 0 else f"signal: {str(signal.strsignal(-code)).lower()}"
    return f"Runtime exited with error: {how}"
