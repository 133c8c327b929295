"""`background-sync workspaces`."""
# ruff: noqa: PLC0415

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Annotated, Any

import typer
from rich.table import Table

from background_sync_ops.cli.command import command, exit_status
from background_sync_ops.cli.options import AsJson, StackOptions
from background_sync_ops.cli.output import clean, console, grid, plural, print_json, waiting
from background_sync_ops.cli.times import iso
from background_sync_ops.errors import OK
from background_sync_ops.reasons import reasons

Document = Mapping[str, Any]


@command(exit_status("0 done"))
def workspaces(
    stack: StackOptions,
    state: Annotated[
        str | None,
        typer.Option(
            metavar="STATE",
            show_default="all",
            help="List only workspaces in this state: failing, deferred, webhook_off, reception_lost, "
            "invalid_settings, inactive, never_run.",
        ),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many to list.")] = 100,
    as_json: AsJson = False,
) -> int:
    """List workspaces with their state, the reason for it, and their last success.

    With --state, it finds the workspaces that need a person, among all of them.
    """
    from background_sync_ops.health_api import HealthApi

    with waiting("asking for the workspaces"):
        found = list(islice(HealthApi(stack.target()).workspaces(state), limit + 1))
    listed, more = found[:limit], len(found) > limit
    if as_json:
        print_json({"workspaces": listed, "more": more})
        return OK
    out, which = console(), f" in the state {clean(state)}" if state else ""
    if not listed:
        out.print(f"No workspace is{which or ' there'}.")
        return OK
    out.print(_table(listed), "")
    rest = ", and there are more: list them with --limit" if more else ""
    out.print(f"{plural(len(listed), 'workspace')}{which}{rest}.")
    return OK


def _table(documents: Iterable[Document]) -> Table:
    headers = ("Workspace", "State", "Last success", "Reason")
    table = grid(headers, fold=("Workspace", "State", "Reason"))
    for each in documents:
        states = ", ".join(each["states"]).replace("_", " ") or "ok"
        success = iso(each["last_success_at"], seconds=False)
        why = clean("; ".join(reasons(each)) or "-")
        table.add_row(clean(each["workspace_id"]), clean(states), success, why)
    return table
