"""The environment variables that the template gives each function."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from samtranslator.yaml_helper import yaml_parse

from background_sync.settings import (
    DispatcherSettings,
    HealthSettings,
    MonitorSettings,
    ReconcilerSettings,
    read_settings,
)

Read = Callable[[Mapping[str, str]], Any]
READERS: dict[str, Read] = {
    "DispatcherFunction": partial(read_settings, DispatcherSettings),
    "ReconcilerFunction": partial(read_settings, ReconcilerSettings),
    "HealthFunction": partial(read_settings, HealthSettings),
    "MonitorFunction": partial(read_settings, MonitorSettings),
}
POWERTOOLS = {
    f"POWERTOOLS_{name}" for name in ("SERVICE_NAME", "METRICS_NAMESPACE", "LOG_LEVEL", "LOGGER_SAMPLE_RATE")
}
LAMBDA = {"AWS_LAMBDA_FUNCTION_NAME": "name"}
LOCAL = {"CLOCK_OFFSET_MS", "CAPACITY_METERED"}


def variables_of(function: str) -> dict[str, str]:
    """A function's variables at the defaults of the template's parameters."""
    template = yaml_parse(  # type: ignore[no-untyped-call]
        (Path(__file__).parents[3] / "template.yaml").read_text(encoding="utf-8")
    )
    properties = (template["Globals"]["Function"], template["Resources"][function]["Properties"])
    given = {name: value for each in properties for name, value in each["Environment"]["Variables"].items()}
    return {name: _text(value, template["Parameters"]) for name, value in given.items()}


def _text(value: Any, parameters: Mapping[str, Any]) -> str:
    if not isinstance(value, dict):
        return str(value)
    parameter = parameters.get(value.get("Ref", ""))
    return "a resource's" if parameter is None else str(parameter["Default"])


REQUIRED = {name: {**variables_of(name), **LAMBDA} for name in READERS}
"""The variables of each function in Lambda."""
