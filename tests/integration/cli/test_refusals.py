"""What commands refuse to do on a running stack: one line, and nothing else."""

import pytest

from background_sync.rules.policy import DAY_MS
from background_sync_ops.cli.times import iso
from tests.integration.cli.running import AT_MS, Operator, error

SINCE = ("--since", iso(AT_MS - 20 * DAY_MS))
TOO_LONG = ("--since", iso(AT_MS - 31 * DAY_MS), "--until", iso(AT_MS))


@pytest.mark.parametrize(
    "arguments",
    [
        ("contacts", "unknown"),
        ("health", "--workspace", "unknown"),
        ("logs", "unknown"),
        ("audit", "unknown"),
        ("webhooks", "unknown"),
        ("backfill", "unknown", *SINCE),
    ],
    ids=lambda arguments: arguments[0],
)
def test_an_unknown_workspace_is_an_error(operator: Operator, arguments: tuple[str, ...]) -> None:
    assert operator.run(*arguments) == error("there is no workspace unknown in the local stack")


@pytest.mark.parametrize("arguments", [("webhooks", "off"), ("backfill", "off", *SINCE)])
def test_a_workspace_that_is_not_active_is_an_error(operator: Operator, arguments: tuple[str, ...]) -> None:
    assert operator.run(*arguments) == error("workspace off is not active: it has no kapso_token_parameter")


@pytest.mark.parametrize("options", [(), ("--watch",)])
def test_health_prints_the_apis_refusal_of_a_workspace(operator: Operator, options: tuple[str, ...]) -> None:
    result = operator.run("health", *options, "--workspace", "#sweep")
    assert result == error("--workspace must not begin with #", 2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("backfill", "acme", *TOO_LONG), "is more than 30 d: backfill it in parts"),
        (("backfill", "acme", "--since", iso(AT_MS - 40 * DAY_MS)), "is more than 30 d"),
        (("backfill", "acme", *SINCE, "--until", iso(AT_MS + 9 * DAY_MS)), "is in the future"),
        (("logs", "acme", "--since", iso(AT_MS + 999 * DAY_MS)), "is in the future"),
        (("sweep", "--at", iso(AT_MS + 999 * DAY_MS)), "add --advance-clock to move its clock there"),
        (("sweep", "--at", "2019-12-31T23:59:59Z"), "is before 2020-01-01T00:00:00Z"),
        (("sweep", "--advance-clock"), "needs --at"),
    ],
)
def test_a_time_out_of_range_is_refused(operator: Operator, arguments: tuple[str, ...], message: str) -> None:
    result = operator.run(*arguments)
    assert (result.status, result.stdout) == (2, "")
    assert message in result.stderr


def test_a_second_stack_in_the_same_folder_is_refused(operator: Operator) -> None:
    result = operator.run("up", "--once")
    assert (result.status, result.stdout) == (3, "")
    assert f"process {operator.info.pid} is already running a stack" in result.stderr
    assert "--state-dir" in result.stderr
