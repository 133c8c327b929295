"""Every AWS client that a function makes has the timeouts of a Lambda function."""

import ast
from pathlib import Path

import pytest
from botocore.config import Config

from background_sync.aws import ADAPTIVE_CONFIG, CLIENT_CONFIG

ROOT = Path(__file__).parents[3]


def clients(path: Path) -> list[ast.Call]:
    calls = (
        node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)
    )
    return [call for call in calls if ast.unparse(call.func) == "boto3.client"]


def test_each_client_is_made_with_the_shared_configuration() -> None:
    made = [
        call
        for folder in ("layers", "functions")
        for path in (ROOT / folder).rglob("*.py")
        for call in clients(path)
    ]
    configured = [{each.arg: ast.unparse(each.value) for each in call.keywords} for call in made]
    assert configured
    assert all(each.get("config") in ("CLIENT_CONFIG", "ADAPTIVE_CONFIG") for each in configured)


@pytest.mark.parametrize("config", [CLIENT_CONFIG, ADAPTIVE_CONFIG])
def test_a_call_that_hangs_ends_within_seconds(config: Config) -> None:
    options = vars(config)
    assert (options["connect_timeout"], options["read_timeout"]) == (2, 5)
