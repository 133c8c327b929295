"""Queue to function: batches, partial failures, visibility, receive counts, the dead-letter queue."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from background_sync_ops.stack.mapping import QueueMapping, failed_items
from background_sync_ops.stack.sandbox import InvocationResult
from background_sync_ops.stack.stack import LocalStack
from tests.integration.stack.conftest import Eventually, Messages, Send


def waiting(stack: LocalStack) -> tuple[int, int]:
    """How many messages of the Jobs queue are visible, and how many are in flight."""
    answer = stack.client("sqs").get_queue_attributes(
        QueueUrl=stack.outputs["JobsUrl"],
        AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
    )
    visible, in_flight = answer["Attributes"].values()
    return int(visible), int(in_flight)


def test_a_batch_has_the_templates_size_and_is_deleted_on_success(stack: LocalStack, send: Send) -> None:
    ids = send(*["succeed"] * 6)
    batches = list(stack.mapping.drain())
    assert [len(batch.message_ids) for batch in batches] == [4, 2]
    assert {each for batch in batches for each in batch.message_ids} == {*ids}
    assert waiting(stack) == (0, 0)


def test_only_messages_reported_as_failed_stay_invisible(stack: LocalStack, send: Send) -> None:
    _, failing, _ = send("succeed", "fail", "succeed")
    batch = stack.mapping.poll_once()
    assert batch is not None
    assert batch.failed_ids == {failing}
    assert waiting(stack) == (0, 1)
    assert stack.mapping.poll_once() is None


def test_after_its_last_receive_it_is_dead(stack: LocalStack, send: Send, messages: Messages) -> None:
    send("make visible")
    stack.mapping.poll_once()
    stack.mapping.poll_once()
    assert (messages("DeadJobsUrl"), waiting(stack)) == ([], (1, 0))
    assert len(stack.mapping.drain()) == 1
    assert (messages("DeadJobsUrl"), waiting(stack)) == (["make visible"], (0, 0))


def test_a_stop_finishes_the_batch_in_progress_and_delivers_no_more(
    stack: LocalStack, send: Send, eventually: Eventually, tmp_path: Path
) -> None:
    stack.start_delivery()
    send(*["succeed"] * 9)
    eventually(lambda: waiting(stack) == (0, 0))
    may_end = tmp_path / "may end"
    send({"wait for": str(may_end)})
    eventually(lambda: waiting(stack) == (0, 1))
    with ThreadPoolExecutor(1) as thread:
        stopping = thread.submit(stack.stop_delivery)
        may_end.touch()
        stopping.result()
    assert waiting(stack) == (0, 0)
    send("succeed")
    assert waiting(stack) == (1, 0)


def test_the_event_has_the_shape_of_an_sqs_event(stack: LocalStack) -> None:
    stack.client("sqs").send_message(
        QueueUrl=stack.outputs["JobsUrl"],
        MessageBody="{}",
        MessageGroupId="group",
        MessageAttributes={"colour": {"DataType": "String", "StringValue": "red"}},
    )
    events: list[Any] = []

    def invoke(event: object) -> InvocationResult:
        events.append(event)
        return InvocationResult("request", b"null")

    QueueMapping(stack.mapping.spec, stack.client("sqs"), invoke).poll_once()
    [record] = events[0]["Records"]
    attributes = {"ApproximateReceiveCount", "SentTimestamp", "SenderId", "ApproximateFirstReceiveTimestamp"}
    assert record["attributes"].keys() >= attributes | {"MessageGroupId"}
    assert record["messageAttributes"]["colour"]["stringValue"] == "red"
    assert record["eventSource"] == "aws:sqs"
    assert record["eventSourceARN"].startswith("arn:aws:sqs:us-east-1:")
    message = {"messageId", "receiptHandle", "body", "attributes", "messageAttributes", "md5OfBody"}
    assert set(record) == message | {"eventSource", "eventSourceARN", "awsRegion"}


IDS = ("a", "b", "c")


@pytest.mark.parametrize(
    ("answer", "failed"),
    [
        *((answer, set()) for answer in (b"null", b"{}", b'{"batchItemFailures": null}')),
        (b'{"batchItemFailures": []}', set()),
        (b'{"batchItemFailures": [{"itemIdentifier": "b"}]}', {"b"}),
        *((answer, set(IDS)) for answer in (b"not JSON", b'"text"', b"[1]", b'{"batchItemFailures": "b"}')),
        (b'{"batchItemFailures": [{"itemIdentifier": ""}]}', set(IDS)),
        (b'{"batchItemFailures": [{"itemIdentifier": null}]}', set(IDS)),
        (b'{"batchItemFailures": [{"itemId": "b"}]}', set(IDS)),
        (b'{"batchItemFailures": [{"itemIdentifier": "of no message"}]}', set(IDS)),
    ],
)
def test_a_report_names_failed_messages_an_invalid_one_fails_all(answer: bytes, failed: set[str]) -> None:
    assert failed_items(IDS, answer) == failed
