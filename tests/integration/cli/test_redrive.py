"""`background-sync redrive` on a running stack."""

from background_sync.messages import RUN, Message
from tests.integration.cli.running import AT_MS, Operator, Result, until


def test_dead_letters_return_to_the_work_queue_and_are_processed(operator: Operator) -> None:
    workspace = operator.add_workspace("redriven")
    sqs, queue = operator.aws.client("sqs"), operator.info.outputs["DeadLetterQueueUrl"]
    for run_at in (AT_MS + 1, AT_MS + 2):
        body = Message(RUN, workspace, run_at).body()
        sqs.send_message(QueueUrl=queue, MessageBody=body, MessageGroupId=workspace)
    assert operator.json("redrive") == {"moved": 2}
    waiting = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["ApproximateNumberOfMessages"])
    assert waiting["Attributes"]["ApproximateNumberOfMessages"] == "0"
    until(lambda: len(operator.health("--workspace", workspace)["runs"]) == 2, "both runs are there")


def test_without_dead_letters_there_is_nothing_to_move(operator: Operator) -> None:
    assert operator.run("redrive") == Result(0, "The dead-letter queue is empty: nothing to move.\n", "")
