"""What Kapso knows of the demo: the numbers of its workspaces, and the messages of the one that verifies.

That workspace lost its webhook: Kapso switched it off. Since then, six people wrote whose contacts are older,
and two who are not in the CRM. The others are just quiet.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from background_sync.intake.secrets import secret_name
from background_sync.rules.policy import MINUTE_MS
from background_sync_ops.demo import MISSED, VERIFYING, WORKSPACES, demo_contacts, token_of
from background_sync_ops.kapso import KapsoStore

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

NEW_PEOPLE = {"16465550171": "Ingrid", "16465550172": "Babak"}
MISSED_STEP_MS = 9 * MINUTE_MS
"""The missed messages are so far apart; the newest is older than what a webhook may still bring."""


def demo_kapso(now_ms: int) -> KapsoStore:
    """The store of the demo as it is at `now_ms`."""
    store, numbers = KapsoStore(), {each.workspace_id: each.kapso_phone_id for each in WORKSPACES}
    for workspace in WORKSPACES:
        store.add_number(workspace.kapso_phone_id, token_of(workspace))
    number, missed_at = numbers[VERIFYING], now_ms - MISSED_STEP_MS
    for kind, contact in demo_contacts(now_ms):
        if contact["workspace_id"] == VERIFYING:
            person = store.add_person(
                contact.get("phone"),
                business_scoped_user_id=contact.get("business_scoped_user_id"),
                name=contact["kapso_name"],
            )
            store.message(number, person, "inbound", round(contact["lastActivityAt"]))
            if kind == MISSED:
                store.message(number, person, "inbound", missed_at)
                missed_at -= MISSED_STEP_MS
    for phone, name in NEW_PEOPLE.items():
        store.message(number, store.add_person(phone, name=name), "inbound", missed_at)
        missed_at -= MISSED_STEP_MS
    return store


def add_webhooks(store: KapsoStore, outputs: Mapping[str, str], ssm: "SSMClient") -> None:
    """Lead the numbers' webhooks to the intake of the stack with these outputs."""
    for workspace in WORKSPACES:
        webhook = store.add_webhook(
            workspace.kapso_phone_id,
            outputs["IntakeUrl"] + workspace.workspace_id,
            active=workspace.workspace_id != VERIFYING,
        )
        name = secret_name(outputs["SecretParameterPrefix"], workspace.workspace_id)
        ssm.put_parameter(Name=name, Value=webhook.secret_key, Type="SecureString", Overwrite=True)
