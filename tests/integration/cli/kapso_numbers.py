"""Numbers in Kapso that belong to workspaces of a running stack."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count

from background_sync.rules.policy import HOUR_MS
from background_sync_ops.kapso import KapsoServer, Webhook
from background_sync_ops.kapso.model import MESSAGE_EVENTS
from tests.integration.cli.running import AT_MS, Operator, Result

KEY = "kapso-key-that-must-not-be-shown"
SECRET = "webhook-secret-that-must-not-be-shown"
PASSWORD = "password-that-must-not-be-shown"
MASKED_URL = "https://***@crm.example/hooks?tenant=***"
PARAMETER = "/background-sync/kapso-tokens/of-the-tests"
_phone_ids = count(300)


@dataclass
class KapsoNumbers:
    """Adds numbers and what happens on them. Ages are before `AT`."""

    operator: Operator
    server: KapsoServer
    workspaces: list[str] = field(default_factory=list)

    def add(self, workspace_id: str, verify: str | None = None) -> str:
        """Add an active workspace and its number. Returns the number's id."""
        phone_id = str(next(_phone_ids))
        self.server.store.add_number(phone_id, KEY)
        ssm = self.operator.aws.client("ssm")
        ssm.put_parameter(Name=PARAMETER, Value=KEY, Type="SecureString", Overwrite=True)
        settings = {} if verify is None else {"settings": {"verify": verify}}
        self.operator.add_workspace(
            workspace_id, kapso_phone_id=phone_id, kapso_token_parameter=PARAMETER, **settings
        )
        self.workspaces.append(workspace_id)
        return phone_id

    def remove(self) -> None:
        """Remove the workspaces, so that sweeps of other tests do not include them."""
        for workspace_id in self.workspaces:
            self.operator.aws.client("dynamodb").delete_item(
                TableName=self.operator.info.outputs["WorkspacesTableName"],
                Key={"workspace_id": {"S": workspace_id}},
            )

    def webhook(
        self, phone_id: str, *, active: bool = True, events: Sequence[str] = MESSAGE_EVENTS
    ) -> Webhook:
        url = f"https://crm:{PASSWORD}@crm.example/hooks?tenant={PASSWORD}"
        return self.server.store.add_webhook(phone_id, url, active=active, events=events, secret_key=SECRET)

    def missed(self, workspace_id: str, phone_id: str, contact_id: str, age_ms: int = 2 * HOUR_MS) -> None:
        """A contact wrote, and the table has only older activity."""
        self.unknown(phone_id, contact_id, age_ms)
        self.operator.add_contact(workspace_id, contact_id, lead_status="new")

    def unknown(self, phone_id: str, contact_id: str, age_ms: int = 2 * HOUR_MS) -> None:
        """A person wrote who is not in the table."""
        store = self.server.store
        store.message(phone_id, store.add_person(contact_id), "inbound", AT_MS - age_ms)


def assert_no_secret(result: Result) -> None:
    for secret in (KEY, SECRET, PASSWORD):
        assert secret not in result.stdout + result.stderr
