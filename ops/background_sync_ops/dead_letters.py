"""Dead letters that cannot be read: they come back, however often they are moved to the work queue."""

from background_sync.messages import InvalidMessage, read_message
from background_sync_ops.target import Target

LOOKED_AT = 10
"""What SQS returns at once."""


def unreadable(target: Target) -> list[str]:
    """Why messages in the dead-letter queue cannot be read, one reason each, of at most `LOOKED_AT`.

    They stay visible: whoever moves or receives them next finds them all.
    """
    answer = target.client("sqs").receive_message(
        QueueUrl=target.outputs["DeadLetterQueueUrl"], MaxNumberOfMessages=LOOKED_AT, VisibilityTimeout=0
    )
    reasons = (_reason(each["Body"], target.clock.now()) for each in answer.get("Messages", ()))
    return [reason for reason in reasons if reason]


def _reason(body: str, now: int) -> str:
    try:
        read_message(body, now)
    except InvalidMessage as error:
        return str(error)
    return ""
