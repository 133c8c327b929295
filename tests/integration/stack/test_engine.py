"""The engine: a process of its own, one request at a time."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from background_sync_ops.stack.engine_process import Engine
from background_sync_ops.stack.errors import PortError
from background_sync_ops.stack.loopback import listen
from background_sync_ops.stack.stack import LocalStack

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import PutTypeDef


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    with listen(0) as taken:
        port = taken.getsockname()[1]
        with (
            Engine(port, tmp_path / "engine.log") as engine,
            pytest.raises(PortError, match=f"port {port}: already taken"),
        ):
            engine.wait_until_ready()


@pytest.mark.parametrize("port", [-1, 65_536])
def test_what_is_no_port_is_named(port: int) -> None:
    with pytest.raises(PortError, match=f"port {port}: not a port number"):
        listen(port)


def test_a_condition_holds_for_one_of_many_transactions(stack: LocalStack) -> None:
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

    keys = [f"raced for {number}" for number in range(20)]
    with ThreadPoolExecutor(8) as threads:
        outcomes = [threads.submit(commits, key) for key in keys for _ in range(8)]
        assert sum(outcome.result() for outcome in outcomes) == len(keys)


def test_a_long_poll_holds_up_nobody(stack: LocalStack) -> None:
    sqs, url = stack.client("sqs"), stack.outputs["LostEventsUrl"]
    with ThreadPoolExecutor(1) as thread:
        receiving = thread.submit(sqs.receive_message, QueueUrl=url, WaitTimeSeconds=20)
        sqs.send_message(QueueUrl=url, MessageBody="sent while another waits")
        assert receiving.result()["Messages"][0]["Body"] == "sent while another waits"
