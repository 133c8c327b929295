"""`background-sync webhooks`."""
# ruff: noqa: PLC0415

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, repeat
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from background_sync.rules.webhooks import NOT_WORKING
from background_sync_ops.cli.command import command, exit_status
from background_sync_ops.cli.options import AsJson, OptionalWorkspaceId, StackOptions
from background_sync_ops.cli.output import (
    Stacked,
    clean,
    console,
    grid,
    plural,
    print_json,
    print_stderr,
    progress,
    state,
)
from background_sync_ops.cli.times import iso
from background_sync_ops.errors import NOT_DONE, NOT_OK, OK

if TYPE_CHECKING:
    from background_sync_ops.target import Target

Document = Mapping[str, Any]
LABELS = {
    "active": "active",
    "off": "with every webhook off",
    "incomplete": "without all events",
    "none": "without a webhook",
    "unknown": "unknown",
}


@command(exit_status("0 all are active", "1 a number has no working webhook, or nothing was changed"))
def webhooks(
    stack: StackOptions,
    workspace: OptionalWorkspaceId = None,
    fix: Annotated[
        str | None,
        typer.Option(
            metavar="WORKSPACE",
            help="Put this workspace's webhook right, after showing what is wrong and asking.",
        ),
    ] = None,
    webhook: Annotated[
        str | None, typer.Option(metavar="ID", help="With --fix: which webhook, if several could be changed.")
    ] = None,
    connect: Annotated[
        str | None,
        typer.Option(
            metavar="WORKSPACE",
            help="Lead this workspace's messages to the stack's intake, after showing how and asking.",
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="With --fix or --connect: do not ask.")] = False,
    as_json: AsJson = False,
) -> int:
    """Show the webhooks of each workspace's number, as Kapso has them, and what the last run saw.

    A number needs one webhook that is on, and gets the events whatsapp.message.received and
    whatsapp.message.sent. Kapso switches a failing webhook off, and only a person switches it on again: --fix
    does that, adds the events that are missing, and changes nothing else. --connect makes the webhook that
    leads to the stack's intake, or completes it, with a new secret. Kapso is asked with each
    workspace's own token, which is read from SSM and never shown. Parts of a URL that may be secret are shown
    as ***.
    """
    if webhook is not None and fix is None:
        raise typer.BadParameter("--webhook goes with --fix")
    if yes and fix is None and connect is None:
        raise typer.BadParameter("--yes goes with --fix or --connect")
    if sum(each is not None for each in (workspace, fix, connect)) > 1:
        raise typer.BadParameter("name the workspace once: after --fix or --connect")
    if connect is not None:
        from background_sync_ops.cli.connect import connect_webhook

        return connect_webhook(stack.target(), connect, sure=yes, as_json=as_json)
    if fix is None:
        return _show(stack.target(), workspace, as_json=as_json)
    from background_sync_ops.cli.fix import fix_webhook

    return fix_webhook(stack.target(), fix, webhook, sure=yes, as_json=as_json)


def _show(target: "Target", workspace: str | None, *, as_json: bool) -> int:
    reports = sorted(_reports(target, workspace), key=lambda each: str(each["workspace_id"]))
    if as_json:
        print_json({"workspaces": reports})
    elif reports:
        console().print(_table(reports), "")
        console().print(_summary(reports))
    else:
        console().print("No workspace is active, so there is no number to ask about.")
    for each in reports:
        if each["error"] is not None:
            print_stderr(f"error: {clean(each['workspace_id'])}: {clean(each['error'])}")
    states = {each["state"] for each in reports}
    if states & set(NOT_WORKING):
        return NOT_OK
    return NOT_DONE if "unknown" in states else OK


def _reports(target: "Target", workspace: str | None) -> Iterator[Document]:
    from background_sync_ops.webhooks import webhook_client, webhook_reports
    from background_sync_ops.workspaces import active_workspaces, find_active_workspace

    database = target.connect()
    if workspace is None:
        records = active_workspaces(database)
    else:
        records = [find_active_workspace(target, database, workspace)]
    with progress() as bar:
        yield from bar.track(
            webhook_reports(webhook_client(target), records), total=len(records), description="asking Kapso"
        )


def _table(reports: Iterable[Document]) -> Table:
    table = grid(("Workspace", "State", "Webhook"), fold=("Workspace", "Webhook"))
    for report in reports:
        names = chain([clean(report["workspace_id"])], repeat(""))
        for name, (shown, text) in zip(names, _rows(report), strict=False):
            table.add_row(name, state(shown), text)
    return table


def _rows(report: Document) -> Iterator[tuple[str, str | Stacked]]:
    for webhook in report["webhooks"]:
        yield "active" if webhook["active"] else "off", Stacked([*webhook_lines(webhook)])
    if not report["webhooks"]:
        yield report["state"], "-"
    if report["missing"]:
        yield report["state"], f"no webhook gets {clean(', '.join(report['missing']))}"
    known, since = report["remembered"]["webhook"], report["remembered"]["webhook_since"]
    if known is not None:
        yield "", f"the last run saw: {clean(known)}, since {iso(since)}"


def webhook_lines(webhook: Document) -> Iterator[str]:
    """Its id, its URL and its events."""
    yield clean(webhook["id"])
    yield clean(webhook["url"] or "no URL")
    yield clean(f"{webhook['kind'] or 'unknown kind'}: {', '.join(webhook['events']) or 'no events'}")


def _summary(reports: Sequence[Document]) -> str:
    states = Counter(each["state"] for each in reports)
    counts = ", ".join(f"{states[name]} {label}" for name, label in LABELS.items() if states[name])
    fix = " Put one right with --fix WORKSPACE." if states["off"] or states["incomplete"] else ""
    return f"{plural(len(reports), 'number')}: {counts}.{fix}"
