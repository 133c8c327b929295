"""`background-sync redrive` and `audit` on a running stack."""

from background_sync.messages import RUN, Message
from tests.integration.cli.running import AT_MS, Operator, until


def test_dead_letters_go_back_and_are_worked_on(operator: Operator) -> None:
    workspace = operator.add_workspace("redriven")
    queue = operator.info.outputs["DeadLetterQueueUrl"]
    for run_at in (AT_MS + 1, AT_MS + 2):
        body = Message(RUN, workspace, run_at).body()
        operator.aws.client("sqs").send_message(QueueUrl=queue, MessageBody=body, MessageGroupId=workspace)
    assert operator.json("redrive") == {"moved": 2}
    assert operator.messages("DeadLetterQueueUrl") == 0
    runs = ("health", "--workspace", workspace)
    until(lambda: len(operator.json(*runs)["runs"]) == 2, "both runs are there")


def test_without_dead_letters_there_is_nothing_to_move(operator: Operator) -> None:
    ended = operator.run("redrive")
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout == "The dead-letter queue is empty: nothing to move.\n"


def test_an_audit_mends_what_the_index_does_not_show(operator: Operator) -> None:
    workspace = operator.add_workspace("audited")
    operator.put(
        "ContactsTableName", {"workspace_id": workspace, "contact_id": "1", "last_activity_at": AT_MS}
    )
    operator.add_contact(workspace, "2", activity_at=5)
    operator.add_contact(workspace, "3")
    [found] = operator.json("audit", workspace)["audits"]
    assert (found["workspace_id"], found["status"]) == (workspace, "completed")
    assert (found["contacts_checked"], found["fixed_missing"], found["fixed_outdated"]) == (3, 1, 1)
    [again] = operator.json("audit", workspace)["audits"]
    assert (again["fixed_missing"], again["fixed_outdated"]) == (0, 0)


def test_without_a_name_every_active_workspace_is_audited(operator: Operator) -> None:
    ended = operator.run("audit")
    assert ended.returncode == 0, ended.stderr
    table = ended.stdout.partition("\n\n")[0]
    audited = [line.split()[0] for line in table.splitlines()[1:]]
    assert {"acme", "capped"} <= set(audited)
    assert "off" not in audited
    assert max(map(len, ended.stdout.splitlines())) <= 80


def test_a_workspace_that_is_not_there_cannot_be_audited(operator: Operator) -> None:
    ended = operator.run("audit", "nobody")
    assert ended.returncode == 3
    assert ended.stderr == "error: there is no workspace nobody in the local stack\n"
