"""`background-sync webhooks --fix`: switches one webhook on, and adds the events it lacks, after asking."""

import sys
from collections.abc import Collection

from background_sync.rules.webhooks import ACTIVE, INCOMPLETE, Changes, Webhook, needed_changes, webhook_state
from background_sync.rules.workspace import Mode, read_workspace
from background_sync_ops.cli.command import typed
from background_sync_ops.cli.output import clean, console, print_json
from background_sync_ops.cli.webhooks import webhook_lines
from background_sync_ops.errors import NOT_OK, OK, USAGE, CommandError
from background_sync_ops.target import Target
from background_sync_ops.webhooks import number_state, webhook_client, webhook_document
from background_sync_ops.workspaces import find_active_workspace

NEXT = {
    Mode.REPAIR: "The next sweep repairs what was missed meanwhile.",
    Mode.REPORT: "The next sweep flags what was missed meanwhile; `background-sync backfill` repairs it.",
    None: "This workspace is not verified: `background-sync backfill` repairs what was missed meanwhile.",
}
CLEARS = "The next run that verifies the workspace updates the state that health shows."


def fix_webhook(
    target: Target, workspace_id: str, webhook_id: str | None, *, sure: bool, as_json: bool
) -> int:
    """The exit status: whether the number has what the mirror needs afterwards."""
    workspace = read_workspace(
        find_active_workspace(target, target.connect(), workspace_id), target.clock.now()
    )
    client, out = webhook_client(target), console(stderr=as_json)
    webhooks = client.webhooks(workspace)
    chosen, fixed = _chosen(workspace_id, webhooks, webhook_id), None
    changes: Changes = {} if chosen is None else needed_changes(chosen, webhooks)
    if chosen is None or not changes:
        out.print(f"The webhooks of {clean(workspace_id)} need no change.")
    elif sure or _confirmed(workspace_id, chosen, changes):
        client.change(workspace, chosen.id, changes)
        fixed, webhooks = chosen.id, client.webhooks(workspace)
        out.print(f"Changed. {typed(NEXT[workspace.mode])} {CLEARS}")
    else:
        out.print("Nothing was changed.")
    state = number_state(webhooks)
    if as_json:
        found = [webhook_document(each) for each in webhooks]
        print_json({"workspace_id": workspace_id, **state, "fixed": fixed, "webhooks": found})
    return OK if state["state"] == ACTIVE else NOT_OK


def _chosen(workspace_id: str, webhooks: Collection[Webhook], webhook_id: str | None) -> Webhook | None:
    """The webhook to change; None if the number has what the mirror needs."""
    by_id = {each.id: each for each in webhooks}
    if not by_id:
        raise CommandError(f"the number of {workspace_id} has no webhook: create one in Kapso")
    if webhook_id is not None:
        if webhook_id not in by_id:
            raise CommandError(f"{workspace_id} has no webhook {webhook_id}, only {', '.join(by_id)}")
        return by_id[webhook_id]
    state = webhook_state(webhooks)
    if state == ACTIVE:
        return None
    found = [each for each in webhooks if each.active is (state == INCOMPLETE)]
    if len(found) > 1:
        names = ", ".join(each.id for each in found)
        which = "on" if state == INCOMPLETE else "off"
        raise CommandError(
            f"{len(found)} webhooks of {workspace_id} are {which}: choose one with --webhook: {names}"
        )
    return found[0]


def _confirmed(workspace_id: str, webhook: Webhook, changes: Changes) -> bool:
    # The question goes to stderr: with --json, stdout is one document.
    err = console(stderr=True)
    err.print(f"A webhook of {clean(workspace_id)}:")
    for line in webhook_lines(webhook_document(webhook)):
        err.print(f"  {line}", soft_wrap=True)
    if "active" in changes:
        err.print("It is off: Kapso switches a failing webhook off. It is switched on.")
    if "events" in changes:
        err.print(f"It lacks events. Afterwards it gets: {clean(', '.join(changes['events']))}")
    return confirmed("Change it?", "--yes changes it without asking")


def confirmed(question: str, otherwise: str) -> bool:
    """Whether the answer is yes; raises `CommandError` if there is none."""
    err = console(stderr=True)
    err.print(f"{question} [y/N] ", end="", markup=False)
    answer = sys.stdin.readline()
    if not answer:
        err.print()
        raise CommandError(f"there was no answer: {otherwise}", USAGE)
    return answer.strip().lower() in ("y", "yes")
