"""The queues: of work, and of what the intake received."""

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final, Protocol

from background_sync.aws import LazyClient
from background_sync.clock import Clock, attempts
from background_sync.rules.values import stable_hash

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.literals import QueueAttributeNameType
    from mypy_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef

BATCH_SIZE = 10
MAX_TRIES = 6
PAUSE_S = 0.2
MAX_VISIBILITY_S = 43_200
WAITING: Final = "ApproximateNumberOfMessages"
IN_WORK: Final = "ApproximateNumberOfMessagesNotVisible"
_GROUP_ID = re.compile(r"[A-Za-z0-9!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~]{1,128}")
"""What SQS accepts as a group id."""


class Message(Protocol):
    """What a queue carries: work on one workspace, as JSON."""

    @property
    def workspace_id(self) -> str: ...

    def body(self) -> str:
        """The message as JSON."""


class NotSent(RuntimeError):
    """SQS did not accept some messages on any attempt."""


class WorkQueue:
    """Sends messages, returns received ones to the queue, and counts what waits."""

    def __init__(
        self,
        url: str,
        clock: Clock,
        client: "SQSClient | None" = None,
        dead_letter_url: str | None = None,
    ) -> None:
        self.url = url
        self._dead_letter_url = dead_letter_url
        self._clock = clock
        self._client: Any = client or LazyClient("sqs")

    def send(self, messages: Sequence[Message], *, delay_s: int = 0) -> None:
        """Send all messages, ten in a request; those that SQS reports as failed are sent again.

        They become visible after `delay_s` seconds.

        Raises:
            NotSent: some were not accepted. Messages before them may have been sent.
        """
        for batch in _batches(messages):
            self._send_batch([_entry(number, each, delay_s) for number, each in enumerate(batch)])

    def _send_batch(self, batch: "Sequence[SendMessageBatchRequestEntryTypeDef]") -> None:
        waiting = list(batch)
        for _ in attempts(self._clock, MAX_TRIES, PAUSE_S):
            answer = self._client.send_message_batch(QueueUrl=self.url, Entries=waiting)
            failed = {each["Id"]: each for each in answer.get("Failed", [])}
            waiting = [entry for entry in waiting if entry["Id"] in failed]
            if not waiting:
                return
        codes = sorted({failed[entry["Id"]]["Code"] for entry in waiting})
        raise NotSent(f"{len(waiting)} of {len(batch)} messages were not accepted: {', '.join(codes)}")

    def send_to_dead_letters(self, body: str) -> None:
        """Send a message that can never be read to the dead-letter queue, without ten receives first."""
        self._client.send_message(QueueUrl=self._dead_letter_url or "", MessageBody=body)

    def hide(self, receipt_handle: str, seconds: int) -> None:
        """Make a received message visible again after `seconds`."""
        self._client.change_message_visibility(
            QueueUrl=self.url,
            ReceiptHandle=receipt_handle,
            VisibilityTimeout=max(0, min(seconds, MAX_VISIBILITY_S)),
        )

    def is_empty(self) -> bool:
        """Whether no message waits or is in flight, by SQS's approximate counts.

        Delayed messages do not count: the runs and backfills that they continue have a record.
        """
        return not any(self._count(self.url, name) for name in (WAITING, IN_WORK))

    def depth(self, url: str | None = None) -> int:
        """How many messages wait in this queue, or in the one at `url`."""
        return self._count(url or self.url, WAITING)

    def _count(self, url: str, name: "QueueAttributeNameType") -> int:
        answer = self._client.get_queue_attributes(QueueUrl=url, AttributeNames=[name])
        return int(answer["Attributes"][name])


def _batches(messages: Sequence[Message]) -> Iterator[Sequence[Message]]:
    for start in range(0, len(messages), BATCH_SIZE):
        yield messages[start : start + BATCH_SIZE]


def _entry(number: int, message: Message, delay_s: int) -> "SendMessageBatchRequestEntryTypeDef":
    return {
        "Id": str(number),
        "MessageBody": message.body(),
        "MessageGroupId": group_id(message.workspace_id),
        "DelaySeconds": delay_s,
    }


def group_id(workspace_id: str) -> str:
    """The tenant of a fair queue: the workspace id, or its hash if SQS does not accept the id."""
    return workspace_id if _GROUP_ID.fullmatch(workspace_id) else f"hash-{stable_hash(workspace_id)}"
