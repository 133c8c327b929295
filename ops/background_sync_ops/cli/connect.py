"""`background-sync webhooks --connect`: leads a workspace's messages to the stack's intake, after asking."""

from background_sync.rules.webhooks import ACTIVE
from background_sync.rules.workspace import read_workspace
from background_sync_ops.cli.fix import confirmed
from background_sync_ops.cli.output import clean, console, print_json
from background_sync_ops.cli.webhooks import webhook_lines
from background_sync_ops.connecting import Connection, connect, plan
from background_sync_ops.errors import NOT_OK, OK
from background_sync_ops.target import Target
from background_sync_ops.webhooks import number_state, webhook_client, webhook_document
from background_sync_ops.workspaces import find_active_workspace


def connect_webhook(target: Target, workspace_id: str, *, sure: bool, as_json: bool) -> int:
    """The exit status: whether the number has what the mirror needs afterwards."""
    record = find_active_workspace(target, target.connect(), workspace_id)
    workspace = read_workspace(record, target.clock.now())
    client, out = webhook_client(target), console(stderr=as_json)
    connection = plan(target, client, workspace)
    done = sure or _confirmed(connection)
    if done:
        connect(target, client, connection)
    out.print("Connected." if done else "Nothing was changed.")
    webhooks = client.webhooks(workspace)
    state = number_state(webhooks)
    if as_json:
        found = [webhook_document(each) for each in webhooks]
        print_json({"workspace_id": workspace_id, **state, "connected": done, "webhooks": found})
    return OK if done and state["state"] == ACTIVE else NOT_OK


def _confirmed(connection: Connection) -> bool:
    err, webhook = console(stderr=True), connection.webhook
    if webhook is None:
        err.print(f"A new webhook of {clean(connection.workspace.workspace_id)}:")
        err.print(f"  {clean(connection.url)}", soft_wrap=True)
    else:
        err.print(f"The webhook of {clean(connection.workspace.workspace_id)} that leads here:")
        for line in webhook_lines(webhook_document(webhook)):
            err.print(f"  {line}", soft_wrap=True)
        if connection.changes:
            events = connection.changes.get("events") or webhook.events
            err.print(f"It is switched on, and gets: {clean(', '.join(events))}")
    err.print(f"It gets a new secret, in SSM as {clean(connection.parameter)}.", soft_wrap=True)
    err.print("Other webhooks of the number stay as they are.")
    return confirmed("Connect it?", "--yes connects it without asking")
