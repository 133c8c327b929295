"""The event source mapping from a queue to a function, with Lambda's semantics.

A batch is received, the function invoked with it, and what succeeded deleted; what failed is left alone and
comes back when its visibility timeout ends, until the queue's redrive policy moves it to the dead-letter
queue. The mapping itself never changes a message's visibility.
"""

import json
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from background_sync_ops.stack.clients import REGION
from background_sync_ops.stack.deployment import MappingSpec
from background_sync_ops.stack.invocation import InvocationResult

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef

RECEIVE_MAX = 10  # SQS's own limit
LONG_POLL_S = 1  # how long `stop` may have to wait for an idle worker
BACK_OFF_S = 1

Record = dict[str, Any]
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Batch:
    """One delivery: the ids of the messages that the function got and that failed, and what it said."""

    message_ids: tuple[str, ...]
    failed_ids: frozenset[str]
    result: InvocationResult


class QueueMapping:
    """Delivers a queue's messages to a function: by workers from `start` to `stop`, or by `poll_once`."""

    def __init__(
        self,
        spec: MappingSpec,
        sqs: "SQSClient",
        invoke: Callable[[object], InvocationResult],
        *,
        workers: int = 2,
    ) -> None:
        """At most `workers` batches are under way at once, or fewer where the template says so."""
        self.spec = spec
        self._sqs = sqs
        self._invoke = invoke
        self._workers = min(workers, spec.max_concurrency or workers)
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    # ---------------------------------------------------------------- by hand

    def poll_once(self, wait_s: int = 0) -> Batch | None:
        """Delivers one batch and returns what came of it; None when no message is visible within `wait_s`."""
        messages = self._receive(wait_s)
        if not messages:
            return None
        result = self._invoke({"Records": [self._record(message) for message in messages]})
        ids = tuple(message["MessageId"] for message in messages)
        failed = self._failed(ids, result)
        self._delete([message for message in messages if message["MessageId"] not in failed])
        return Batch(ids, failed, result)

    def drain(self) -> list[Batch]:
        """Delivers batch after batch until no message is visible."""
        batches = []
        while batch := self.poll_once():
            batches.append(batch)
        return batches

    def _receive(self, wait_s: int) -> "list[MessageTypeDef]":
        messages: list[MessageTypeDef] = []
        while len(messages) < self.spec.batch_size:
            answer = self._sqs.receive_message(
                QueueUrl=self.spec.queue_url,
                MaxNumberOfMessages=min(self.spec.batch_size - len(messages), RECEIVE_MAX),
                WaitTimeSeconds=0 if messages else wait_s,
                MessageSystemAttributeNames=["All"],
                MessageAttributeNames=["All"],
            )
            if not answer.get("Messages"):
                break
            messages += answer["Messages"]
        return messages

    def _record(self, message: "MessageTypeDef") -> Record:
        """A message as Lambda's SQS event holds it."""
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
        for start in range(0, len(messages), RECEIVE_MAX):
            self._sqs.delete_message_batch(
                QueueUrl=self.spec.queue_url,
                Entries=[
                    {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]}
                    for number, message in enumerate(messages[start : start + RECEIVE_MAX])
                ],
            )

    # ---------------------------------------------------------------- by workers

    def start(self) -> None:
        """Begins to deliver in the background. Does nothing when it does so already."""
        if self._threads:
            return
        self._stopping.clear()
        self._threads = [
            threading.Thread(target=self._work, name=f"{self.spec.logical_id}-{number}")
            for number in range(self._workers)
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Receives no more, and returns when the batches under way have been finished."""
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
                self._stopping.wait(BACK_OFF_S)


def _attribute(value: Any) -> Record:
    names = {"StringValue": "stringValue", "BinaryValue": "binaryValue", "DataType": "dataType"}
    plain = {names[name]: part for name, part in value.items() if name in names}
    return {"stringListValues": [], "binaryListValues": [], **plain}


def failed_items(ids: tuple[str, ...], payload: bytes) -> frozenset[str]:
    """The ids that a function reports as failed (ReportBatchItemFailures).

    As Lambda reads it: nothing, null, or no failures at all is a success; an answer that cannot be read, or
    that names a message which is not of the batch, fails the whole batch.
    """
    try:
        answer = json.loads(payload or b"null") or {}
        failures = answer.get("batchItemFailures") or []
        failed = frozenset(failure["itemIdentifier"] for failure in failures)
    except (ValueError, AttributeError, KeyError, TypeError):
        return frozenset(ids)
    return failed if failed <= set(ids) else frozenset(ids)
