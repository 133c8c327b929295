"""No process outlives its parent, not even when the parent is killed."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.integration.stack.conftest import APP, Eventually
from tests.integration.stack.processes import runs

ENGINE = """
import sys, time
from pathlib import Path
from background_sync_ops.stack.engine_process import Engine
engine = Engine(0, Path(sys.argv[1]) / "engine.log")
engine.wait_until_ready()
print(engine.pid, flush=True)
time.sleep(600)
"""
STACK = """
import sys, time
from pathlib import Path
from background_sync_ops.stack.stack import LocalStack
with LocalStack(Path(sys.argv[2]), state_dir=Path(sys.argv[1])) as stack:
    print(stack.invoke("WorkerFunction").json()["pid"], flush=True)
    time.sleep(600)
"""


@contextmanager
def started(script: str, state_dir: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A process that runs `script`, and the process id that it printed."""
    command = [sys.executable, "-c", script, str(state_dir), str(APP / "template.yaml")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        try:
            assert parent.stdout is not None
            yield parent, int(parent.stdout.readline())
        finally:
            parent.kill()


def test_the_engine_ends_with_its_parent(tmp_path: Path, eventually: Eventually) -> None:
    with started(ENGINE, tmp_path) as (parent, engine):
        parent.kill()
        eventually(lambda: not runs(engine))


def test_the_engine_ignores_ctrl_c(tmp_path: Path) -> None:
    with started(ENGINE, tmp_path) as (parent, engine):
        assert os.getsid(engine) != os.getsid(parent.pid)
        os.kill(engine, signal.SIGINT)
        assert runs(engine)


def test_a_function_ends_with_its_stack(tmp_path: Path, eventually: Eventually) -> None:
    with started(STACK, tmp_path) as (parent, function):
        parent.kill()
        eventually(lambda: not runs(function))
