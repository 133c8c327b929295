"""`background-sync dashboard`: the address, and a browser at it where that is asked for."""

import json
from collections.abc import Iterator

import pytest

from background_sync_ops.stack.stack import STACK_NAME
from background_sync_ops.target import NEEDED_OUTPUTS
from tests.integration.cli.running import Operator

DASHBOARD = (
    "https://us-east-1.console.aws.amazon.com/cloudwatch/home"
    f"?region=us-east-1#dashboards/dashboard/{STACK_NAME}"
)
REGION = ("--region", "us-east-1")
OLDER = "of-an-older-template"


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What a browser was opened at."""
    opened: list[str] = []

    def stand_in(url: str) -> bool:
        opened.append(url)
        return True

    monkeypatch.setattr("webbrowser.open", stand_in)
    return opened


@pytest.fixture
def older(operator: Operator) -> Iterator[str]:
    """A stack whose template had no dashboard yet."""
    template = {
        "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
        "Outputs": {name: {"Value": "x"} for name in NEEDED_OUTPUTS},
    }
    cloudformation = operator.aws.client("cloudformation")
    cloudformation.create_stack(StackName=OLDER, TemplateBody=json.dumps(template))
    yield OLDER
    cloudformation.delete_stack(StackName=OLDER)


def test_it_prints_the_dashboard_of_a_stack_on_aws(
    operator: Operator, aws: dict[str, str], opened: list[str]
) -> None:
    ended = operator.run("dashboard", "--stack-name", STACK_NAME, *REGION, **aws)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, f"{DASHBOARD}\n", "")
    assert opened == []


def test_with_json_it_says_what_is_there(operator: Operator, aws: dict[str, str]) -> None:
    ended = operator.run("dashboard", "--stack-name", STACK_NAME, *REGION, "--json", **aws)
    assert json.loads(ended.stdout) == {"url": DASHBOARD, "kind": "dashboard"}


def test_of_the_local_stack_it_is_the_status_page_and_says_so(operator: Operator) -> None:
    ended = operator.run("dashboard")
    assert (ended.returncode, ended.stdout) == (0, f"{operator.info.api_url}\n")
    assert ended.stderr == "The local stack has no CloudWatch; this is its status page:\n"
    assert operator.json("dashboard") == {"url": operator.info.api_url, "kind": "page"}


def test_with_open_a_browser_shows_it(operator: Operator, opened: list[str]) -> None:
    ended = operator.run("dashboard", "--open")
    assert (ended.returncode, ended.stdout) == (0, f"{operator.info.api_url}\n")
    assert opened == [operator.info.api_url]


def test_without_a_browser_the_address_is_printed_all_the_same(
    operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webbrowser.open", lambda _: False)
    ended = operator.run("dashboard", "--open")
    assert (ended.returncode, ended.stdout) == (3, f"{operator.info.api_url}\n")
    assert ended.stderr.endswith("error: no browser could be opened: open the address yourself\n")


def test_a_stack_of_an_older_template_is_one_line(
    operator: Operator, aws: dict[str, str], older: str, opened: list[str]
) -> None:
    ended = operator.run("dashboard", "--open", "--stack-name", older, *REGION, **aws)
    assert (ended.returncode, ended.stdout, opened) == (3, "", [])
    assert ended.stderr == (
        f"error: stack {older} in us-east-1 has no output DashboardUrl, because its template is older: "
        "deploy this one, with `make build` and `sam deploy`\n"
    )
