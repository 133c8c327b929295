"""`background-sync dashboard`."""

import webbrowser
from typing import TYPE_CHECKING, Annotated

import typer

from background_sync_ops.cli.command import command, exit_status
from background_sync_ops.cli.options import AsJson, StackOptions
from background_sync_ops.cli.output import clean, print_json, print_line, print_stderr
from background_sync_ops.errors import OK, CommandError

if TYPE_CHECKING:
    from background_sync_ops.target import Target


@command(exit_status("0 done"))
def dashboard(
    stack: StackOptions,
    in_browser: Annotated[bool, typer.Option("--open", help="Open it in the browser too.")] = False,
    as_json: AsJson = False,
) -> int:
    """Print the address of the stack's CloudWatch dashboard.

    The local stack has no CloudWatch, so this is the address of its status page.
    """
    target = stack.target()
    url = target.outputs["ApiUrl"] if target.is_local else _dashboard_url(target)
    if target.is_local:
        print_stderr("The local stack has no CloudWatch; this is its status page:")
    if as_json:
        print_json({"url": url, "kind": "page" if target.is_local else "dashboard"})
    else:
        print_line(clean(url))
    if in_browser and not webbrowser.open(url):
        raise CommandError("no browser could be opened: open the address yourself")
    return OK


def _dashboard_url(target: "Target") -> str:
    if "DashboardUrl" not in target.outputs:
        raise CommandError(
            f"{target.name} has no output DashboardUrl, because its template is older: "
            "deploy this one, with `make build` and `sam deploy`"
        )
    return target.outputs["DashboardUrl"]
