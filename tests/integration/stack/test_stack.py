"""The stack is gone after its end, and what it left in its folder is not believed. The commands find it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from background_sync_ops.stack.errors import PortError, StackError
from background_sync_ops.stack.loopback import listen, url
from background_sync_ops.stack.stack import LocalStack
from background_sync_ops.stack.state import STATE_FILE, running_stack
from tests.integration.stack.processes import runs


def test_the_file_of_a_dead_stack_is_ignored(stack: LocalStack, tmp_path: Path) -> None:
    assert running_stack(tmp_path) is None
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        pass
    with listen(0) as closed:
        closed_url = url(closed)
    running = json.loads((stack.state_dir / STATE_FILE).read_text())
    # The second one is of a stack whose process id now belongs to another process.
    for changes in ({"pid": ended.pid}, {"endpoint_url": closed_url}):
        (tmp_path / STATE_FILE).write_text(json.dumps(running | changes))
        assert running_stack(tmp_path) is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": 1}'])
def test_an_invalid_state_file_is_ignored(tmp_path: Path, text: str) -> None:
    (tmp_path / STATE_FILE).write_text(text)
    assert running_stack(tmp_path) is None


def test_nothing_is_left_at_the_end(tmp_path: Path, stack: LocalStack) -> None:
    with LocalStack(stack.template_path, state_dir=tmp_path) as short:
        pid = short.invoke("WorkerFunction").json()["pid"]
        urls = (short.endpoint_url, short.invoke_url, short.api_url)
    assert running_stack(tmp_path) is None
    assert not runs(pid)
    for each in urls:
        listen(int(each.rsplit(":", 1)[1])).close()
    with pytest.raises(StackError, match="has stopped"):
        short.invoke("WorkerFunction")


@pytest.mark.parametrize("port", [-1, 65_536])
def test_a_port_outside_the_range_is_refused(port: int) -> None:
    with pytest.raises(PortError, match=f"port {port}: not a port number"):
        listen(port)


def test_clients_ignore_variables(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, stack: LocalStack) -> None:
    (tmp_path / "config").write_text(
        "[profile production]\nregion = eu-west-1\nendpoint_url = http://127.0.0.1:1\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    ssm = stack.client("ssm")
    assert ssm.meta.region_name == "us-east-1"
    assert ssm.describe_parameters()["Parameters"] == []
