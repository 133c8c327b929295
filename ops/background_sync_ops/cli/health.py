"""`background-sync health`: how sync itself is doing."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from background_sync.status.runbook import GUIDES
from background_sync_ops.cli import tables
from background_sync_ops.cli.api import Document, HealthApi
from background_sync_ops.cli.output import clean, console, facts, print_json, state
from background_sync_ops.cli.times import SECOND_MS, ago
from background_sync_ops.cli.verified import verification, verified
from background_sync_ops.cli.where import Where, workspace_of
from background_sync_ops.target import Target

STATUSES = {"pass": 0, "warn": 1, "fail": 2}
ITSELF = "background-sync health"
OPEN_SWEEP = "queue:age"
PERCENT = 100


@dataclass(frozen=True)
class Query:
    """What is asked for: the newest `limit` runs and sweeps, or the newest runs of one workspace."""

    workspace_id: str | None
    limit: int
    as_json: bool


@dataclass(frozen=True)
class Look:
    """What the health API answered; `sweeps` are None where they were not asked for."""

    report: Document
    runs: Document
    sweeps: list[Document] | None

    @property
    def status(self) -> int:
        """The exit status: 0 pass, 1 warn, 2 fail."""
        return STATUSES[self.report["status"]]


def health(where: Where, query: Query) -> int:
    """The exit status: the overall state."""
    target = where.target()
    found = look(target, query)
    if query.workspace_id is not None and not found.runs["runs"]:
        workspace_of(target, target.connect(), query.workspace_id)
    if query.as_json:
        print_json(found.runs)
    else:
        print_parts(console(), parts(found, query))
    return found.status


def look(target: Target, query: Query) -> Look:
    """Ask the health API of `target` once; raises `CommandError` where it gives no usable answer."""
    api = HealthApi(target)
    report, runs = api.health(), api.runs(query.workspace_id, query.limit)
    wanted = query.workspace_id is None and not query.as_json
    sweeps = api.sweeps(query.limit)["sweeps"] if wanted else None
    return Look(report, runs, sweeps)


def parts(found: Look, query: Query) -> Iterator[RenderableType]:
    """What there is to show, from top to bottom; a text is one line, however wide the terminal is."""
    yield _checks(found.report)
    yield from todo(found.report)
    yield from _lists(found, query)
    for line in tables.run_errors(found.runs["runs"]):
        yield f"failed: {line}"
    if found.runs["summary"] is not None:
        yield _summary(found.runs)


def print_parts(out: Console, shown: Iterable[RenderableType]) -> None:
    """Print them one beneath the other."""
    for part in shown:
        out.print(part, soft_wrap=isinstance(part, str))


def title(check: str) -> str:
    """A check's name in plain words; its own one where the runbook does not know it."""
    return GUIDES[check].title if check in GUIDES else clean(check)


def todo(report: Document) -> Iterator[str]:
    """One line for each check that is not pass: what to begin with, and where the runbook says more."""
    for name, [check] in report["checks"].items():
        if check["status"] != "pass":
            steps = "; ".join(filter(None, (_begin(name), _runbook(check))))
            yield f"{title(name)}: {steps or 'see the runbook, docs/operations.md'}"


def _begin(check: str) -> str:
    """The guide's command; where that is this one, the lists beneath are what to read."""
    command = GUIDES[check].command if check in GUIDES else ""
    return "see below" if command == ITSELF else command


def _runbook(check: Document) -> str:
    return clean(check.get("links", {}).get("runbook", ""))


def _lists(found: Look, query: Query) -> Iterator[RenderableType]:
    runs = found.runs["runs"]
    if found.sweeps is None:
        yield from _section(f"Runs of {clean(query.workspace_id)}", runs, tables.workspace_history)
        yield from _verification(verified(runs), "Sweep")
        return
    yield from _section("Sweeps", found.sweeps, tables.sweep_history)
    yield from _verification(verified(found.sweeps), "Sweep")
    yield from _section("Runs", runs, tables.run_history)
    yield from _verification(verified(runs), "Sweep", "Workspace")


def _checks(report: Document) -> Table:
    table = facts()
    table.add_row("Health", state(report["status"]), "")
    for name, [check] in report["checks"].items():
        table.add_row(title(name), state(check["status"]), clean(observed(name, check)))
    return table


def observed(name: str, check: Document) -> str:
    """A check's value in its unit, and what it says besides; empty where there is neither."""
    if name == OPEN_SWEEP and not check.get("observedValue"):
        return "none open"
    return ", ".join(text for text in (_value(check), check.get("output", "")) if text)


def _value(check: Document) -> str:
    value, unit = check.get("observedValue"), check.get("observedUnit")
    if value is None:
        return ""
    if unit == "s":
        return ago(0, value * SECOND_MS)
    return f"{value * PERCENT:.3g} %" if unit == "ratio" else f"{value} {unit or ''}".strip()


def _section(
    heading: str, documents: list[Document], table: Callable[[list[Document]], Table]
) -> Iterator[RenderableType]:
    yield Text(f"\n{heading}", "bold")
    yield table(documents) if documents else "none yet"


def _verification(documents: list[Any], *keys: str) -> Iterator[RenderableType]:
    if documents:
        yield Text("\nCompared with Kapso", "bold")
        yield verification(documents, *keys)


def _summary(runs: Document) -> str:
    summary, number = runs["summary"], len(runs["runs"])
    over = "this run" if number == 1 else f"these {number} runs"
    return f"\nOver {over}: {summary['avg_stale']} stale on average, {summary['total_flagged']} flagged."
