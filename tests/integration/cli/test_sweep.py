"""`background-sync sweep` on a running stack."""

import re

from background_sync.intake.events import Event
from background_sync.intake.messages import Received
from background_sync.messages import RUN, Message
from background_sync.rules.policy import HOUR_MS
from background_sync_ops.cli.times import iso
from background_sync_ops.kapso import faults as answers
from tests.integration.cli.kapso_numbers import KapsoNumbers, assert_no_secret
from tests.integration.cli.running import AT_MS, Operator, Result, until

BROKEN_AT = AT_MS - 4 * HOUR_MS
HELD_AT = AT_MS - 5 * HOUR_MS
VERIFIED_AT = AT_MS - 6 * HOUR_MS


def test_a_failed_run_is_reported_and_is_retried_by_sweeping_again(operator: Operator) -> None:
    at, workspace = iso(BROKEN_AT), operator.add_workspace("broken")
    key = {"workspace_id": workspace, "run_at": BROKEN_AT}
    # A run fails on every attempt while its record has this selection.
    operator.put("SyncHealthTableName", {**key, "selection": "{}"})
    result = operator.run("sweep", "--at", at)
    assert result.status == 1
    assert "1 failed" in result.stdout
    assert f"failed: {workspace} at {at}: KeyError" in result.stderr
    operator.aws.client("dynamodb").update_item(
        TableName=operator.info.outputs["SyncHealthTableName"],
        Key={"workspace_id": {"S": workspace}, "run_at": {"N": str(BROKEN_AT)}},
        UpdateExpression="REMOVE selection",
    )
    again = operator.json("sweep", "--at", at)
    assert (again["sweep"]["failed"], again["sweep"]["finished"]) == (0, True)
    assert {run["workspace_id"]: run["status"] for run in again["runs"]}[workspace] == "completed"


def test_a_sweep_that_does_not_finish_in_time_says_which_runs_are_open(operator: Operator) -> None:
    key = {"workspace_id": operator.add_workspace("held"), "run_at": HELD_AT}
    lease = {"lease_until": AT_MS + 72 * HOUR_MS, "lease_owner": "x"}
    running = {"status": "running", "attempts": 1, "time_shard": "0"}
    operator.put("SyncHealthTableName", {**key, **running, **lease})
    result = operator.run("sweep", "--at", iso(HELD_AT), "--timeout", "4s")
    assert result.status == 1
    assert "error: the sweep did not finish within 4 s: " in result.stderr
    # On a busy machine, runs of other workspaces may be open too.
    assert re.search(r"\d+ of \d+ runs are open, \d+ of them under way \([^)]*\bheld\b", result.stderr)


def test_sweep_and_health_show_what_comparing_found(numbers: KapsoNumbers, operator: Operator) -> None:
    phone_id = numbers.add("verified", verify="repair")
    numbers.webhook(phone_id, active=False)
    numbers.missed("verified", phone_id, "6281")
    numbers.unknown(phone_id, "6282")
    refused = numbers.add("deferring", verify="repair")
    numbers.server.faults.add(answers.status(401), path=f"/{refused}/")
    swept = operator.run("sweep", "--at", iso(VERIFIED_AT))
    assert swept.status == 0, swept.stderr
    assert "Kapso 2 verified: 1 repaired, 1 created 1 deferred, 1 without a working webhook" in swept.words
    assert "Which webhooks are off: `background-sync webhooks`" in swept.words
    health = operator.run("health", "--limit", "100")
    assert "verified 2 0 1 1 webhook off" in health.words
    assert "deferred: unauthorized" in health.words
    for result in (swept, health):
        assert_no_secret(result)
    [run] = operator.health("--workspace", "deferring")["runs"]
    assert (run["deferred"], run["deferred_why"], run["verified"]) == (1, "unauthorized", 0)


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


def test_dead_letters_of_the_intake_return_to_its_queue(operator: Operator) -> None:
    sqs, outputs = operator.aws.client("sqs"), operator.info.outputs
    body = Received(operator.add_workspace("heard"), [Event(message_id="m", at=AT_MS, phone="628555")]).body()
    sqs.send_message(QueueUrl=outputs["IntakeDeadLetterQueueUrl"], MessageBody=body)
    assert operator.json("redrive")["moved"] == 1
    until(lambda: "628555" in operator.run("contacts", "heard").stdout, "the contact is there")


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


def test_an_audit_fixes_index_attributes_that_are_missing_or_outdated(operator: Operator) -> None:
    workspace = operator.add_workspace("audited")
    operator.add_contact_outside_the_index(workspace, "1")
    operator.add_contact(workspace, "2", activity_at=5)
    operator.add_contact(workspace, "3")
    [found] = operator.json("audit", workspace)["audits"]
    assert (found["workspace_id"], found["status"]) == (workspace, "completed")
    assert (found["contacts_checked"], found["fixed_missing"], found["fixed_outdated"]) == (3, 1, 1)
    [again] = operator.json("audit", workspace)["audits"]
    assert (again["fixed_missing"], again["fixed_outdated"]) == (0, 0)


def test_without_a_name_every_active_workspace_is_audited(operator: Operator) -> None:
    result = operator.run("audit")
    assert result.status == 0, result.stderr
    table = result.stdout.partition("\n\n")[0]
    audited = [line.split()[0] for line in table.splitlines()[1:]]
    assert {"acme", "capped"} <= set(audited)
    assert "off" not in audited
