"""Processes, seen from outside."""

import os
from pathlib import Path


def runs(pid: int) -> bool:
    """Whether a process runs; one that ended and that nobody asked after yet does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/status")
    return not status.exists() or "\nState:\tZ" not in status.read_text()
