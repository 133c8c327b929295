"""Moves the dead-letter queues' messages back to the queues that they came from.

On AWS, SQS moves them itself. The local engine cannot, so each message is received, sent and only then
deleted. If that is interrupted, a message is in both queues, and the second copy finds its run completed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from background_sync.clock import Clock
from background_sync_ops.errors import CommandError

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import ListMessageMoveTasksResultEntryTypeDef, MessageTypeDef

    from background_sync_ops.target import Target

BATCH_SIZE = 10
MAX_TASKS = 10
"""SQS lists the newest ten at most."""
POLL_S = 1.0
QUEUES = (("DeadLetterQueueUrl", "WorkQueueUrl"), ("IntakeDeadLetterQueueUrl", "IntakeQueueUrl"))
"""The stack's outputs; the second pair only with the intake."""


class RedriveError(CommandError):
    """SQS did not move all messages."""


@dataclass(frozen=True)
class RedriveProgress:
    """How many messages were moved so far, of those that were waiting at the start."""

    moved: int
    waiting: int


def redrive(target: "Target", timeout_s: float) -> Iterator[RedriveProgress]:
    """Move the messages that are waiting now, not those that arrive later. Raises `RedriveError`."""
    done = last = RedriveProgress(0, 0)
    for source, destination in QUEUES:
        if source in target.outputs:
            for last in _redrive(target, target.outputs[source], target.outputs[destination], timeout_s):
                yield RedriveProgress(done.moved + last.moved, done.waiting + last.waiting)
            done = RedriveProgress(done.moved + last.moved, done.waiting + last.waiting)


def _redrive(target: "Target", source: str, destination: str, timeout_s: float) -> Iterator[RedriveProgress]:
    sqs = target.client("sqs")
    number = waiting(sqs, source)
    yield RedriveProgress(0, number)
    if number == 0:
        return
    if target.is_local:
        yield from _move_one_by_one(sqs, source, destination, number)
    else:
        yield from _move_on_aws(sqs, _arn(sqs, source), _arn(sqs, destination), target.clock, timeout_s)


def waiting(sqs: "SQSClient", url: str) -> int:
    """How many messages wait in a queue, about."""
    answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
    return int(answer["Attributes"]["ApproximateNumberOfMessages"])


def _arn(sqs: "SQSClient", url: str) -> str:
    return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


def _move_one_by_one(
    sqs: "SQSClient", source: str, destination: str, waiting: int
) -> Iterator[RedriveProgress]:
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
        yield RedriveProgress(moved, waiting)


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


def _move_on_aws(
    sqs: "SQSClient", source_arn: str, destination_arn: str, clock: Clock, timeout_s: float
) -> Iterator[RedriveProgress]:
    end = clock.now() + timeout_s * 1000
    before = max((each["StartedTimestamp"] for each in _tasks(sqs, source_arn)), default=0)
    handle = sqs.start_message_move_task(SourceArn=source_arn, DestinationArn=destination_arn)["TaskHandle"]
    while True:
        task = _started_task(sqs, source_arn, handle, before)
        moved = task.get("ApproximateNumberOfMessagesMoved", 0)
        yield RedriveProgress(moved, task.get("ApproximateNumberOfMessagesToMove", moved))
        if task["Status"] == "COMPLETED":
            return
        if task["Status"] != "RUNNING":
            reason = task.get("FailureReason", "no reason was given")
            raise RedriveError(f"SQS {task['Status'].lower()} the move after {moved} messages: {reason}")
        if clock.now() >= end:
            raise RedriveError(f"SQS is still moving, {moved} messages so far: look again later")
        clock.sleep(POLL_S)


def _started_task(
    sqs: "SQSClient", source_arn: str, handle: str, before: int
) -> "ListMessageMoveTasksResultEntryTypeDef":
    """The task with this handle; SQS leaves the handle out once a task has ended.

    A queue has one running task at most. So of those that began after `before`, ours is the first.
    """
    begun = [each for each in _tasks(sqs, source_arn) if each["StartedTimestamp"] > before]
    ours = [each for each in begun if each.get("TaskHandle", handle) == handle]
    return min(ours, key=lambda each: each["StartedTimestamp"]) if ours else {"Status": "RUNNING"}


def _tasks(sqs: "SQSClient", source_arn: str) -> list["ListMessageMoveTasksResultEntryTypeDef"]:
    return sqs.list_message_move_tasks(SourceArn=source_arn, MaxResults=MAX_TASKS)["Results"]
