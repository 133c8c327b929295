"""Numbers in Kapso beside the workspaces of a running stack."""

from dataclasses import dataclass, field
from itertools import count

from background_sync.rules.policy import HOUR_MS
from background_sync_ops.kapso import KapsoServer, Webhook
from tests.integration.cli.running import AT_MS, Ended, Operator

KEY = "kapso-key-that-nobody-may-see"
SECRET = "webhook-secret-that-nobody-may-see"
PASSWORD = "password-that-nobody-may-see"
PARAMETER = "/background-sync/kapso-tokens/of-the-tests"
_phone_ids = count(300)


@dataclass
class Numbers:
    """What happens in Kapso, and whether the table hears of it; ages are before `AT`."""

    operator: Operator
    server: KapsoServer
    workspaces: list[str] = field(default_factory=list)

    def add(self, workspace_id: str, verify: str | None = None) -> str:
        """An active workspace and its number; the number's id."""
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
        """Take the workspaces away: no other test's sweep is to meet them."""
        for workspace_id in self.workspaces:
            self.operator.aws.client("dynamodb").delete_item(
                TableName=self.operator.info.outputs["WorkspacesTableName"],
                Key={"workspace_id": {"S": workspace_id}},
            )

    def webhook(self, phone_id: str, *, active: bool = True) -> Webhook:
        """A webhook whose URL holds secrets."""
        url = f"https://crm:{PASSWORD}@crm.example/hooks?tenant={PASSWORD}"
        return self.server.store.add_webhook(phone_id, url, active=active, secret_key=SECRET)

    def missed(self, workspace_id: str, phone_id: str, contact_id: str, age_ms: int = 2 * HOUR_MS) -> None:
        """A contact that wrote since the table last heard of it."""
        store = self.server.store
        store.message(phone_id, store.add_person(contact_id), "inbound", AT_MS - age_ms)
        self.operator.add_contact(workspace_id, contact_id, lead_status="new")

    def unknown(self, phone_id: str, contact_id: str, age_ms: int = 2 * HOUR_MS) -> None:
        """Somebody who wrote, and whom the table has not."""
        store = self.server.store
        store.message(phone_id, store.add_person(contact_id), "inbound", AT_MS - age_ms)


def assert_no_secret(ended: Ended) -> None:
    """No token, secret or password stands in what a command printed."""
    for secret in (KEY, SECRET, PASSWORD):
        assert secret not in ended.stdout + ended.stderr
