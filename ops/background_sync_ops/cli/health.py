"""`background-sync health`: how sync itself is doing."""

from collections.abc import Callable
from typing import Any

from rich.console import Console
from rich.table import Table

from background_sync_ops.cli import tables
from background_sync_ops.cli.api import Document, HealthApi
from background_sync_ops.cli.output import clean, console, facts, print_json, state
from background_sync_ops.cli.times import SECOND_MS, ago
from background_sync_ops.cli.verified import verification, verified
from background_sync_ops.cli.where import Where

STATUSES = {"pass": 0, "warn": 1, "fail": 2}
CHECKS = {
    "sweep:age": "Last finished sweep",
    "runs:failed": "Failed runs",
    "verification:deferred": "Deferred verification",
    "verification:age": "Last full verification",
    "webhooks:off": "Webhooks off",
    "queue:age": "Oldest open sweep",
    "queue:depth": "Waiting messages",
    "deadLetters:waiting": "Dead letters",
}
PERCENT = 100


def health(where: Where, workspace_id: str | None, limit: int, *, as_json: bool) -> int:
    """The exit status: the overall state."""
    api = HealthApi(where.target())
    report, runs = api.health(), api.runs(workspace_id, limit)
    if as_json:
        print_json(runs)
    else:
        out = console()
        out.print(_checks(report))
        _print_lists(out, api, runs, workspace_id, limit)
    return STATUSES[report["status"]]


def _print_lists(out: Console, api: HealthApi, runs: Document, workspace_id: str | None, limit: int) -> None:
    if workspace_id is None:
        sweeps = api.sweeps(limit)["sweeps"]
        _section(out, "Sweeps", sweeps, tables.sweep_history)
        _verification(out, verified(sweeps), "Sweep")
        _section(out, "Runs", runs["runs"], tables.run_history)
        _verification(out, verified(runs["runs"]), "Sweep", "Workspace")
    else:
        _section(out, f"Runs of {clean(workspace_id)}", runs["runs"], tables.workspace_history)
        _verification(out, verified(runs["runs"]), "Sweep")
    for line in tables.run_errors(runs["runs"]):
        out.print(f"failed: {line}", soft_wrap=True)
    if runs["summary"] is not None:
        out.print(_summary(runs))


def _checks(report: Document) -> Table:
    table = facts()
    table.add_row("Health", state(report["status"]), "")
    for name, [check] in report["checks"].items():
        table.add_row(clean(CHECKS.get(name, name)), state(check["status"]), clean(_observed(check)))
    return table


def _observed(check: Document) -> str:
    return ", ".join(text for text in (_value(check), check.get("output", "")) if text)


def _value(check: Document) -> str:
    value, unit = check.get("observedValue"), check.get("observedUnit")
    if value is None:
        return ""
    if unit == "s":
        return ago(0, value * SECOND_MS)
    return f"{value * PERCENT:.3g} %" if unit == "ratio" else f"{value} {unit or ''}".strip()


def _section(
    out: Console, title: str, documents: list[Document], table: Callable[[list[Document]], Table]
) -> None:
    out.print(f"\n{title}", style="bold")
    out.print(table(documents) if documents else "none yet")


def _verification(out: Console, documents: list[Any], *keys: str) -> None:
    if documents:
        out.print("\nCompared with Kapso", style="bold")
        out.print(verification(documents, *keys))


def _summary(runs: Document) -> str:
    summary, number = runs["summary"], len(runs["runs"])
    over = "this run" if number == 1 else f"these {number} runs"
    return f"\nOver {over}: {summary['avg_stale']} stale on average, {summary['total_flagged']} flagged."
