"""The same commands on a stack of CloudFormation's: the local engine, called as AWS is."""

from pathlib import Path

from background_sync_ops.stack.stack import STACK_NAME
from tests.integration.cli.numbers import Numbers, assert_no_secret
from tests.integration.cli.running import Operator, contact, workspace, write_snapshot

ON_AWS = ("--stack-name", STACK_NAME, "--region", "us-east-1")


def test_a_stack_is_found_by_its_name(operator: Operator, aws: dict[str, str]) -> None:
    ended = operator.run("contacts", "acme", *ON_AWS, **aws)
    assert ended.returncode == 0, ended.stderr
    assert "5 contacts" in ended.stdout


def test_a_snapshot_is_imported_into_it(operator: Operator, aws: dict[str, str], tmp_path: Path) -> None:
    data = write_snapshot(tmp_path / "data", [workspace("cloud")], [contact("cloud", 1, 0)])
    ended = operator.run("import", str(data), *ON_AWS, **aws)
    assert ended.returncode == 0, ended.stderr
    assert operator.json("contacts", "cloud")["total"] == 1


def test_its_tokens_and_kapsos_address_are_its_own(
    operator: Operator, aws: dict[str, str], numbers: Numbers
) -> None:
    numbers.webhook(numbers.add("in-the-cloud"))
    ended = operator.run("webhooks", "in-the-cloud", *ON_AWS, **aws)
    assert ended.returncode == 0, ended.stderr
    assert "1 number: 1 active." in ended.stdout
    assert_no_secret(ended)


def test_a_sweep_in_the_future_is_refused(operator: Operator, aws: dict[str, str]) -> None:
    ended = operator.run("sweep", "--at", "2100-01-01T00:00:00Z", *ON_AWS, **aws)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "--at 2100-01-01T00:00:00Z is in the future" in ended.stderr


def test_a_stack_that_is_not_there_is_one_line(operator: Operator, aws: dict[str, str]) -> None:
    ended = operator.run("health", "--stack-name", "nothing", "--region", "us-east-1", **aws)
    assert (ended.returncode, ended.stdout) == (3, "")
    assert ended.stderr == "error: there is no stack nothing in us-east-1: check its name and --region\n"


def test_no_credentials_are_one_line(operator: Operator, aws: dict[str, str]) -> None:
    nobody = {**aws, "AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "HOME": "/nowhere"}
    nobody |= {"AWS_EC2_METADATA_DISABLED": "true"}
    ended = operator.run("sweep", *ON_AWS, **nobody)
    assert (ended.returncode, ended.stdout) == (3, "")
    assert ended.stderr.startswith("error: no AWS credentials were found")
