"""Writes docs/configuration.md from the code and the template: `make docs`."""

from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from background_sync.rules.policy import BOUNDS, DAY_MS, HOUR_MS, MINUTE_MS, OFF, VERIFY, Policy
from background_sync_ops.stack.template import read_source

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "configuration.md"
TEMPLATE = ROOT / "template.yaml"
MEANINGS: Mapping[str, str] = {
    "stale_threshold_ms": "A contact without activity for longer than this is stale.",
    "audit_interval_ms": "The time between two audits, which read every contact in full.",
    "flag_cooldown_ms": "The time after a flag in which the same contact is not flagged again.",
    "max_flags_per_run": "The most contacts that one run flags; later runs flag the others.",
    "max_sync_notes": "How many of its own notes background sync keeps on a contact, the latest ones.",
    "unverified_after_ms": "After how long without Kapso's answer stale contacts are flagged all the same.",
    "verify_lookback_ms": "How far the first comparison with Kapso looks back.",
    "verify_rate_share": "Percent of the Kapso key's requests that sync may use; the CRM keeps the rest.",
}
UNITS = ((DAY_MS, "d"), (HOUR_MS, "h"), (MINUTE_MS, "min"))
HEAD = """# Configuration

<!-- Written by `make docs` from template.yaml and the settings in the code; a test checks it. -->
"""


def page() -> str:
    body = read_source(TEMPLATE)
    sections = (_parameters(body["Parameters"]), _settings(), _variables(body))
    return "\n".join([HEAD, *("\n".join(section) + "\n" for section in sections)])


def _parameters(parameters: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    yield "## Stack\n"
    yield "Parameters of `template.yaml`, set in `samconfig.toml`, for each deployment.\n"
    yield "| parameter | default | allowed | meaning |"
    yield "| --- | --- | --- | --- |"
    for name, parameter in parameters.items():
        default = f"`{parameter['Default']}`" if parameter["Default"] != "" else ""
        yield f"| `{name}` | {default} | {_allowed(parameter)} | {parameter['Description']} |"


def _allowed(parameter: Mapping[str, Any]) -> str:
    if "AllowedValues" in parameter:
        return ", ".join(f"`{value}`" for value in parameter["AllowedValues"])
    return ""


def _settings() -> Iterator[str]:
    yield "## Workspace\n"
    yield "Keys of the workspace's `settings`. If a value is out of bounds or of a wrong type, the default"
    yield "applies, and the value is logged and counted as `invalid_setting`. Other keys belong to the CRM.\n"
    yield "| key | default | allowed | meaning |"
    yield "| --- | --- | --- | --- |"
    for field in fields(Policy):
        low, high = (_amount(field.name, value) for value in BOUNDS[field.name])
        default = _amount(field.name, getattr(Policy(), field.name))
        yield f"| `{field.name}` | {default} | {low} to {high} | {MEANINGS[field.name]} |"
    ways = ", ".join(f"`{way}`" for way in VERIFY)
    yield f"| `verify` | `{OFF}` | {ways} | Whether Kapso is asked, and what is done about missed webhooks. |"


def _amount(name: str, value: int) -> str:
    if not name.endswith("_ms"):
        return str(value)
    unit, symbol = next(each for each in UNITS if value % each[0] == 0)
    return f"{value // unit} {symbol} ({value})"


def _variables(body: Mapping[str, Any]) -> Iterator[str]:
    yield "## Functions\n"
    yield "Environment variables. The template sets them, and a function reads them once, at cold start. An"
    yield "invalid value is an error that names the variable.\n"
    yield "| function | variables |"
    yield "| --- | --- |"
    yield f"| all | {_names(body['Globals']['Function'])} |"
    for name, resource in body["Resources"].items():
        if resource["Type"] == "AWS::Serverless::Function":
            yield f"| {name} | {_names(resource['Properties'])} |"


def _names(function: Mapping[str, Any]) -> str:
    return ", ".join(f"`{name}`" for name in function["Environment"]["Variables"])


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
