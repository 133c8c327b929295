"""The stack as a whole: found by others while it runs, gone afterwards."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from background_sync_ops.stack.errors import AlreadyRunningError, PortError, StackError
from background_sync_ops.stack.loopback import listen, url
from background_sync_ops.stack.stack import LocalStack
from background_sync_ops.stack.state import STATE_FILE, running_stack
from tests.integration.stack.processes import runs


def test_a_running_stack_is_found(stack: LocalStack) -> None:
    info = running_stack(stack.state_dir)
    assert info is not None
    assert (info.pid, info.outputs) == (os.getpid(), stack.outputs)
    assert (info.endpoint_url, info.lambda_endpoint_url) == (stack.endpoint_url, stack.invoke_url)
    assert info.api_url == stack.api_url


def test_a_second_stack_is_not_started_on_the_same_folder(stack: LocalStack) -> None:
    second = LocalStack(stack.template_path, state_dir=stack.state_dir)
    with pytest.raises(AlreadyRunningError, match=f"process {os.getpid()} runs a stack already"), second:
        pass


def test_no_stack_is_found_where_none_ran(tmp_path: Path) -> None:
    assert running_stack(tmp_path) is None


def test_a_file_that_a_dead_stack_left_is_no_stack(stack: LocalStack, tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        pass
    left = json.loads((stack.state_dir / STATE_FILE).read_text()) | {"pid": ended.pid}
    (tmp_path / STATE_FILE).write_text(json.dumps(left))
    assert running_stack(tmp_path) is None


def test_a_file_whose_process_is_now_another_is_no_stack(stack: LocalStack, tmp_path: Path) -> None:
    with listen(0) as closed:
        endpoint_url = url(closed)
    left = json.loads((stack.state_dir / STATE_FILE).read_text()) | {"endpoint_url": endpoint_url}
    (tmp_path / STATE_FILE).write_text(json.dumps(left))
    assert running_stack(tmp_path) is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": 1}'])
def test_a_file_that_cannot_be_read_is_no_stack(tmp_path: Path, text: str) -> None:
    (tmp_path / STATE_FILE).write_text(text)
    assert running_stack(tmp_path) is None


def test_nothing_is_left_at_the_end(tmp_path: Path, stack: LocalStack) -> None:
    with LocalStack(stack.template_path, state_dir=tmp_path) as short:
        pid = short.invoke("WorkerFunction").json()["pid"]
        ports = [
            int(address.rsplit(":", 1)[1])
            for address in (short.endpoint_url, short.invoke_url, short.api_url)
        ]
    assert running_stack(tmp_path) is None
    assert not runs(pid)
    for port in ports:
        listen(port).close()
    with pytest.raises(StackError, match="has stopped"):
        short.invoke("WorkerFunction")


def test_ports_are_those_asked_for_and_a_taken_one_leaves_nothing(tmp_path: Path, stack: LocalStack) -> None:
    port = int(stack.endpoint_url.rsplit(":", 1)[1])
    with (
        pytest.raises(PortError, match=f"port {port}: already taken"),
        LocalStack(stack.template_path, state_dir=tmp_path, api_port=port),
    ):
        pass
    assert running_stack(tmp_path) is None


def test_clients_know_nothing_of_the_operators_set_up(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, stack: LocalStack
) -> None:
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
