"""Outcome counts as text."""

from collections.abc import Iterable, Mapping
from typing import Any

from background_sync_ops.cli.output import clean

Document = Mapping[str, Any]
LABELS = {
    "over_cap": "over the cap",
    "invalid_setting": "invalid settings",
    "webhook_off": "with webhooks off",
}


def count(value: object) -> str:
    """A count, or a dash where there is none yet."""
    return "-" if value is None else clean(value)


def listed(document: Document, names: Iterable[str]) -> str:
    """`1 invalid, 3 in cooldown`: those of the counts that are not zero."""
    present = (name for name in names if document.get(name))
    return ", ".join(f"{document[name]} {LABELS.get(name, name.replace('_', ' '))}" for name in present)
