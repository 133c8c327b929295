"""`background-sync audit`."""
# ruff: noqa: PLC0415

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.table import Table

from background_sync.messages import AUDIT
from background_sync_ops.cli.command import command, exit_status
from background_sync_ops.cli.options import (
    FIFTEEN_MINUTES,
    AsJson,
    OptionalWorkspaceId,
    StackOptions,
    Timeout,
)
from background_sync_ops.cli.output import (
    clean,
    console,
    count,
    grid,
    plural,
    print_json,
    print_stderr,
    progress,
    state,
)
from background_sync_ops.cli.signals import continues_alone
from background_sync_ops.errors import NOT_OK, OK

if TYPE_CHECKING:
    from background_sync_ops.jobs import Jobs
    from background_sync_ops.target import Target

COLUMNS = {
    "Checked": "contacts_checked",
    "Missing": "fixed_missing",
    "Outdated": "fixed_outdated",
    "Invalid": "invalid",
    "Lost race": "lost_race",
}
Document = Mapping[str, Any]


@command(exit_status("0 every audit is completed", "1 an audit failed, or did not finish in time"))
def audit(
    stack: StackOptions,
    workspace: OptionalWorkspaceId = None,
    timeout: Timeout = FIFTEEN_MINUTES,
    as_json: AsJson = False,
) -> int:
    """Check every contact of a workspace, and fix its entry in the activity index if it is wrong.

    Sync does this by itself, once a day for each workspace.
    """
    from background_sync_ops.following import follow
    from background_sync_ops.jobs import Jobs

    target = stack.target()
    audits = Jobs(AUDIT, _workspace_ids(target, workspace), target.clock.now(), tuple(COLUMNS.values()))
    with continues_alone("the audit"), progress() as bar:
        audits.send(target)
        task = bar.add_task("auditing workspaces", total=len(audits.documents))
        for _ in follow(audits.look, target.clock, timeout.total_seconds()):
            bar.update(task, completed=len(audits.documents) - len(audits.still_open))
    if as_json:
        print_json({"audits": audits.documents})
    else:
        console().print(_table(audits.documents), "")
        console().print(_summary(audits.documents))
    return _status(audits)


def _workspace_ids(target: "Target", workspace: str | None) -> list[str]:
    from background_sync_ops.workspaces import active_workspaces, find_workspace

    database = target.connect()
    if workspace is None:
        return [str(each["workspace_id"]) for each in active_workspaces(database)]
    return [str(find_workspace(target, database, workspace)["workspace_id"])]


def _table(documents: Sequence[Document]) -> Table:
    table = grid(("Workspace", "Status", *COLUMNS), right=COLUMNS, fold=("Workspace",))
    for each in documents:
        counts = (count(each[name]) for name in COLUMNS.values())
        table.add_row(clean(each["workspace_id"]), state(each["status"] or "waiting"), *counts)
    return table


def _summary(documents: Sequence[Document]) -> str:
    names = ("contacts_checked", "fixed_missing", "fixed_outdated")
    checked, missing, outdated = (sum(each[name] or 0 for each in documents) for name in names)
    checked_contacts = f"{plural(checked, 'contact')} checked"
    return f"{checked_contacts}; index entries fixed: {missing} missing, {outdated} outdated."


def _status(audits: "Jobs") -> int:
    for each in audits.failed:
        print_stderr(clean(f"failed: {each['workspace_id']}: {each['error']}"))
    if audits.still_open:
        counts = f"{len(audits.still_open)} of {len(audits.documents)}"
        print_stderr(f"error: {counts} audits did not finish in time")
    return NOT_OK if audits.failed or audits.still_open else OK
