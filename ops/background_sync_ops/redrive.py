"""Moves the dead-letter queue's messages back to the work queue.

On AWS, SQS does it itself. The local engine cannot, so there each message is received, sent and only then
deleted: one that is interrupted stands in both queues, and the second copy finds its run completed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from background_sync.clock import Clock
from background_sync_ops.target import Target

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import ListMessageMoveTasksResultEntryTypeDef, MessageTypeDef

BATCH_SIZE = 10
POLL_S = 1.0


class RedriveError(Exception):
    """The messages were not all moved; the message says why, and how many were."""


@dataclass(frozen=True)
class Moved:
    """How many messages were moved so far, of how many that waited at the beginning."""

    moved: int
    waiting: int


def redrive(target: Target, timeout_s: float) -> Iterator[Moved]:
    """Move what waits now; what comes while it is done waits for the next time. Raises `RedriveError`."""
    sqs = target.client("sqs")
    source, destination = target.outputs["DeadLetterQueueUrl"], target.outputs["WorkQueueUrl"]
    waiting = _waiting(sqs, source)
    yield Moved(0, waiting)
    if waiting == 0:
        return
    if target.is_local:
        yield from _move_here(sqs, source, destination, waiting)
    else:
        yield from _move_on_aws(sqs, _arn(sqs, source), _arn(sqs, destination), target.clock, timeout_s)


def _waiting(sqs: "SQSClient", url: str) -> int:
    answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
    return int(answer["Attributes"]["ApproximateNumberOfMessages"])


def _arn(sqs: "SQSClient", url: str) -> str:
    return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


# ---------------------------------------------------------------- the local engine


def _move_here(sqs: "SQSClient", source: str, destination: str, waiting: int) -> Iterator[Moved]:
    moved = 0
    while moved < waiting:
        messages = sqs.receive_message(
            QueueUrl=source,
            MaxNumberOfMessages=min(BATCH_SIZE, waiting - moved),
            MessageSystemAttributeNames=["MessageGroupId"],
            MessageAttributeNames=["All"],
        ).get("Messages", [])
        if not messages:
            return
        for message in messages:
            _move(sqs, source, destination, message)
            moved += 1
        yield Moved(moved, waiting)


def _move(sqs: "SQSClient", source: str, destination: str, message: "MessageTypeDef") -> None:
    group = message.get("Attributes", {}).get("MessageGroupId")
    options: dict[str, Any] = {} if group is None else {"MessageGroupId": group}
    sqs.send_message(
        QueueUrl=destination,
        MessageBody=message["Body"],
        MessageAttributes=message.get("MessageAttributes", {}),
        **options,
    )
    sqs.delete_message(QueueUrl=source, ReceiptHandle=message["ReceiptHandle"])


# ---------------------------------------------------------------- AWS


def _move_on_aws(
    sqs: "SQSClient", source_arn: str, destination_arn: str, clock: Clock, timeout_s: float
) -> Iterator[Moved]:
    end = clock.now() + timeout_s * 1000
    sqs.start_message_move_task(SourceArn=source_arn, DestinationArn=destination_arn)
    while True:
        task = _latest_task(sqs, source_arn)
        moved = task.get("ApproximateNumberOfMessagesMoved", 0)
        yield Moved(moved, task.get("ApproximateNumberOfMessagesToMove", moved))
        if task["Status"] == "COMPLETED":
            return
        if task["Status"] != "RUNNING":
            reason = task.get("FailureReason", "no reason was given")
            raise RedriveError(f"SQS {task['Status'].lower()} the move after {moved} messages: {reason}")
        if clock.now() >= end:
            raise RedriveError(f"SQS is still moving, {moved} messages so far: look again later")
        clock.sleep(POLL_S)


def _latest_task(sqs: "SQSClient", source_arn: str) -> "ListMessageMoveTasksResultEntryTypeDef":
    tasks = sqs.list_message_move_tasks(SourceArn=source_arn, MaxResults=1)["Results"]
    return tasks[0] if tasks else {"Status": "RUNNING"}
