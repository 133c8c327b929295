"""On AWS, SQS moves the messages itself, and is followed while it does."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import boto3
import pytest
from botocore.stub import Stubber

from background_sync_ops.redrive import RedriveError, RedriveProgress, redrive
from background_sync_ops.target import Target

SOURCE, DESTINATION = "arn:aws:sqs:eu-west-1:1:dead", "arn:aws:sqs:eu-west-1:1:work"


@dataclass
class Clock:
    time: int = 0

    def now(self) -> int:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += round(seconds * 1000)


class Aws:
    """A target on AWS whose SQS answers what the test says."""

    def __init__(self) -> None:
        self.is_local = False
        self.outputs = {"DeadLetterQueueUrl": "https://dead", "WorkQueueUrl": "https://work"}
        self.clock = Clock()
        session = boto3.Session("key", "secret", region_name="eu-west-1")
        self.sqs = session.client("sqs")
        self.stub = Stubber(self.sqs)

    def client(self, _: str) -> Any:
        return self.sqs

    def waits(self, messages: int) -> None:
        count = {"ApproximateNumberOfMessages": str(messages)}
        self.stub.add_response("get_queue_attributes", {"Attributes": count})

    def begins(self) -> None:
        for arn in (SOURCE, DESTINATION):
            self.stub.add_response("get_queue_attributes", {"Attributes": {"QueueArn": arn}})
        asked = {"SourceArn": SOURCE, "DestinationArn": DESTINATION}
        self.stub.add_response("start_message_move_task", {"TaskHandle": "x"}, asked)

    def tells(self, status: str, moved: int, **more: Any) -> None:
        task = {"Status": status, "ApproximateNumberOfMessagesMoved": moved, **more}
        self.stub.add_response("list_message_move_tasks", {"Results": [task]})

    def redrive(self, timeout_s: float = 60) -> list[RedriveProgress]:
        return list(redrive(cast("Target", self), timeout_s))


@pytest.fixture
def aws() -> Iterator[Aws]:
    aws = Aws()
    with aws.stub:
        yield aws
        aws.stub.assert_no_pending_responses()


def test_it_is_followed_to_its_end(aws: Aws) -> None:
    aws.waits(12)
    aws.begins()
    aws.tells("RUNNING", 5, ApproximateNumberOfMessagesToMove=12)
    aws.tells("COMPLETED", 12, ApproximateNumberOfMessagesToMove=12)
    assert aws.redrive() == [RedriveProgress(0, 12), RedriveProgress(5, 12), RedriveProgress(12, 12)]


def test_nothing_is_begun_where_nothing_waits(aws: Aws) -> None:
    aws.waits(0)
    assert aws.redrive() == [RedriveProgress(0, 0)]


def test_a_move_that_is_not_listed_yet_is_waited_for(aws: Aws) -> None:
    aws.waits(1)
    aws.begins()
    aws.stub.add_response("list_message_move_tasks", {"Results": []})
    aws.tells("COMPLETED", 1)
    assert aws.redrive()[-1] == RedriveProgress(1, 1)


def test_a_move_that_fails_says_why_and_how_far_it_came(aws: Aws) -> None:
    aws.waits(2)
    aws.begins()
    aws.tells("FAILED", 1, FailureReason="AccessDenied")
    with pytest.raises(RedriveError, match="SQS failed the move after 1 messages: AccessDenied"):
        aws.redrive()


def test_at_the_deadline_it_is_left_to_itself(aws: Aws) -> None:
    aws.waits(9)
    aws.begins()
    for moved in (1, 2, 3):
        aws.tells("RUNNING", moved)
    with pytest.raises(RedriveError, match="SQS is still moving, 3 messages so far"):
        aws.redrive(timeout_s=2)
