"""`background-sync webhooks --resume`: switches one webhook on again, after asking."""

import sys
from collections.abc import Iterable

from background_sync.kapso.webhooks import Webhook, webhook_state
from background_sync.rules.workspace import Mode, read_workspace
from background_sync_ops.cli.output import clean, console, print_json
from background_sync_ops.cli.webhooks import webhook_lines
from background_sync_ops.errors import NOT_OK, OK, USAGE, CommandError
from background_sync_ops.target import Target
from background_sync_ops.webhooks import webhook_client, webhook_document
from background_sync_ops.workspaces import find_active_workspace

NEXT = {
    Mode.REPAIR: "The next sweep repairs what was missed meanwhile.",
    Mode.REPORT: "The next sweep flags what was missed meanwhile; `background-sync backfill` repairs it.",
    None: "This workspace is not verified: `background-sync backfill` repairs what was missed meanwhile.",
}
CLEARS = "The next run that verifies the workspace updates the state that health shows."


def resume_webhook(
    target: Target, workspace_id: str, webhook_id: str | None, *, sure: bool, as_json: bool
) -> int:
    """The exit status: whether all webhooks of the number are active afterwards."""
    workspace = read_workspace(find_active_workspace(target, target.connect(), workspace_id))
    client, out = webhook_client(target), console(stderr=as_json)
    webhooks = client.webhooks(workspace)
    chosen, resumed = _chosen(workspace_id, webhooks, webhook_id), None
    if chosen is None:
        out.print(f"Every webhook of {clean(workspace_id)} is active already.")
    elif sure or _confirmed(workspace_id, chosen):
        client.resume(workspace, chosen.id)
        resumed, webhooks = chosen.id, client.webhooks(workspace)
        out.print(f"Switched on. {NEXT[workspace.mode]} {CLEARS}")
    else:
        out.print("Nothing was changed.")
    state = webhook_state(webhooks)
    if as_json:
        found = [webhook_document(each) for each in webhooks]
        print_json({"workspace_id": workspace_id, "state": state, "resumed": resumed, "webhooks": found})
    return OK if state == "active" else NOT_OK


def _chosen(workspace_id: str, webhooks: Iterable[Webhook], webhook_id: str | None) -> Webhook | None:
    """The webhook to switch on; None if it is active."""
    by_id = {each.id: each for each in webhooks}
    if not by_id:
        raise CommandError(f"the number of {workspace_id} has no webhook: create one in Kapso")
    if webhook_id is not None:
        if webhook_id not in by_id:
            raise CommandError(f"{workspace_id} has no webhook {webhook_id}, only {', '.join(by_id)}")
        return None if by_id[webhook_id].active else by_id[webhook_id]
    off = [each for each in by_id.values() if not each.active]
    if len(off) > 1:
        names = ", ".join(each.id for each in off)
        raise CommandError(
            f"{len(off)} webhooks of {workspace_id} are off: choose one with --webhook: {names}"
        )
    return off[0] if off else None


def _confirmed(workspace_id: str, webhook: Webhook) -> bool:
    # The question goes to stderr: with --json, stdout is one document.
    err = console(stderr=True)
    err.print(f"A webhook of {clean(workspace_id)} is off:")
    for line in webhook_lines(webhook_document(webhook)):
        err.print(f"  {line}", soft_wrap=True)
    err.print("Kapso switched it off because it failed. When it is on, it gets the number's events again.")
    err.print("Switch it on? [y/N] ", end="")
    answer = sys.stdin.readline()
    if not answer:
        err.print()
        raise CommandError("there was no answer: --yes switches it on without asking", USAGE)
    return answer.strip().lower() in ("y", "yes")
