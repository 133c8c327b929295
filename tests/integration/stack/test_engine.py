"""The engine handles one request at a time, and keeps connections open."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from background_sync_ops.stack.stack import LocalStack

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
