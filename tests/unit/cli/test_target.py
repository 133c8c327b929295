"""The stack that a command acts on, and the environment that its client is configured by."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from background_sync_ops import target as target_module
from background_sync_ops.cli.options import StackOptions
from background_sync_ops.errors import CommandError
from background_sync_ops.stack.state import StackInfo
from background_sync_ops.target import (
    NEEDED_OUTPUTS,
    Target,
    TargetError,
    aws_target,
    local_target,
    running_target,
)

OUTPUTS = {name: f"the-{name}" for name in NEEDED_OUTPUTS}
INFO = StackInfo(
    pid=1,
    endpoint_url="http://127.0.0.1:4566",
    lambda_endpoint_url="http://127.0.0.1:4567",
    api_url="http://127.0.0.1:8080",
    region="us-east-1",
    outputs=OUTPUTS,
    clock_offset_ms=-5000,
)


def environment_of_connect(target: Target, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The environment while the target connects. Afterwards it is as it was."""
    seen: list[dict[str, str]] = []
    monkeypatch.setattr(target_module, "connect", lambda *_: seen.append(dict(os.environ)))
    before = dict(os.environ)
    target.connect()
    assert dict(os.environ) == before
    return seen[0]


def test_the_operators_own_aws_configuration_does_not_reach_the_local_stack(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", "https://elsewhere.example")
    monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", "https://elsewhere.example")
    target = local_target(INFO)
    seen = environment_of_connect(target, monkeypatch)
    assert seen["AWS_ENDPOINT_URL"] == "http://127.0.0.1:4566"
    assert (seen["AWS_ACCESS_KEY_ID"], seen["AWS_DEFAULT_REGION"]) == ("local", "us-east-1")
    assert "AWS_PROFILE" not in seen
    assert "AWS_ENDPOINT_URL_DYNAMODB" not in seen
    assert target.client("sqs").meta.endpoint_url == "http://127.0.0.1:4566"
    assert target.client("lambda").meta.endpoint_url == "http://127.0.0.1:4567"


def test_the_environment_is_restored_if_connecting_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("no")

    monkeypatch.setattr(target_module, "connect", fail)
    before = dict(os.environ)
    with pytest.raises(RuntimeError):
        local_target(INFO).connect()
    assert dict(os.environ) == before


def test_the_clock_of_a_local_target_is_its_stacks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time_ns", lambda: 1_000_000_000_000)
    assert local_target(INFO).clock.now() == 1_000_000 - 5000


def test_without_a_running_stack_it_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    next_step = "start one with `background-sync up`"
    with pytest.raises(TargetError, match=f"no local stack is running here: {next_step}"):
        running_target()
    with pytest.raises(TargetError, match=f"no local stack is running on {tmp_path}"):
        running_target(tmp_path)


@pytest.fixture
def aws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An operator with two profiles and with keys in the environment; every stack has all outputs."""
    config = tmp_path / "config"
    config.write_text("[default]\nregion = eu-west-1\n[profile ops]\nregion = eu-north-1\n")
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "from-the-environment")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    outputs = [{"OutputKey": name, "OutputValue": value} for name, value in OUTPUTS.items()]
    monkeypatch.setattr(target_module, "_described", lambda _, __: {"Outputs": outputs})


@pytest.mark.usefixtures("aws")
def test_only_a_local_target_has_a_state_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(target_module, "running_stack", lambda _: INFO)
    local, on_aws = running_target(tmp_path), aws_target("prod", region="eu-west-1")
    assert (local.is_local, local.state_dir) == (True, tmp_path)
    assert (on_aws.is_local, on_aws.state_dir) == (False, None)


@pytest.mark.usefixtures("aws")
def test_a_named_profile_takes_precedence_over_keys_in_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    target = aws_target("prod", profile="ops")
    assert target.region == "eu-north-1"
    seen = environment_of_connect(target, monkeypatch)
    assert (seen["AWS_PROFILE"], seen["AWS_DEFAULT_REGION"]) == ("ops", "eu-north-1")
    assert "AWS_ACCESS_KEY_ID" not in seen


@pytest.mark.usefixtures("aws")
def test_without_a_profile_the_keys_in_the_environment_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = environment_of_connect(aws_target("prod", region="us-west-2"), monkeypatch)
    assert (seen["AWS_ACCESS_KEY_ID"], seen["AWS_DEFAULT_REGION"]) == ("from-the-environment", "us-west-2")


@pytest.mark.usefixtures("aws")
def test_without_a_region_the_error_names_the_option(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    with pytest.raises(TargetError, match="no AWS region is set: use --region"):
        aws_target("prod")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"profile": "ops"}, "--profile and --region need --stack-name"),
        ({"region": "eu-west-1"}, "--profile and --region need --stack-name"),
        ({"stack_name": "prod", "state_dir": Path("x")}, "use one of them"),
    ],
)
def test_options_that_exclude_each_other_are_refused(options: Mapping[str, Any], message: str) -> None:
    with pytest.raises(CommandError, match=message) as raised:
        StackOptions(**options).target()
    assert raised.value.status == 2
