"""The stack is gone after its end, and what it left in its folder is not believed. The commands find it."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

from background_sync_ops.stack.errors import PortError, StackError
from background_sync_ops.stack.loopback import listen, url
from background_sync_ops.stack.stack import LocalStack
from background_sync_ops.stack.state import STATE_FILE, running_stack
from tests.integration.stack.conftest import APP, Eventually
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


if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import PutTypeDef


def test_only_one_of_many_conditional_transactions_at_the_same_time_succeeds(stack: LocalStack) -> None:
    def commits(key: str) -> bool:
        put: PutTypeDef = {
            "TableName": stack.outputs["ItemsName"],
            "Item": {"id": {"S": key}},
            "ConditionExpression": "attribute_not_exists(id)",
        }
        try:
            stack.client("dynamodb").transact_write_items(TransactItems=[{"Put": put}])
        except ClientError:
            return False
        return True

    keys = [f"contested {number}" for number in range(20)]
    with ThreadPoolExecutor(8) as threads:
        outcomes = [threads.submit(commits, key) for key in keys for _ in range(8)]
        assert sum(outcome.result() for outcome in outcomes) == len(keys)


def test_a_long_poll_does_not_block_other_requests(stack: LocalStack) -> None:
    sqs, url = stack.client("sqs"), stack.outputs["LostEventsUrl"]
    with ThreadPoolExecutor(1) as thread:
        receiving = thread.submit(sqs.receive_message, QueueUrl=url, WaitTimeSeconds=20)
        sqs.send_message(QueueUrl=url, MessageBody="sent during the poll")
        assert receiving.result()["Messages"][0]["Body"] == "sent during the poll"


def test_a_connection_stays_open_also_after_a_request_that_fails(stack: LocalStack) -> None:
    statuses = list[int]()
    with closing(HTTPConnection(urlsplit(stack.endpoint_url).netloc)) as connection:
        connection.connect()
        opened = connection.sock
        for method, path in (("GET", ""), ("POST", "seed"), ("HEAD", ""), ("GET", "")):
            connection.request(method, f"/moto-api/{path}", body=b"x" * 100_000)
            answer = connection.getresponse()
            assert bool(answer.read()) == (method != "HEAD")
            assert connection.sock is opened
            statuses.append(answer.status)
    assert statuses == [200, 500, 200, 200]


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
