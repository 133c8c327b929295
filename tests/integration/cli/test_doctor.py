"""`background-sync doctor` on the local stack, and on one that is still to be deployed over a CRM's table."""

import json
import shlex
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from tests.integration.cli.running import Operator

TABLE = "crm-contacts"
SAMCONFIG = f"""
[prod.global.parameters]
stack_name = "to-come"
[prod.deploy.parameters]
parameter_overrides = ["ExistingContactsTable={TABLE}"]
"""


@pytest.fixture
def crm_table(operator: Operator) -> Iterator[str]:
    """A table with the right key and no index; the next deployment shall use it."""
    names = {"workspace_id": "HASH", "contact_id": "RANGE"}
    dynamodb = operator.aws.client("dynamodb")
    dynamodb.create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in names],
        KeySchema=[{"AttributeName": name, "KeyType": kind} for name, kind in names.items()],  # type: ignore[typeddict-item]
    )
    (operator.folder / "samconfig.toml").write_text(SAMCONFIG)
    yield TABLE
    (operator.folder / "samconfig.toml").unlink()
    dynamodb.delete_table(TableName=TABLE)


def found(operator: Operator, check: str) -> list[Any]:
    """What it says of a check of the stack to come."""
    result = operator.run_on_aws("doctor", "--json", stack_name="to-come")
    assert result.status in (0, 1, 2), result.stderr
    return [each for each in json.loads(result.stdout)["checks"] if each["check"] == check]


def apply(operator: Operator, command: str) -> None:
    words = shlex.split(command)
    options = dict(pairwise(words))
    definitions = [
        dict(pair.split("=") for pair in word.split(","))
        for word in words[words.index("--attribute-definitions") + 1 :]
    ]
    operator.aws.client("dynamodb").update_table(
        TableName=options["--table-name"],
        GlobalSecondaryIndexUpdates=json.loads(options["--global-secondary-index-updates"]),
        AttributeDefinitions=[
            {"AttributeName": each["AttributeName"], "AttributeType": each["AttributeType"]}  # type: ignore[typeddict-item]
            for each in definitions
        ],
    )


def test_the_local_stack_is_examined_and_what_only_aws_has_is_unknown(operator: Operator) -> None:
    result = operator.run("doctor")
    assert result.status in (0, 1), result.stderr
    for check in ("Account", "Lambda", "SSM", "Alarms", "Schedule"):
        assert f"{check} unknown only a stack on AWS has this" in result.words
    assert result.words.count("its keys and indexes are right") == 3
    assert "Dead letters pass nothing is wrong" in result.words


def test_a_stack_to_come_is_not_an_error_and_its_account_is_named(operator: Operator) -> None:
    [account] = found(operator, "Account")
    assert account["seen"] == "123456789012, region us-east-1; there is no such stack yet"
    assert not found(operator, "Alarms")


def test_each_missing_index_is_named_with_the_command_that_adds_it(
    operator: Operator, crm_table: str
) -> None:
    for number in (2, 1):
        lacking = found(operator, "ContactsTable")
        assert [each["state"] for each in lacking] == ["fail"] * number
        apply(operator, lacking[0]["todo"])
    [right] = found(operator, "ContactsTable")
    assert (right["state"], right["seen"]) == ("pass", f"{crm_table}: its keys and indexes are right")


def test_a_table_that_is_not_there_fails(operator: Operator, crm_table: str) -> None:
    (operator.folder / "samconfig.toml").write_text(SAMCONFIG.replace(crm_table, "nowhere"))
    [missing] = found(operator, "ContactsTable")
    assert (missing["state"], missing["seen"]) == ("fail", "nowhere is not in us-east-1")
