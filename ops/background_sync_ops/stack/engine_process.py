"""The engine's process, seen by its parent."""

import json
import os
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from background_sync_ops.stack.errors import EngineError, PortError
from background_sync_ops.stack.loopback import HOST


class Engine:
    """A running engine. Ends with `close`, and by itself when this process ends in whatever way."""

    def __init__(self, port: int, log_path: Path, invoke_url: str = "") -> None:
        """Starts it on `port` (0: any free one); `wait_until_ready` tells when it answers, and where.

        Invocations of functions that reach it are passed on to `invoke_url`.
        """
        self._log_path = log_path
        self.url = ""
        arguments = ["--port", str(port), "--invoke-url", invoke_url]
        with log_path.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "background_sync_ops.stack.engine", *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=_environment(),
                start_new_session=True,  # Ctrl-C in the terminal is the parent's to answer
            )

    def wait_until_ready(self) -> str:
        """The URL at which the engine answers. Raises PortError, EngineError."""
        line = self._process.stdout.readline() if self._process.stdout else b""
        if not line:
            raise EngineError(f"the local AWS engine did not start; see {self._log_path}")
        report = json.loads(line)
        if "error" in report:
            raise PortError(**report["error"])
        self.url = f"http://{HOST}:{report['port']}"
        return self.url

    @property
    def pid(self) -> int:
        return self._process.pid

    def close(self) -> None:
        """Ends the process and waits for it. What it held is gone."""
        with self._process:  # closes its stdin, which is its sign to end, and waits
            self._process.kill()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _environment() -> dict[str, str]:
    """This process's environment without what would steer AWS clients; a queue may be purged at any time."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "MOTO_"))}
    return own | {"MOTO_SQS_ENFORCE_STRICT_QUEUE_PURGE_BEHAVIOUR": "false"}
