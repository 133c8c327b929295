"""Sweeps and health of workspaces that are compared with Kapso."""

from background_sync.rules.policy import HOUR_MS
from background_sync_ops.cli.times import iso
from background_sync_ops.kapso import faults as answers
from tests.integration.cli.numbers import Numbers, assert_no_secret
from tests.integration.cli.running import AT_MS, Operator

LATER = AT_MS + 200 * HOUR_MS


def several(numbers: Numbers) -> None:
    """One workspace that is repaired, whose webhook is off; one that Kapso does not answer."""
    phone_id = numbers.add("verified", verify="repair")
    numbers.webhook(phone_id, active=False)
    numbers.missed("verified", phone_id, "6281")
    numbers.unknown(phone_id, "6282")
    refused = numbers.add("deferring", verify="repair")
    numbers.server.faults.add(answers.status(401), path=f"/{refused}/")


def test_what_a_sweep_compared_is_told(numbers: Numbers, operator: Operator) -> None:
    several(numbers)
    ended = operator.run("sweep", "--at", iso(LATER))
    assert ended.returncode == 0, ended.stderr
    text = " ".join(ended.stdout.split())
    assert "Kapso 2 verified: 1 repaired, 1 created 1 deferred, 1 with webhooks off" in text
    assert "`background-sync webhooks`" in text
    assert max(map(len, ended.stdout.splitlines())) <= 80
    assert_no_secret(ended)
    shown = operator.run("health", "--limit", "100")
    text = " ".join(shown.stdout.split())
    assert "Compared with Kapso" in text
    assert "verified 2 0 1 1 webhook off" in text
    assert "deferred: unauthorized" in text
    assert max(map(len, shown.stdout.splitlines())) <= 80
    [run] = operator.json("health", "--workspace", "deferring")["runs"]
    assert (run["deferred"], run["deferred_why"], run["verified"]) == (1, "unauthorized", 0)
    assert_no_secret(shown)


def test_a_workspace_that_is_not_compared_shows_nothing_of_it(operator: Operator) -> None:
    assert "Compared with Kapso" not in operator.run("health", "--workspace", "acme").stdout
