"""Sweeps and health of workspaces that are compared with Kapso."""

import json

import pytest

from background_sync.rules.policy import HOUR_MS
from background_sync_ops.cli.times import iso
from background_sync_ops.kapso import faults as answers
from tests.integration.cli.numbers import Numbers, assert_no_secret
from tests.integration.cli.running import AT_MS, Ended, Operator

LATER = AT_MS + 200 * HOUR_MS


@pytest.fixture
def swept(numbers: Numbers, operator: Operator) -> Ended:
    """One workspace is repaired, and its webhook is off; of another one Kapso does not know the key."""
    phone_id = numbers.add("verified", verify="repair")
    numbers.webhook(phone_id, active=False)
    numbers.missed("verified", phone_id, "6281")
    numbers.unknown(phone_id, "6282")
    refused = numbers.add("deferring", verify="repair")
    numbers.server.faults.add(answers.status(401), path=f"/{refused}/")
    return operator.run("sweep", "--at", iso(LATER))


def words(ended: Ended) -> str:
    assert max(map(len, ended.stdout.splitlines())) <= 80
    assert_no_secret(ended)
    return " ".join(ended.stdout.split())


def test_what_was_compared_is_told(swept: Ended, operator: Operator) -> None:
    assert swept.returncode == 0, swept.stderr
    text = words(swept)
    assert "Kapso 2 verified: 1 repaired, 1 created 1 deferred, 1 with webhooks off" in text
    assert "Which webhooks are off: `background-sync webhooks`" in text
    text = words(operator.run("health", "--limit", "100"))
    assert "verified 2 0 1 1 webhook off" in text
    assert "deferred: unauthorized" in text
    [run] = json.loads(operator.run("health", "--workspace", "deferring", "--json").stdout)["runs"]
    assert (run["deferred"], run["deferred_why"], run["verified"]) == (1, "unauthorized", 0)


def test_of_a_workspace_that_is_not_compared_nothing_is(operator: Operator) -> None:
    assert "Compared with Kapso" not in operator.run("health", "--workspace", "acme").stdout
