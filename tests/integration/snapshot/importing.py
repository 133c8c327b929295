"""Imports into tables of their own, on a real engine over HTTP."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from background_sync.records.typed import deserialize, serialize
from background_sync_ops.snapshot import (
    ImportProgress,
    ImportReport,
    ImportTarget,
    import_snapshot,
    write_snapshot,
)
from background_sync_ops.stack.clients import LocalClients

NOW = 1_767_225_600_000
WRITES = ("PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems")
Document = Mapping[str, Any]


def workspace(workspace_id: str = "w1", **fields: Any) -> dict[str, Any]:
    return {"_id": workspace_id, "_creationTime": NOW + 0.25, "name": workspace_id, **fields}


def contact(phone: str = "+62 811", document_id: str = "c1", **fields: Any) -> dict[str, Any]:
    usual = {"_creationTime": NOW + 0.25, "workspace_id": "w1", "lastActivityAt": float(NOW)}
    return {"_id": document_id, "phone": phone, **usual, **fields}


def note(content: str, at: float = NOW, by: str = "rina") -> dict[str, Any]:
    return {"content": content, "addedBy": by, "addedAt": at}


def stored_note(content: str, at: int = NOW, by: str = "rina") -> dict[str, Any]:
    return {"content": content, "added_by": by, "added_at": at}


@dataclass
class Importing:
    """Empty tables, and imports into them. `writes` counts the writing requests of the last import."""

    target: ImportTarget
    folder: Path
    writes: Counter[str] = field(default_factory=Counter)
    imports: int = 0

    @classmethod
    def beside(cls, outputs: Mapping[str, str], clients: LocalClients, folder: Path) -> "Importing":
        """Into empty copies of the stack's tables."""
        dynamodb, ssm = clients.client("dynamodb"), clients.client("ssm")
        name = uuid4().hex
        target = ImportTarget(
            dynamodb=dynamodb,
            ssm=ssm,
            workspaces_table=_copy(dynamodb, outputs["WorkspacesTableName"], name),
            contacts_table=_copy(dynamodb, outputs["ContactsTableName"], name),
            token_parameter_prefix=f"/{name}/kapso-tokens/",
            now=NOW,
        )
        importing = cls(target, folder)
        for operation in WRITES:
            dynamodb.meta.events.register(f"before-call.dynamodb.{operation}", importing._count)
        ssm.meta.events.register("before-call.ssm.PutParameter", importing._count)
        return importing

    def _count(self, model: Any, **_: Any) -> None:
        self.writes[model.name] += 1

    def load(
        self,
        contacts: Sequence[Document] = (),
        workspaces: Sequence[Document] = (workspace(),),
        progress: Callable[[ImportProgress], None] = lambda _: None,
    ) -> ImportReport:
        self.imports += 1
        folder = self.folder / f"snapshot-{self.imports}"
        write_snapshot(folder, {"workspaces": workspaces, "contacts": contacts})
        self.writes.clear()
        return import_snapshot(folder, self.target, progress)

    def workspaces(self) -> dict[str, dict[str, Any]]:
        return {each["workspace_id"]: each for each in self._items(self.target.workspaces_table)}

    def contacts(self) -> dict[str, dict[str, Any]]:
        return {each["contact_id"]: each for each in self._items(self.target.contacts_table)}

    def tokens(self) -> dict[str, str]:
        """All tokens by the names of their parameters; each must be a SecureString."""
        pages = self.target.ssm.get_paginator("get_parameters_by_path").paginate(
            Path=self.target.token_parameter_prefix, WithDecryption=True
        )
        found = [each for page in pages for each in page["Parameters"]]
        assert {each["Type"] for each in found} <= {"SecureString"}
        return {each["Name"]: each["Value"] for each in found}

    def _items(self, table: str) -> list[dict[str, Any]]:
        pages = self.target.dynamodb.get_paginator("scan").paginate(TableName=table)
        return [deserialize(item) for page in pages for item in page["Items"]]

    def set_contact(self, **attributes: Any) -> None:
        key = {"workspace_id": "w1", "contact_id": "62811"}
        self._set(self.target.contacts_table, key, attributes)

    def set_workspace(self, **attributes: Any) -> None:
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
        **{part: shape[part] for part in ("AttributeDefinitions", "KeySchema")},
        **({"GlobalSecondaryIndexes": indexes} if indexes else {}),
    )
    return copy
