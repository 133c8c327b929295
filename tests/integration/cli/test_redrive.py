"""`background-sync redrive` on a running stack."""

from background_sync.messages import RUN, Message
from tests.integration.cli.running import AT_MS, Operator, Result, until


def test_dead_letters_return_to_the_work_queue_and_are_processed(operator: Operator) -> None:
    workspace = operator.add_workspace("redriven")
    sqs, queue = operator.aws.client("sqs"), operator.info.outputs["DeadLetterQueueUrl"]
    for run_at in (AT_MS + 1, AT_MS + 2):
        body = Message(RUN, workspace, run_at).body()
        sqs.send_message(QueueUrl=queue, MessageBody=body, MessageGroupId=workspace)
    assert operator.json("redrive") == {"moved": 2, "unreadable": [], "dead_letter_queue_url": queue}
    waiting = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["ApproximateNumberOfMessages"])
    assert waiting["Attributes"]["ApproximateNumberOfMessages"] == "0"
    until(lambda: len(operator.health("--workspace", workspace)["runs"]) == 2, "both runs are there")


def test_without_dead_letters_there_is_nothing_to_move(operator: Operator) -> None:
    assert operator.run("redrive") == Result(0, "The dead-letter queue is empty: nothing to move.\n", "")


def test_a_dead_letter_that_cannot_be_read_is_reported_with_the_command_that_removes_it(
    operator: Operator,
) -> None:
    sqs, queue = operator.aws.client("sqs"), operator.info.outputs["DeadLetterQueueUrl"]
    sqs.send_message(QueueUrl=queue, MessageBody="{}")
    result = operator.run("redrive")
    assert result.status == 0
    assert "Moved 1 message " in result.stdout
    assert "1 of them cannot be read, and will come back: version is None, expected 1" in result.words
    purge = f"aws sqs purge-queue --queue-url {queue} --endpoint-url {operator.info.endpoint_url}"
    assert result.stdout.endswith(f"{purge}\n")
    until(lambda: operator.health()["dead_letters"] == 1, "it is back")
    sqs.purge_queue(QueueUrl=queue)
