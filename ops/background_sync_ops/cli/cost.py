"""`background-sync cost`."""
# ruff: noqa: PLC0415

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from background_sync_ops.cli.command import command, exit_status
from background_sync_ops.cli.options import AsJson, StackOptions, parser, share
from background_sync_ops.cli.output import console, grid, print_json

if TYPE_CHECKING:
    from background_sync_ops.cost import Line

MOST = 100
"""Runs and sweeps that the API gives at once."""
MAX_BYTES = 400 * 1024
MIN_BYTES = 128
_SIZE = re.compile(r"(\d{1,7}(?:\.\d{1,3})?)\s?(B|KB)?", re.ASCII | re.IGNORECASE)


def parse_size(text: str) -> int:
    """`2KB`, `500B` or `500` in bytes; raises ValueError."""
    found = _SIZE.fullmatch(text.strip())
    size = 0 if found is None else round(float(found[1]) * (1024 if (found[2] or "").upper() == "KB" else 1))
    if not MIN_BYTES <= size <= MAX_BYTES:
        raise ValueError(f"{text!r} is not a size like 2KB or 500B, from 128B to 400KB")
    return size


def _share(meaning: str) -> Any:
    return typer.Option(parser=share, metavar="PERCENT", help=meaning)


@command(exit_status("0 done"))
def cost(
    stack: StackOptions,
    workspaces: Annotated[int, typer.Option(min=1, help="How many there are.")] = 100,
    contacts: Annotated[int, typer.Option(min=0, help="Contacts of all workspaces together.")] = 100_000,
    size: Annotated[
        int, typer.Option(parser=parser(parse_size), metavar="SIZE", help="Of a contact, in the CRM.")
    ] = 2048,
    stale: Annotated[float, _share("Share of the contacts that are stale.")] = 0.1,
    verify: Annotated[float, _share("Share of the workspaces that verify.")] = 0.3,
    from_runs: Annotated[
        bool,
        typer.Option("--from-runs", help="Take the numbers of real runs."),
    ] = False,
    as_json: AsJson = False,
) -> int:
    """Show what a month costs on AWS, by service and line, beside the original algorithm.

    The units come from AWS's rules and the sizes of the records; the prices are list prices. With
    --from-runs, they are those that the last runs of a stack recorded; the local engine counts none.
    """
    from background_sync_ops.cost import Workload, bill, original, prices, recorded, sensitivity, total
    from background_sync_ops.health_api import HealthApi

    work = Workload(workspaces=workspaces, contacts=contacts, size=size, stale=stale, verify=verify)
    run = None
    if from_runs:
        api = HealthApi(stack.target())
        work, run = recorded(api.runs(None, MOST)["runs"], api.sweeps(MOST)["sweeps"], work)
    lines, old, grown = bill(work, run), original(work), sensitivity(work, run)
    source = {name: prices()[name] for name in ("region", "as_of", "note", "sources")}
    if as_json:
        bills = {"background_sync": _bill(lines), "original": _bill(old)}
        print_json({**bills, "workload": asdict(work), "doubled": grown, "prices": source})
        return 0
    out = console()
    for title, of in (("Background Sync", lines), ("The original", old)):
        out.print(_table(title, of, total(of)))
    name, by = next(iter(grown.items()))
    most = f"What matters most: {name.replace('_', ' ')}. Doubled, the total changes by {by:+.0%}."
    out.print(most, soft_wrap=True)
    out.print(f"Prices of {source['region']}, {source['as_of']}. {source['note']}", soft_wrap=True)
    return 0


def _bill(lines: "Sequence[Line]") -> Mapping[str, Any]:
    rows = [{**each._asdict(), "dollars": each.dollars} for each in lines]
    return {"lines": rows, "dollars": sum(row["dollars"] for row in rows)}


def _table(title: str, lines: "Sequence[Line]", total: float) -> Table:
    table = grid((title, "", "Quantity", "Unit", "$ a month"), right=("Quantity", "$ a month"))
    for line in sorted(lines, key=lambda line: line.service):
        table.add_row(line.service, line.what, f"{line.quantity:,.2f}", line.price, f"{line.dollars:,.2f}")
    table.add_row("total", "", "", "", f"{total:,.2f}", style="bold")
    return table
