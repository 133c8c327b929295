"""`background-sync health`."""
# ruff: noqa: PLC0415

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from background_sync.status.runbook import GUIDES, runbook_link
from background_sync_ops.cli import tables
from background_sync_ops.cli.command import NAME, command, program
from background_sync_ops.cli.options import AsJson, StackOptions, duration
from background_sync_ops.cli.output import clean, console, facts, plural, print_json, state
from background_sync_ops.cli.times import SECOND_MS, ago
from background_sync_ops.cli.verification import verification, verified

if TYPE_CHECKING:
    from background_sync_ops.health_api import HealthAnswer, HealthQuery

THIS_COMMAND = "background-sync health"
RUNBOOK = "docs/operations.md"
OPEN_SWEEP = "queue:age"
DEAD_LETTERS = "deadLetters:waiting"
PERCENT = 100
FIVE_SECONDS = timedelta(seconds=5)
Document = Mapping[str, Any]


@command("Exit status: 0 pass; 1 warn; 2 fail, or usage error; 3 no answer.")
def health(
    stack: StackOptions,
    workspace: Annotated[str | None, typer.Option(help="Show the runs of this workspace only.")] = None,
    limit: Annotated[
        int, typer.Option(min=1, max=100, help="How many runs and sweeps to show, the newest first.")
    ] = 10,
    watch: Annotated[
        bool, typer.Option("--watch", help="Repeat until Ctrl-C; the last answer gives the exit status.")
    ] = False,
    interval: Annotated[
        timedelta | None,
        typer.Option(
            parser=duration,
            metavar="DURATION",
            show_default="5s",
            help="With --watch: the time between two requests.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Show how sync itself is doing: health, sweeps and runs, and what to do about problems.

    The exit status is the health. With --json, the document has the `health`, and `runs` and `sweeps` as the
    API lists them. With --watch, a terminal shows it live, a pipe gets one line for each change, and --json
    prints one line for each request.
    """
    from background_sync_ops.health_api import HealthQuery, ask_health
    from background_sync_ops.workspaces import find_workspace

    query = HealthQuery(workspace, limit, as_json)
    if watch:
        from background_sync_ops.cli.watch import watch_health

        return watch_health(stack, query, interval or FIVE_SECONDS)
    if interval is not None:
        raise typer.BadParameter("--interval goes with --watch")
    target = stack.target()
    answer = ask_health(target, query)
    if workspace is not None and not answer.runs["runs"]:
        find_workspace(target, target.connect(), workspace)
    if as_json:
        print_json(answer.document)
    else:
        print_parts(console(), health_parts(answer, query))
    return answer.status


def health_parts(answer: "HealthAnswer", query: "HealthQuery") -> Iterator[RenderableType]:
    """What to show, from top to bottom. A str is one line, however wide the terminal is."""
    yield facts(_checks(answer))
    yield from next_steps(answer.report)
    yield from _lists(answer, query)
    for line in tables.run_errors(answer.runs["runs"]):
        yield f"failed: {line}"
    if answer.runs["summary"] is not None:
        yield _summary(answer.runs)


def print_parts(out: Console, parts: Iterable[RenderableType]) -> None:
    for part in parts:
        out.print(part, soft_wrap=isinstance(part, str))


def title(check: str) -> str:
    """A check in plain words; its own name if the runbook does not know it."""
    return GUIDES[check].title if check in GUIDES else clean(check)


def next_steps(report: Document) -> Iterator[str]:
    """One line for each check that does not pass: the first command, and the section of the runbook."""
    for name, [check] in report["checks"].items():
        if check["status"] != "pass":
            known = runbook_link(RUNBOOK, name) if name in GUIDES else ""
            runbook = clean(check.get("links", {}).get("runbook", known))
            steps = "; ".join(filter(None, (_first_command(name), runbook)))
            yield f"{title(name)}: {steps or f'see the runbook, {RUNBOOK}'}"


def _first_command(check: str) -> str:
    command = GUIDES[check].command if check in GUIDES else ""
    return "see below" if command == THIS_COMMAND else command.replace(NAME, program())


def _checks(answer: "HealthAnswer") -> Iterator[Sequence[RenderableType]]:
    yield "Health", state(answer.report["status"]), ""
    for name, [check] in answer.report["checks"].items():
        seen = observed(name, check)
        if name == DEAD_LETTERS and answer.dead_letters:
            seen = plural(answer.dead_letters, "message")
        yield title(name), state(check["status"]), clean(seen)


def observed(name: str, check: Document) -> str:
    """A check's value with its unit, and its output; empty if it has neither.

    An output that says in general what is wrong is left out: `next_steps` says it.
    """
    if name == OPEN_SWEEP and not check.get("observedValue"):
        return "none open"
    output = check.get("output", "")
    known = name in GUIDES and output == GUIDES[name].problem
    return ", ".join(text for text in (_value(check), "" if known else output) if text)


def _value(check: Document) -> str:
    value, unit = check.get("observedValue"), check.get("observedUnit")
    if value is None:
        return ""
    if unit == "s":
        return ago(0, value * SECOND_MS)
    return f"{value * PERCENT:.3g} %" if unit == "ratio" else f"{value} {unit or ''}".strip()


def _lists(answer: "HealthAnswer", query: "HealthQuery") -> Iterator[RenderableType]:
    runs = answer.runs["runs"]
    if answer.sweeps is None:
        yield from _section(f"Runs of {clean(query.workspace_id)}", runs, tables.workspace_history, "Sweep")
        return
    yield from _section("Sweeps", answer.sweeps, tables.sweep_history, "Sweep")
    yield from _section("Runs", runs, tables.run_history, "Sweep", "Workspace")


def _section(
    heading: str, documents: Sequence[Document], table: Callable[[Sequence[Document]], Table], *keys: str
) -> Iterator[RenderableType]:
    yield Text(f"\n{heading}", "bold")
    yield table(documents) if documents else "none yet"
    if compared := verified(documents):
        yield Text("\nCompared with Kapso", "bold")
        yield verification(compared, *keys)


def _summary(runs: Document) -> str:
    summary, number = runs["summary"], len(runs["runs"])
    over = "this run" if number == 1 else f"these {number} runs"
    return f"\nOver {over}: {summary['avg_stale']} stale on average, {summary['total_flagged']} flagged."
