"""`background-sync webhooks --resume`: one webhook is switched on again, after asking."""

import sys
from collections.abc import Iterable

from background_sync.kapso.webhooks import Webhook
from background_sync.rules.workspace import Mode, Workspace, read_workspace
from background_sync_ops.cli.errors import NOT_WELL, USAGE, WELL, CommandError
from background_sync_ops.cli.output import clean, console, print_json
from background_sync_ops.cli.webhooks import webhook_document, webhook_lines
from background_sync_ops.cli.where import Where, active_workspace
from background_sync_ops.webhooks import ACTIVE, state_of, webhook_client

NEXT = {
    Mode.REPAIR: "The next sweep repairs what was missed meanwhile.",
    Mode.REPORT: "The next sweep flags who was missed meanwhile; `background-sync backfill` repairs them.",
    None: "This workspace is not verified: `background-sync backfill` repairs what was missed meanwhile.",
}
CLEARS = "The state that runs and health show clears by itself, with the next run that looks."


def resume(where: Where, workspace_id: str, webhook_id: str | None, *, sure: bool, as_json: bool) -> int:
    """The exit status: whether the number's webhooks are all active then."""
    target = where.target()
    workspace = read_workspace(active_workspace(target, target.connect(), workspace_id))
    asker, out = webhook_client(target), console(stderr=as_json)
    webhooks = asker.webhooks(workspace)
    chosen = _chosen(workspace_id, webhooks, webhook_id)
    resumed = None
    if chosen is None:
        out.print(f"Every webhook of {clean(workspace_id)} is active already.")
    elif sure or _agreed(workspace_id, chosen):
        asker.resume(workspace, chosen.id)
        resumed, webhooks = chosen.id, asker.webhooks(workspace)
        out.print(_what_happens_next(workspace))
    else:
        out.print("Nothing was changed.")
    state = state_of(webhooks)
    if as_json:
        found = [webhook_document(each) for each in webhooks]
        print_json({"workspace_id": workspace_id, "state": state, "resumed": resumed, "webhooks": found})
    return WELL if state == ACTIVE else NOT_WELL


def _chosen(workspace_id: str, webhooks: Iterable[Webhook], webhook_id: str | None) -> Webhook | None:
    """The webhook to switch on; None where it is on."""
    by_id = {each.id: each for each in webhooks}
    if not by_id:
        raise CommandError(f"the number of {workspace_id} has no webhook: make one in Kapso")
    if webhook_id is not None:
        if webhook_id not in by_id:
            raise CommandError(f"{workspace_id} has no webhook {webhook_id}, but {', '.join(by_id)}")
        return None if by_id[webhook_id].active else by_id[webhook_id]
    off = [each for each in by_id.values() if not each.active]
    if len(off) > 1:
        names = ", ".join(each.id for each in off)
        raise CommandError(
            f"{len(off)} webhooks of {workspace_id} are off: choose one with --webhook: {names}"
        )
    return off[0] if off else None


def _agreed(workspace_id: str, webhook: Webhook) -> bool:
    """Ask on stderr: stdout may be a document's."""
    err = console(stderr=True)
    err.print(f"A webhook of {clean(workspace_id)} is off:")
    for line in webhook_lines(webhook):
        err.print(f"  {line}", soft_wrap=True)
    err.print("Kapso switches off what fails; switched on, it gets the number's events again.")
    err.print("Switch it on? [y/N] ", end="")
    answer = sys.stdin.readline()
    if not answer:
        err.print()
        raise CommandError("nobody answered: --yes switches it on without asking", USAGE)
    return answer.strip().lower() in ("y", "yes")


def _what_happens_next(workspace: Workspace) -> str:
    return f"Switched on. {NEXT[workspace.mode]} {CLEARS}"
