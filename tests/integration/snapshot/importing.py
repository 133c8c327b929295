"""An import on a real engine over HTTP, into tables of its own, with every write counted."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from background_sync.records.database import deserialize, serialize
from background_sync_ops.snapshot import ImportReport, ImportTarget, Progress, import_snapshot
from background_sync_ops.snapshot.writer import write_snapshot
from background_sync_ops.stack.clients import LocalClients

NOW = 1_767_225_600_000
WRITES = ("PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems")
SHAPE = ("AttributeDefinitions", "KeySchema")
Document = Mapping[str, Any]


def workspace(workspace_id: str = "w1", **fields: Any) -> dict[str, Any]:
    """A workspace as Convex exports it."""
    return {"_id": workspace_id, "_creationTime": NOW + 0.25, "name": workspace_id, **fields}


def contact(phone: str = "+62 811", document_id: str = "c1", **fields: Any) -> dict[str, Any]:
    """A contact likewise."""
    return {
        "_id": document_id,
        "_creationTime": NOW + 0.25,
        "workspace_id": "w1",
        "phone": phone,
        "lastActivityAt": float(NOW),
        **fields,
    }


@dataclass
class Importing:
    """Tables, and what is loaded into them; `writes` counts the last import's requests that write."""

    target: ImportTarget
    folder: Path
    writes: Counter[str] = field(default_factory=Counter)
    imports: int = 0

    @classmethod
    def beside(cls, outputs: Mapping[str, str], clients: LocalClients, folder: Path) -> "Importing":
        """Copies of the stack's tables, empty."""
        dynamodb, ssm = clients.client("dynamodb"), clients.client("ssm")
        name = uuid4().hex
        tables = [_copy(dynamodb, outputs[f"{each}TableName"], name) for each in ("Workspaces", "Contacts")]
        importing = cls(ImportTarget(dynamodb, ssm, tables[0], tables[1], f"/{name}/kapso-tokens/"), folder)
        for client, operations in ((dynamodb, WRITES), (ssm, ("PutParameter",))):
            for operation in operations:
                event = f"before-call.{client.meta.service_model.service_id.hyphenize()}.{operation}"
                client.meta.events.register(event, importing._count)
        return importing

    def _count(self, model: Any, **_: Any) -> None:
        self.writes[model.name] += 1

    def load(
        self,
        contacts: Sequence[Document] = (),
        workspaces: Sequence[Document] = (workspace(),),
        progress: Any = None,
    ) -> ImportReport:
        """Import these documents."""
        self.imports += 1
        folder = self.folder / f"snapshot-{self.imports}"
        write_snapshot(folder, {"workspaces": workspaces, "contacts": contacts})
        self.writes.clear()
        return import_snapshot(folder, self.target, progress)

    def progress_of(self, contacts: Sequence[Document]) -> list[Progress]:
        """What an import of these contacts tells while it runs."""
        told: list[Progress] = []
        self.load(contacts, progress=told.append)
        return told

    # ------------------------------------------------------------------ what is there

    def workspaces(self) -> dict[str, dict[str, Any]]:
        """All workspaces by id."""
        return {each["workspace_id"]: each for each in self._items(self.target.workspaces_table)}

    def contacts(self) -> dict[str, dict[str, Any]]:
        """All contacts by id."""
        return {each["contact_id"]: each for each in self._items(self.target.contacts_table)}

    def tokens(self) -> dict[str, str]:
        """All tokens by the names of their parameters; every one is a SecureString."""
        pages = self.target.ssm.get_paginator("get_parameters_by_path").paginate(
            Path=self.target.token_parameter_prefix, WithDecryption=True
        )
        found = [each for page in pages for each in page["Parameters"]]
        assert {each["Type"] for each in found} <= {"SecureString"}
        return {each["Name"]: each["Value"] for each in found}

    def _items(self, table: str) -> list[dict[str, Any]]:
        pages = self.target.dynamodb.get_paginator("scan").paginate(TableName=table)
        return [deserialize(item) for page in pages for item in page["Items"]]

    def set_contact(self, contact_id: str = "62811", **attributes: Any) -> None:
        """Somebody else sets attributes of a contact."""
        key = {"workspace_id": "w1", "contact_id": contact_id}
        self._set(self.target.contacts_table, key, attributes)

    def set_workspace(self, **attributes: Any) -> None:
        """Somebody else sets attributes of the workspace."""
        self._set(self.target.workspaces_table, {"workspace_id": "w1"}, attributes)

    def _set(self, table: str, key: Mapping[str, str], attributes: Mapping[str, Any]) -> None:
        self.target.dynamodb.update_item(
            TableName=table,
            Key={name: serialize(value) for name, value in key.items()},
            UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in attributes),
            ExpressionAttributeNames={f"#{name}": name for name in attributes},
            ExpressionAttributeValues={f":{name}": serialize(value) for name, value in attributes.items()},
        )


def _copy(dynamodb: Any, table: str, name: str) -> str:
    shape = dynamodb.describe_table(TableName=table)["Table"]
    indexes = [
        {part: index[part] for part in ("IndexName", "KeySchema", "Projection")}
        for index in shape.get("GlobalSecondaryIndexes", [])
    ]
    copy = f"{table[:100]}-{name}"
    dynamodb.create_table(
        TableName=copy,
        BillingMode="PAY_PER_REQUEST",
        **{part: shape[part] for part in SHAPE},
        **({"GlobalSecondaryIndexes": indexes} if indexes else {}),
    )
    return copy
