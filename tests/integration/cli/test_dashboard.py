"""`background-sync dashboard` prints an address, and opens a browser on request."""

import json
from collections.abc import Iterator

import pytest

from background_sync_ops.stack.stack import STACK_NAME
from background_sync_ops.target import NEEDED_OUTPUTS
from tests.integration.cli.running import Operator, Result, error

DASHBOARD = (
    "https://us-east-1.console.aws.amazon.com/cloudwatch/home"
    f"?region=us-east-1#dashboards/dashboard/{STACK_NAME}"
)
OLDER = "of-an-older-template"


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    opened: list[str] = []

    def open_browser(url: str) -> bool:
        opened.append(url)
        return True

    monkeypatch.setattr("webbrowser.open", open_browser)
    return opened


@pytest.fixture
def older(operator: Operator) -> Iterator[str]:
    template = {
        "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
        "Outputs": {name: {"Value": "x"} for name in NEEDED_OUTPUTS},
    }
    cloudformation = operator.aws.client("cloudformation")
    cloudformation.create_stack(StackName=OLDER, TemplateBody=json.dumps(template))
    yield OLDER
    cloudformation.delete_stack(StackName=OLDER)


def test_the_dashboard_of_a_stack_on_aws_is_printed(operator: Operator, opened: list[str]) -> None:
    assert operator.run_on_aws("dashboard") == Result(0, f"{DASHBOARD}\n", "")
    document = json.loads(operator.run_on_aws("dashboard", "--json").stdout)
    assert document == {"url": DASHBOARD, "kind": "dashboard"}
    assert opened == []


def test_the_status_page_of_the_local_stack_is_printed_instead(operator: Operator) -> None:
    address = operator.info.api_url
    note = "The local stack has no CloudWatch; this is its status page:\n"
    assert operator.run("dashboard") == Result(0, f"{address}\n", note)
    assert operator.json("dashboard") == {"url": address, "kind": "page"}


def test_open_shows_the_address_in_a_browser(operator: Operator, opened: list[str]) -> None:
    result = operator.run("dashboard", "--open")
    assert (result.status, result.stdout) == (0, f"{operator.info.api_url}\n")
    assert opened == [operator.info.api_url]


def test_without_a_browser_it_is_still_printed(operator: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("webbrowser.open", lambda _: False)
    result = operator.run("dashboard", "--open")
    assert (result.status, result.stdout) == (3, f"{operator.info.api_url}\n")
    assert result.stderr.endswith("error: no browser could be opened: open the address yourself\n")


def test_an_older_stack_has_no_dashboard(operator: Operator, older: str, opened: list[str]) -> None:
    assert operator.run_on_aws("dashboard", "--open", stack_name=older) == error(
        f"stack {older} in us-east-1 has no output DashboardUrl, because its template is older: "
        "deploy this one, with `make build` and `sam deploy`"
    )
    assert opened == []
