"""`background-sync sweep WORKSPACE…`: these workspaces alone, and what their runs would come to."""

from collections.abc import Iterator
from threading import Event

import pytest

from background_sync.rules.policy import HOUR_MS
from background_sync_ops.cli.times import iso
from background_sync_ops.kapso import faults as answers
from tests.integration.cli.kapso_numbers import KEY, KapsoNumbers, assert_no_secret
from tests.integration.cli.running import AT_MS, Operator, error

TABLES = ("WorkspacesTableName", "ContactsTableName", "SyncHealthTableName")
READING = {"GET", "HEAD"}


@pytest.fixture
def drifted(numbers: KapsoNumbers, operator: Operator) -> Iterator[str]:
    """A workspace of which webhooks were missed, and with a quiet contact that nothing was compared of."""
    phone_id = numbers.add("drifted", verify="repair")
    numbers.webhook(phone_id)
    numbers.missed("drifted", phone_id, "6281")
    numbers.unknown(phone_id, "6282")
    operator.add_contact(
        "drifted", "6283", last_activity_at=AT_MS - 60 * HOUR_MS, activity_at=AT_MS - 60 * HOUR_MS
    )
    yield "drifted"
    for contact_id in ("6281", "6282", "6283"):
        key = {"workspace_id": {"S": "drifted"}, "contact_id": {"S": contact_id}}
        operator.aws.client("dynamodb").delete_item(
            TableName=operator.info.outputs["ContactsTableName"], Key=key
        )


def stored(operator: Operator) -> dict[str, list[str]]:
    """Everything in the tables."""
    pages = operator.aws.client("dynamodb").get_paginator("scan").paginate
    found = {name: pages(TableName=operator.info.outputs[name]) for name in TABLES}
    return {name: sorted(str(item) for page in found[name] for item in page["Items"]) for name in TABLES}


def flagged_and_fixed(operator: Operator, workspace: str, run_at: int) -> dict[str, list[str]]:
    stamps = {"flagged": "flagged_at", "repaired": "repaired_at", "created": "created_by_run"}
    key = {":id": {"S": workspace}}
    answer = operator.aws.client("dynamodb").query(
        TableName=operator.info.outputs["ContactsTableName"],
        KeyConditionExpression="workspace_id = :id",
        ExpressionAttributeValues=key,
    )
    is_stamped = {"N": str(run_at)}
    return {
        name: [item["contact_id"]["S"] for item in answer["Items"] if item.get(stamp) == is_stamped]
        for name, stamp in stamps.items()
    }


def test_a_dry_run_writes_nothing_and_the_sweep_then_does_just_that(
    operator: Operator, numbers: KapsoNumbers, drifted: str
) -> None:
    before = stored(operator)
    dry = operator.json("sweep", drifted, "--dry-run")
    [would] = dry["runs"]
    assert stored(operator) == before
    assert {each.method for each in numbers.server.requests} <= READING
    assert would["contacts"]["created"] == ["6282"]
    assert [len(would["contacts"][name]) for name in ("flagged", "repaired")] == [1, 1]
    swept = operator.json("sweep", drifted)
    [run] = swept["runs"]
    # Between the two runs a contact may become stale, but no other count can change.
    assert {name: run[name] for name in ("flagged", "repaired", "created", "webhook")} == {
        name: would[name] for name in ("flagged", "repaired", "created", "webhook")
    }
    done = flagged_and_fixed(operator, drifted, swept["run_at"])
    would["contacts"]["repaired"] += would["contacts"]["created"]  # a new contact has both stamps
    assert done == {name: would["contacts"][name] for name in done}


def test_people_see_what_a_dry_run_found(operator: Operator, drifted: str) -> None:
    result = operator.run("sweep", drifted, "--dry-run")
    assert (result.status, result.stderr) == (0, "")
    assert "Dry run drifted: nothing was written" in result.words
    assert "would be repaired 1: 6281" in result.words
    assert "would be created 1: 6282" in result.words
    assert_no_secret(result)


def test_a_dry_run_whose_key_kapso_refuses_says_so(
    operator: Operator, numbers: KapsoNumbers, drifted: str
) -> None:
    numbers.server.faults.add(answers.status(401))
    [run] = operator.json("sweep", drifted, "--dry-run")["runs"]
    assert (run["deferred_why"], run["contacts"]["flagged"], run["flagged"]) == ("unauthorized", [], 0)
    assert KEY not in str(run)


def test_a_sweep_of_some_checks_these_alone_and_is_no_sweep_for_anybody_else(operator: Operator) -> None:
    sweeps = operator.health()["sweeps"]
    for name in ("alone", "alone-too", "other"):
        operator.add_contact(operator.add_workspace(name), "1")
    swept = operator.json("sweep", "alone", "alone-too", "alone")
    assert {run["workspace_id"]: (run["status"], run["flagged"]) for run in swept["runs"]} == {
        "alone": ("completed", 1),
        "alone-too": ("completed", 1),
    }
    assert operator.health()["sweeps"] == sweeps
    [run] = operator.health("--workspace", "alone")["runs"]
    assert (run["run_at"], run["flagged"]) == (swept["run_at"], 1)
    assert operator.health("--workspace", "other")["runs"] == []
    result = operator.run("sweep", "alone")
    assert (result.status, "alone completed 1 1 0 1 in cooldown" in result.words) == (0, True)


@pytest.mark.parametrize("more", [(), ("--dry-run",)])
def test_an_unknown_or_inactive_workspace_is_named_and_nothing_is_sent(
    operator: Operator, more: tuple[str, ...]
) -> None:
    operator.add_workspace("named")
    missing = error("there is no workspace nobody in the local stack")
    assert operator.run("sweep", "named", "nobody", *more) == missing
    inactive = error("workspace off is not active: it has no kapso_token_parameter")
    assert operator.run("sweep", "named", "off", *more) == inactive
    assert operator.health("--workspace", "named")["runs"] == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("acme", "--at", iso(AT_MS)), "--at and --advance-clock are for a sweep of every workspace"),
        (("--dry-run",), "--dry-run needs the workspaces"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    operator: Operator, arguments: tuple[str, ...], message: str
) -> None:
    assert operator.run("sweep", *arguments) == error(message, 2)


def test_a_sweep_of_some_that_does_not_finish_in_time_says_which(
    operator: Operator, numbers: KapsoNumbers
) -> None:
    phone_id, released = numbers.add("held", verify="report"), Event()
    numbers.server.faults.add(answers.slow(released.wait), path=f"/{phone_id}/")
    result = operator.run("sweep", "held", "--timeout", "1s")
    released.set()
    assert result.status == 1
    assert "error: not finished within 1 s, and continues: held; " in result.stderr
