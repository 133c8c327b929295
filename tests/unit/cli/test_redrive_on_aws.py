"""On AWS, SQS moves the dead letters itself, and redrive follows it."""

from collections.abc import Iterator
from typing import Any, cast

import boto3
import pytest
from botocore.stub import Stubber

from background_sync_ops.redrive import RedriveError, RedriveProgress, redrive
from background_sync_ops.target import Target
from tests.unit.cli.clock import StoppedClock

SOURCE, DESTINATION = "arn:aws:sqs:eu-west-1:1:dead", "arn:aws:sqs:eu-west-1:1:work"


def task(status: str, moved: int, started: int = 100, **more: Any) -> dict[str, Any]:
    """A task as SQS lists it: with its handle only while it runs."""
    handle = {"TaskHandle": "x"} if status == "RUNNING" else {}
    numbers = {"ApproximateNumberOfMessagesMoved": moved, "StartedTimestamp": started}
    return {"Status": status, **numbers, **handle, **more}


class AwsStub:
    def __init__(self) -> None:
        self.is_local = False
        self.outputs = {"DeadLetterQueueUrl": "https://dead", "WorkQueueUrl": "https://work"}
        self.clock = StoppedClock()
        session = boto3.Session("key", "secret", region_name="eu-west-1")
        self.sqs = session.client("sqs")
        self.stub = Stubber(self.sqs)

    def client(self, _: str) -> Any:
        return self.sqs

    def add_waiting(self, messages: int) -> None:
        count = {"ApproximateNumberOfMessages": str(messages)}
        self.stub.add_response("get_queue_attributes", {"Attributes": count})

    def add_start(self, *earlier: dict[str, Any]) -> None:
        for arn in (SOURCE, DESTINATION):
            self.stub.add_response("get_queue_attributes", {"Attributes": {"QueueArn": arn}})
        self.add_tasks(*earlier)
        request = {"SourceArn": SOURCE, "DestinationArn": DESTINATION}
        self.stub.add_response("start_message_move_task", {"TaskHandle": "x"}, request)

    def add_task(self, status: str, moved: int, **more: Any) -> None:
        self.add_tasks(task(status, moved, **more))

    def add_tasks(self, *tasks: dict[str, Any]) -> None:
        """What SQS lists, the newest task first."""
        self.stub.add_response("list_message_move_tasks", {"Results": [*tasks]})

    def redrive(self, timeout_s: float = 60) -> list[RedriveProgress]:
        return list(redrive(cast("Target", self), timeout_s))


@pytest.fixture
def aws() -> Iterator[AwsStub]:
    aws = AwsStub()
    with aws.stub:
        yield aws
        aws.stub.assert_no_pending_responses()


def test_a_move_is_followed_until_it_is_completed(aws: AwsStub) -> None:
    aws.add_waiting(12)
    aws.add_start()
    aws.add_task("RUNNING", 5, ApproximateNumberOfMessagesToMove=12)
    aws.add_task("COMPLETED", 12, ApproximateNumberOfMessagesToMove=12)
    assert aws.redrive() == [RedriveProgress(0, 12), RedriveProgress(5, 12), RedriveProgress(12, 12)]


def test_no_move_is_started_if_no_message_is_waiting(aws: AwsStub) -> None:
    aws.add_waiting(0)
    assert aws.redrive() == [RedriveProgress(0, 0)]


def test_a_move_that_is_not_listed_yet_is_still_followed(aws: AwsStub) -> None:
    aws.add_waiting(1)
    aws.add_start()
    aws.add_tasks()
    aws.add_task("COMPLETED", 1)
    assert aws.redrive()[-1] == RedriveProgress(1, 1)


def test_moves_that_others_started_earlier_or_later_are_not_followed(aws: AwsStub) -> None:
    earlier = task("FAILED", 0, started=50, FailureReason="AccessDenied")
    aws.add_waiting(2)
    aws.add_start(earlier)
    aws.add_tasks(earlier)
    aws.add_tasks(task("RUNNING", 1), earlier)
    later = task("RUNNING", 0, started=200, TaskHandle="of another")
    aws.add_tasks(later, task("COMPLETED", 2), earlier)
    assert [each.moved for each in aws.redrive()] == [0, 0, 1, 2]


def test_a_move_that_fails_says_why_and_how_many_messages_were_moved(aws: AwsStub) -> None:
    aws.add_waiting(2)
    aws.add_start()
    aws.add_task("FAILED", 1, FailureReason="AccessDenied")
    with pytest.raises(RedriveError, match="SQS failed the move after 1 messages: AccessDenied"):
        aws.redrive()


def test_a_move_that_takes_too_long_is_no_longer_followed(aws: AwsStub) -> None:
    aws.add_waiting(9)
    aws.add_start()
    for moved in (1, 2, 3):
        aws.add_task("RUNNING", moved)
    with pytest.raises(RedriveError, match="SQS is still moving, 3 messages so far"):
        aws.redrive(timeout_s=2)
