"""The webhook at Kapso that leads a workspace's messages to the stack's intake, and its secret in SSM."""

import secrets
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from background_sync.intake.secrets import secret_name
from background_sync.rules.webhooks import Changes, Webhook, needed_changes
from background_sync.rules.workspace import Workspace
from background_sync_ops.errors import CommandError
from background_sync_ops.target import Target
from background_sync_ops.webhooks import MASK, KapsoUnreachable, WebhookClient

KEY = "TokenKmsKeyArn"


@dataclass(frozen=True, slots=True)
class Connection:
    """What leads to the intake: `webhook` is the one that does already, `changes` is what it lacks."""

    workspace: Workspace
    url: str
    parameter: str
    webhook: Webhook | None
    changes: Changes


def plan(target: Target, client: WebhookClient, workspace: Workspace) -> Connection:
    """Raises `CommandError` if the stack has no intake, and `KapsoUnreachable`."""
    if "IntakeUrl" not in target.outputs:
        raise CommandError(f"{target.name} has no intake: deploy it with Intake=on")
    url = target.outputs["IntakeUrl"] + quote(workspace.workspace_id, safe="")
    ours = [each for each in client.webhooks(workspace) if each.url == url]
    webhook = min(ours, key=lambda each: not each.active, default=None)
    changes: Changes = {} if webhook is None else needed_changes(webhook, [webhook])
    parameter = secret_name(target.outputs["SecretParameterPrefix"], workspace.workspace_id)
    return Connection(workspace, url, parameter, webhook, changes)


def connect(target: Target, client: WebhookClient, connection: Connection) -> None:
    """Make a new secret, and the webhook or what it lacks. The old secret is valid until Kapso has the new.

    Raises:
        KapsoUnreachable: nothing is lost: both secrets are valid, and it can be done again.
    """
    new, old = secrets.token_hex(32), _stored(target, connection.parameter)
    _store(target, connection.parameter, "\n".join([new, *old]))
    try:
        if connection.webhook is None:
            client.create(connection.workspace, connection.url, new)
        else:
            changes: Changes = {**connection.changes, "secret_key": new}
            client.change(connection.workspace, connection.webhook.id, changes)
    except KapsoUnreachable as error:
        raise KapsoUnreachable(str(error).replace(new, MASK)) from None
    _store(target, connection.parameter, new)


def _stored(target: Target, name: str) -> list[str]:
    """The secrets that are valid now, the two newest."""
    found = target.client("ssm").get_parameters(Names=[name], WithDecryption=True)["Parameters"]
    return found[0]["Value"].split()[:2] if found else []


def _store(target: Target, name: str, value: str) -> None:
    key: Any = {"KeyId": target.parameters[KEY]} if target.parameters.get(KEY) else {}
    ssm = target.client("ssm")
    ssm.put_parameter(Name=name, Value=value, Type="SecureString", Overwrite=True, **key)
