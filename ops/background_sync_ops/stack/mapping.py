"""The event source mapping from a queue to a function, with Lambda's semantics.

It receives a batch, invokes the function with it and deletes the messages that succeeded. Failed messages
stay. They become visible again when their visibility timeout ends, until the queue's redrive policy moves
them to the dead-letter queue. The mapping itself never changes a message's visibility.
"""

import json
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from background_sync_ops.stack.clients import REGION
from background_sync_ops.stack.deployment import MappingSpec
from background_sync_ops.stack.sandbox import InvocationResult

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef

# Batches in progress at once, unless the template allows fewer.
WORKERS = 2
# The limit of SQS for one request.
MAX_MESSAGES = 10
# `stop` may have to wait this long for an idle worker.
LONG_POLL_S = 1
PAUSE_AFTER_ERROR_S = 1

Record = dict[str, Any]
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Batch:
    """One delivery: the ids of its messages and of those that failed, and the function's result."""

    message_ids: tuple[str, ...]
    failed_ids: frozenset[str]
    result: InvocationResult


class QueueMapping:
    """Delivers a queue's messages to a function: by `poll_once`, or in the background after `start`."""

    def __init__(
        self, spec: MappingSpec, sqs: "SQSClient", invoke: Callable[[object], InvocationResult]
    ) -> None:
        self.spec = spec
        self._sqs = sqs
        self._invoke = invoke
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    def poll_once(self, wait_s: int = 0) -> Batch | None:
        """Delivers one batch; None when no message becomes visible within `wait_s`."""
        messages = self._receive(wait_s)
        if not messages:
            return None
        result = self._invoke({"Records": [self._record(message) for message in messages]})
        ids = tuple(message["MessageId"] for message in messages)
        failed = self._failed(ids, result)
        self._delete([message for message in messages if message["MessageId"] not in failed])
        return Batch(ids, failed, result)

    def drain(self) -> list[Batch]:
        """Delivers batches until no message is visible."""
        batches = []
        while batch := self.poll_once():
            batches.append(batch)
        return batches

    def _receive(self, wait_s: int) -> "list[MessageTypeDef]":
        messages: list[MessageTypeDef] = []
        while len(messages) < self.spec.batch_size:
            answer = self._sqs.receive_message(
                QueueUrl=self.spec.queue_url,
                MaxNumberOfMessages=min(self.spec.batch_size - len(messages), MAX_MESSAGES),
                WaitTimeSeconds=0 if messages else wait_s,
                MessageSystemAttributeNames=["All"],
                MessageAttributeNames=["All"],
            )
            if not answer.get("Messages"):
                break
            messages += answer["Messages"]
        return messages

    def _record(self, message: "MessageTypeDef") -> Record:
        """A message as it appears in Lambda's SQS event."""
        return {
            "messageId": message["MessageId"],
            "receiptHandle": message["ReceiptHandle"],
            "body": message["Body"],
            "attributes": message["Attributes"],
            "messageAttributes": {
                name: _attribute(value) for name, value in message.get("MessageAttributes", {}).items()
            },
            "md5OfBody": message["MD5OfBody"],
            "eventSource": "aws:sqs",
            "eventSourceARN": self.spec.queue_arn,
            "awsRegion": REGION,
        }

    def _failed(self, ids: tuple[str, ...], result: InvocationResult) -> frozenset[str]:
        if result.function_error:
            return frozenset(ids)
        return failed_items(ids, result.payload) if self.spec.reports_item_failures else frozenset()

    def _delete(self, messages: "list[MessageTypeDef]") -> None:
        for start in range(0, len(messages), MAX_MESSAGES):
            self._sqs.delete_message_batch(
                QueueUrl=self.spec.queue_url,
                Entries=[
                    {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]}
                    for number, message in enumerate(messages[start : start + MAX_MESSAGES])
                ],
            )

    # ---------------------------------------------------------------- in the background

    def start(self) -> None:
        """Does nothing when delivery has started already."""
        if self._threads:
            return
        self._stopping.clear()
        self._threads = [
            threading.Thread(target=self._work, name=f"{self.spec.logical_id}-{number}")
            for number in range(min(WORKERS, self.spec.max_concurrency or WORKERS))
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Receives no more messages, and returns when the batches in progress are finished."""
        self._stopping.set()
        for thread in self._threads:
            thread.join()
        self._threads = []

    def _work(self) -> None:
        while not self._stopping.is_set():
            try:
                self.poll_once(LONG_POLL_S)
            except Exception:
                log.exception("%s: a batch was not delivered", self.spec.logical_id)
                self._stopping.wait(PAUSE_AFTER_ERROR_S)


def _attribute(value: Any) -> Record:
    names = {"StringValue": "stringValue", "BinaryValue": "binaryValue", "DataType": "dataType"}
    given = {names[name]: part for name, part in value.items() if name in names}
    return {"stringListValues": [], "binaryListValues": [], **given}


def failed_items(ids: tuple[str, ...], payload: bytes) -> frozenset[str]:
    """The ids that a function reports as failed (ReportBatchItemFailures).

    As on Lambda, an empty answer, null or an empty list of failures is a success. An invalid answer, or one
    that names a message outside the batch, fails the whole batch.
    """
    try:
        answer = json.loads(payload or b"null") or {}
        failures = answer.get("batchItemFailures") or []
        failed = frozenset(failure["itemIdentifier"] for failure in failures)
    except (ValueError, AttributeError, KeyError, TypeError):
        return frozenset(ids)
    return failed if failed <= set(ids) else frozenset(ids)
