"""The engine's process, as its parent sees it. Kept apart from engine.py, which imports moto."""

import json
import os
import subprocess
import sys
from pathlib import Path

from background_sync_ops.stack.errors import EngineError, PortError
from background_sync_ops.stack.loopback import HOST


class Engine:
    """A running engine. It ends on `close`, and when this process ends."""

    def __init__(self, port: int, log_path: Path, invoke_url: str = "") -> None:
        """Starts the engine on `port` (0: any free port) without waiting until it is ready."""
        self._log_path = log_path
        arguments = ["--port", str(port), "--invoke-url", invoke_url]
        with log_path.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "background_sync_ops.stack.engine", *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=_environment(),
                # Ctrl-C in the terminal must reach only the parent.
                start_new_session=True,
            )

    def wait_until_ready(self) -> str:
        """The URL at which the engine answers. Raises PortError, EngineError."""
        line = self._process.stdout.readline() if self._process.stdout else b""
        if not line:
            raise EngineError(f"the local AWS engine did not start; see {self._log_path}")
        report = json.loads(line)
        if "error" in report:
            raise PortError(**report["error"])
        return f"http://{HOST}:{report['port']}"

    @property
    def pid(self) -> int:
        return self._process.pid

    def close(self) -> None:
        """Ends the process and waits for it. Its data is lost."""
        with self._process:
            self._process.kill()


def _environment() -> dict[str, str]:
    # The operator's AWS settings must not reach the engine.
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "MOTO_"))}
    return inherited | {
        # SQS, and so moto, allows only one purge of a queue per minute. Tests purge before each test.
        "MOTO_SQS_ENFORCE_STRICT_QUEUE_PURGE_BEHAVIOUR": "false",
        # Functions run from their folders, so their code is not in S3.
        "VALIDATE_LAMBDA_S3": "false",
    }
