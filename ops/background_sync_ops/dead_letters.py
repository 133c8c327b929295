"""Dead letters that cannot be read: they come back, however often they are moved to their queue."""

from collections.abc import Callable, Iterator

from background_sync.intake.messages import read_received
from background_sync.messages import InvalidMessage, read_message
from background_sync_ops.target import Target

LOOKED_AT = 10
"""What SQS returns at once."""


def unreadable(target: Target) -> list[tuple[str, str]]:
    """The queue and the reason for each dead letter that cannot be read, of at most `LOOKED_AT` of a queue.

    They stay visible: whoever moves or receives them next finds them all.
    """
    now = target.clock.now()
    readers: dict[str, Callable[[str], object]] = {
        "DeadLetterQueueUrl": lambda body: read_message(body, now),
        "IntakeDeadLetterQueueUrl": read_received,
    }
    queues = [(target.outputs[name], read) for name, read in readers.items() if name in target.outputs]
    return [(url, reason) for url, read in queues for reason in _reasons(target, url, read)]


def _reasons(target: Target, url: str, read: Callable[[str], object]) -> Iterator[str]:
    answer = target.client("sqs").receive_message(
        QueueUrl=url, MaxNumberOfMessages=LOOKED_AT, VisibilityTimeout=0
    )
    for each in answer.get("Messages", ()):
        try:
            read(each["Body"])
        except InvalidMessage as error:
            yield str(error)
