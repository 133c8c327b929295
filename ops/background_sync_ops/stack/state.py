"""The file by which a running local stack is found by other commands."""

import json
import os
import socket
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit

# In the working directory.
STATE_DIR = Path(".background-sync")
STATE_FILE = "stack.json"


@dataclass(frozen=True)
class StackInfo:
    pid: int
    endpoint_url: str
    lambda_endpoint_url: str
    api_url: str
    region: str
    outputs: Mapping[str, str]
    clock_offset_ms: int


def running_stack(state_dir: Path = STATE_DIR) -> StackInfo | None:
    """The stack that runs on `state_dir`. A file that a dead stack left behind is ignored."""
    try:
        info = StackInfo(**json.loads((state_dir / STATE_FILE).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    # Another process may have got the process id of a dead stack, but hardly its port too.
    return info if _is_running(info.pid) and _accepts_connections(info.endpoint_url) else None


def log_path(state_dir: Path, logical_id: str) -> Path:
    """The log of a function of the stack on `state_dir`."""
    return state_dir / "logs" / f"{logical_id}.log"


def announce(state_dir: Path, info: StackInfo) -> None:
    """Writes the state file."""
    # A rename is atomic: a reader never sees half a file.
    draft = state_dir / f"{STATE_FILE}.{os.getpid()}"
    draft.write_text(json.dumps(asdict(info), indent=2) + "\n", encoding="utf-8")
    draft.replace(state_dir / STATE_FILE)


def withdraw(state_dir: Path) -> None:
    """Removes the state file."""
    (state_dir / STATE_FILE).unlink(missing_ok=True)


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        # The process exists and belongs to another user.
        return True
    return True


def _accepts_connections(url: str) -> bool:
    address = urlsplit(url)
    try:
        socket.create_connection((address.hostname, address.port), timeout=1).close()
    except OSError:
        return False
    return True
