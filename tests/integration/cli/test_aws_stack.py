"""Commands on a CloudFormation stack. The local engine stands in for AWS."""

from pathlib import Path

from tests.integration.cli.kapso_numbers import KapsoNumbers, assert_no_secret
from tests.integration.cli.running import Operator, contact, error, workspace, write_snapshot


def test_a_snapshot_is_imported_into_the_stack(operator: Operator, tmp_path: Path) -> None:
    data = write_snapshot(tmp_path / "data", [workspace("cloud")], [contact("cloud", 1, 0)])
    result = operator.run_on_aws("import", str(data))
    assert result.status == 0, result.stderr
    assert operator.json("contacts", "cloud")["total"] == 1


def test_the_stacks_own_tokens_and_kapso_address_are_used(operator: Operator, numbers: KapsoNumbers) -> None:
    numbers.webhook(numbers.add("in-the-cloud"))
    result = operator.run_on_aws("webhooks", "in-the-cloud")
    assert result.status == 0, result.stderr
    assert "1 number: 1 active." in result.stdout
    assert_no_secret(result)


def test_a_sweep_in_the_future_is_refused(operator: Operator) -> None:
    result = operator.run_on_aws("sweep", "--at", "2100-01-01T00:00:00Z")
    assert (result.status, result.stdout) == (2, "")
    assert "--at 2100-01-01T00:00:00Z is in the future: the sweep would supersede" in result.stderr
    clock = operator.run_on_aws("sweep", "--at", "2100-01-01T00:00:00Z", "--advance-clock")
    assert (clock.status, clock.stdout) == (2, "")
    assert "--advance-clock is for the local stack" in clock.stderr


def test_an_unknown_stack_or_workspace_is_an_error(operator: Operator) -> None:
    assert operator.run_on_aws("health", stack_name="nothing") == error(
        "there is no stack nothing in us-east-1: check its name and --region"
    )
    assert operator.run_on_aws("logs", "unknown") == error(
        "there is no workspace unknown in stack background-sync in us-east-1"
    )


def test_missing_credentials_are_an_error(operator: Operator) -> None:
    missing = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "HOME": "/nowhere"}
    result = operator.run_on_aws("sweep", **missing, AWS_EC2_METADATA_DISABLED="true")
    assert (result.status, result.stdout) == (3, "")
    assert result.stderr.startswith("error: no AWS credentials were found")
