import os
from pathlib import Path


def runs(pid: int) -> bool:
    """Whether a process runs. A zombie does not: it has ended, but its parent has not waited for it yet."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/status")
    return not status.exists() or "\nState:\tZ" not in status.read_text()
