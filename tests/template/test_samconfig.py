import tomllib
from typing import Any

import pytest

from background_sync_ops.stack.template import Template
from tests.template.resources import ROOT

CONFIG = tomllib.loads((ROOT / "samconfig.toml").read_text(encoding="utf-8"))


@pytest.fixture(params=["default", "prod"])
def environment(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def overrides(environment: str) -> dict[str, str]:
    pairs = CONFIG[environment]["deploy"]["parameters"]["parameter_overrides"]
    return dict(pair.split("=", 1) for pair in pairs)


def accepted(parameter: dict[str, Any], value: str) -> bool:
    return value in [str(allowed) for allowed in parameter.get("AllowedValues", [value])]


def test_parameters_exist_and_have_allowed_values(template: Template, environment: str) -> None:
    for name, value in overrides(environment).items():
        assert accepted(template.body["Parameters"][name], value), name


def test_a_changeset_is_confirmed_and_builds_are_not_cached(environment: str) -> None:
    """sam's cache checks only a layer's own folder, and would miss a change of uv.lock."""
    assert CONFIG[environment]["deploy"]["parameters"]["confirm_changeset"] is True
    assert "cached" not in CONFIG[environment]["build"]["parameters"]


def test_environments_share_neither_stack_nor_code_prefix() -> None:
    for name, section in (("stack_name", "global"), ("s3_prefix", "deploy")):
        assert CONFIG["default"][section]["parameters"][name] != CONFIG["prod"][section]["parameters"][name]


def test_production_is_protected_and_keeps_logs_longer() -> None:
    assert overrides("prod")["DeletionProtection"] == "true"
    assert int(overrides("prod")["LogRetentionDays"]) > int(overrides("default")["LogRetentionDays"])
