"""Queue to function: batches, partial failures, receive counts, the dead-letter queue."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from background_sync_ops.stack.mapping import failed_items
from background_sync_ops.stack.stack import LocalStack

Send = Callable[..., list[str]]
Messages = Callable[[str], list[Any]]


def waiting(stack: LocalStack, output: str = "JobsUrl") -> tuple[int, int]:
    """How many messages of a queue are visible, and how many are in flight."""
    answer = stack.client("sqs").get_queue_attributes(
        QueueUrl=stack.outputs[output],
        AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
    )
    visible, in_flight = answer["Attributes"].values()
    return int(visible), int(in_flight)


def receive_counts(stack: LocalStack) -> list[str]:
    """Receives what is visible, and so counts one receive more."""
    answer = stack.client("sqs").receive_message(
        QueueUrl=stack.outputs["JobsUrl"],
        MaxNumberOfMessages=10,
        MessageSystemAttributeNames=["ApproximateReceiveCount"],
    )
    return [message["Attributes"]["ApproximateReceiveCount"] for message in answer.get("Messages", [])]


def test_a_batch_that_succeeds_is_deleted(stack: LocalStack, send: Send) -> None:
    ids = send("succeed", "succeed")
    batch = stack.mapping.poll_once()
    assert batch is not None
    assert (sorted(batch.message_ids), batch.failed_ids) == (sorted(ids), frozenset())
    assert waiting(stack) == (0, 0)


def test_an_empty_queue_invokes_nobody(stack: LocalStack) -> None:
    assert stack.mapping.poll_once() is None


def test_a_batch_is_no_larger_than_the_template_says(stack: LocalStack, send: Send) -> None:
    send(*["succeed"] * 6)
    assert [len(batch.message_ids) for batch in stack.mapping.drain()] == [4, 2]


def test_only_reported_messages_stay(stack: LocalStack, send: Send) -> None:
    _, failing, _ = send("succeed", "fail", "succeed")
    batch = stack.mapping.poll_once()
    assert batch is not None
    assert batch.failed_ids == {failing}
    assert waiting(stack) == (0, 1)


def test_a_function_error_deletes_nothing(stack: LocalStack, send: Send) -> None:
    ids = send("succeed", "raise")
    batch = stack.mapping.poll_once()
    assert batch is not None
    assert batch.result.error_type == "RuntimeError"
    assert batch.failed_ids == set(ids)
    assert waiting(stack) == (0, 2)


def test_an_answer_about_another_message_deletes_nothing(stack: LocalStack, send: Send) -> None:
    send("succeed", "answer nonsense")
    stack.mapping.poll_once()
    assert waiting(stack) == (0, 2)


def test_a_failed_message_is_not_seen_before_its_time(stack: LocalStack, send: Send) -> None:
    send("fail")
    assert stack.mapping.poll_once() is not None
    assert stack.mapping.poll_once() is None


def test_a_message_comes_back_by_itself_when_its_time_ends(
    stack: LocalStack, send: Send, eventually: Callable[..., Any]
) -> None:
    send("succeed")
    [received] = stack.client("sqs").receive_message(QueueUrl=stack.outputs["JobsUrl"], VisibilityTimeout=1)[
        "Messages"
    ]
    batch = eventually(stack.mapping.poll_once)
    assert batch.message_ids == (received["MessageId"],)


def test_a_message_that_the_function_shows_again_comes_back_counted(stack: LocalStack, send: Send) -> None:
    send("show again at once")
    stack.mapping.poll_once()
    assert receive_counts(stack) == ["2"]


def test_visibility_that_the_function_changes_is_left_alone(stack: LocalStack, send: Send) -> None:
    send("show again at once", "fail")
    stack.mapping.poll_once()
    assert waiting(stack) == (1, 1)


def test_a_message_moves_to_the_dead_letter_queue_after_its_receives(
    stack: LocalStack, send: Send, messages: Messages
) -> None:
    send("show again at once")
    assert len(stack.mapping.drain()) == 3
    assert messages("DeadJobsUrl") == ["show again at once"]
    assert waiting(stack) == (0, 0)


def test_a_message_within_its_receives_does_not_move(
    stack: LocalStack, send: Send, messages: Messages
) -> None:
    send("show again at once")
    stack.mapping.poll_once()
    stack.mapping.poll_once()
    assert messages("DeadJobsUrl") == []
    assert waiting(stack) == (1, 0)


def test_workers_deliver_in_the_background(
    stack: LocalStack, send: Send, eventually: Callable[..., Any]
) -> None:
    stack.start_delivery()
    send(*["succeed"] * 9)
    eventually(lambda: waiting(stack) == (0, 0))


def test_a_stop_finishes_what_is_under_way(
    stack: LocalStack, send: Send, eventually: Callable[..., Any]
) -> None:
    stack.start_delivery()
    send("take a while")
    eventually(lambda: waiting(stack) == (0, 1))
    stack.stop_delivery()
    assert waiting(stack) == (0, 0)


def test_nothing_is_delivered_after_a_stop(stack: LocalStack, send: Send) -> None:
    stack.start_delivery()
    stack.stop_delivery()
    send("succeed")
    assert waiting(stack) == (1, 0)


def test_the_event_has_the_shape_of_an_sqs_event(stack: LocalStack) -> None:
    stack.client("sqs").send_message(
        QueueUrl=stack.outputs["JobsUrl"],
        MessageBody="{}",
        MessageGroupId="group",
        MessageAttributes={"colour": {"DataType": "String", "StringValue": "red"}},
    )
    [message] = stack.mapping._receive(0)
    record = stack.mapping._record(message)
    assert record["attributes"].keys() >= {
        "ApproximateReceiveCount",
        "SentTimestamp",
        "SenderId",
        "ApproximateFirstReceiveTimestamp",
        "MessageGroupId",
    }
    assert record["messageAttributes"]["colour"]["stringValue"] == "red"
    assert record["eventSource"] == "aws:sqs"
    assert record["eventSourceARN"].startswith("arn:aws:sqs:us-east-1:")
    assert set(record) == {
        "messageId",
        "receiptHandle",
        "body",
        "attributes",
        "messageAttributes",
        "md5OfBody",
        "eventSource",
        "eventSourceARN",
        "awsRegion",
    }


IDS = ("a", "b", "c")


@pytest.mark.parametrize("answer", [None, {}, {"batchItemFailures": None}, {"batchItemFailures": []}])
def test_no_failures_are_a_success(answer: Any) -> None:
    assert failed_items(IDS, json.dumps(answer).encode()) == frozenset()


def test_reported_failures_are_those_that_fail() -> None:
    assert failed_items(IDS, b'{"batchItemFailures": [{"itemIdentifier": "b"}]}') == {"b"}


@pytest.mark.parametrize(
    "answer",
    [
        b"not JSON",
        b'"text"',
        b"[1]",
        b'{"batchItemFailures": "b"}',
        b'{"batchItemFailures": [{"itemIdentifier": ""}]}',
        b'{"batchItemFailures": [{"itemIdentifier": null}]}',
        b'{"batchItemFailures": [{"itemId": "b"}]}',
        b'{"batchItemFailures": [{"itemIdentifier": "of no message"}]}',
    ],
)
def test_an_answer_that_cannot_be_read_fails_the_batch(answer: bytes) -> None:
    assert failed_items(IDS, answer) == set(IDS)
