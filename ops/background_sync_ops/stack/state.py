"""Where a running local stack says that it runs, and how other commands find it."""

import json
import os
import socket
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit

STATE_DIR = Path(".background-sync")  # in the working directory
STATE_FILE = "stack.json"


@dataclass(frozen=True)
class StackInfo:
    """A running stack, as its state file tells of it."""

    pid: int
    endpoint_url: str
    lambda_endpoint_url: str
    api_url: str
    region: str
    outputs: Mapping[str, str]
    clock_offset_ms: int


def running_stack(state_dir: Path = STATE_DIR) -> StackInfo | None:
    """The stack that runs on `state_dir`. A file left behind by a stack that died counts as none."""
    try:
        info = StackInfo(**json.loads((state_dir / STATE_FILE).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    return info if _runs(info.pid) and _answers(info.endpoint_url) else None


def log_path(state_dir: Path, logical_id: str) -> Path:
    """The file that a function of a stack on `state_dir` logs to."""
    return state_dir / "logs" / f"{logical_id}.log"


def announce(state_dir: Path, info: StackInfo) -> None:
    """Writes the state file, whole or not at all."""
    draft = state_dir / f"{STATE_FILE}.{os.getpid()}"
    draft.write_text(json.dumps(asdict(info), indent=2) + "\n", encoding="utf-8")
    draft.replace(state_dir / STATE_FILE)


def withdraw(state_dir: Path) -> None:
    """Removes the state file."""
    (state_dir / STATE_FILE).unlink(missing_ok=True)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _answers(url: str) -> bool:
    """The number of a dead stack's process may be another's by now; its port hardly."""
    address = urlsplit(url)
    try:
        socket.create_connection((address.hostname, address.port), timeout=1).close()
    except OSError:
        return False
    return True
