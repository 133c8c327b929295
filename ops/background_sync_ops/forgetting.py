"""Deletes the data of a person, or of a whole workspace, from the tables, so that no repair brings it back.

    leave hashes -> wait for work under way -> delete contacts -> clean the records of runs -> done

The hashes come first: from then on, no run and no message makes the contact again. Work that began before may
still do so, so it is waited for. Whatever dies can be repeated: until all is done, the hashes' items keep the
person's identities, and a workspace keeps its record.
"""

import secrets
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pynamodb.expressions.operand import Path

from background_sync.intake.secrets import KEPT_MS, secret_name
from background_sync.records.contacts import contact_ids_by_bsuid, contact_key, read_contacts
from background_sync.records.database import Database, update_item, update_item_if
from background_sync.records.forgotten import EVERYBODY, erased, identity_hash
from background_sync.records.runs import audit_key, backfill_key
from background_sync.records.typed import Item, serialize
from background_sync.records.workspaces import all_workspaces, find_workspace
from background_sync.rules.identity import phone_digits, spellings
from background_sync.rules.values import valid_text
from background_sync_ops.run_records import RunRecords
from background_sync_ops.stored import delete_all, items_of
from background_sync_ops.target import Target

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

RECORDER_S = 30
"""The timeout of the recorder: a message that it began to record is recorded by then."""
POINT_IN_TIME_DAYS = 35
"""DynamoDB's longest recovery period, and its default."""
DAY_S = 86_400
WHO = ("contact_id", "name", "kapso_name", "phone", "business_scoped_user_id")


@dataclass(frozen=True, slots=True)
class Person:
    """A person's contacts, and all that the person is known by."""

    contacts: Mapping[str, Item]
    identities: frozenset[str]


@dataclass(frozen=True, slots=True)
class Deleted:
    """How many contacts and records were deleted or cleaned, and which parameters of SSM were deleted."""

    contacts: int
    records: int
    parameters: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Eraser:
    """Works on one workspace. `secret_prefix` is None without the intake."""

    database: Database
    ssm: "SSMClient"
    workspace_id: str
    key_parameter: str
    token_prefix: str
    secret_prefix: str | None = None
    kms_key: str | None = None

    @classmethod
    def of(cls, target: Target, workspace_id: str) -> "Eraser":
        return cls(
            database=target.connect(),
            ssm=target.client("ssm"),
            workspace_id=workspace_id,
            key_parameter=target.outputs["ErasureKeyParameter"],
            token_prefix=target.outputs["TokenParameterPrefix"],
            secret_prefix=target.outputs.get("SecretParameterPrefix"),
            kms_key=target.parameters.get("TokenKmsKeyArn") or None,
        )

    def find_person(self, given: str) -> Person:
        """The person with a contact's id, a phone or a business-scoped user id; maybe without a contact."""
        known = {given, phone_digits(given) or given}
        known |= self._unfinished(known)
        contacts = self._contacts(known)
        for item in contacts.values():
            values = {item[name].get("S", "") for name in WHO if name in item and "name" not in name}
            known |= values - {""} | {phone_digits(each) for each in values} - {""}
        return Person(contacts, frozenset(known))

    def forget_person(self, person: Person) -> Deleted:
        hash_key = self._hash_key()
        hashes = sorted({identity_hash(hash_key, self.workspace_id, each) for each in person.identities})
        for each in hashes:
            self._leave(each, self.database.clock.now(), erasing=sorted(person.identities))
        self._settle()
        contact_ids = self._contacts(person.identities).keys() | person.contacts.keys()
        for each in sorted(contact_ids):
            key = contact_key(self.workspace_id, each)
            self.database.client.delete_item(TableName=self.database.tables.contacts, Key=key)
        known = _spelled(person.identities)
        cleaned = self._records.settle(known)
        self._drop_unwritable(known)
        for each in hashes:
            self._finish(each)
        return Deleted(len(contact_ids), cleaned)

    def forget_workspace(self) -> Deleted:
        # The intake may go on for as long as it keeps the secret.
        self._leave(EVERYBODY, self.database.clock.now() + KEPT_MS)
        self._deactivate()
        self._settle()
        tables = self.database.tables
        contacts = delete_all(self.database, tables.contacts, self.workspace_id, "contact_id")
        parameters = list(self._own_parameters())
        names = [each.rsplit("/", 1)[-1] for each in parameters]
        keys = [f"{prefix}{name}" for prefix in ("#rate#", "#webhooks#") for name in names]
        partitions = (self.workspace_id, audit_key(self.workspace_id), backfill_key(self.workspace_id))
        records = sum(
            delete_all(self.database, tables.sync_health, each, "run_at") for each in (*partitions, *keys)
        )
        gone = self.ssm.delete_parameters(Names=parameters)["DeletedParameters"] if parameters else ()
        # Last, because it names the parameters.
        self.database.client.delete_item(TableName=tables.workspaces, Key=self._workspace_key)
        return Deleted(contacts, records, tuple(gone))

    @property
    def _records(self) -> RunRecords:
        return RunRecords(self.database, self.workspace_id)

    @property
    def _workspace_key(self) -> Item:
        return {"workspace_id": {"S": self.workspace_id}}

    def _settle(self) -> None:
        self._records.settle()
        if self.secret_prefix is not None:
            self.database.clock.sleep(RECORDER_S)

    def _contacts(self, identities: Iterable[str]) -> dict[str, Item]:
        ids = set(_spelled(identities))
        for each in identities:
            ids.update(contact_ids_by_bsuid(self.database, self.workspace_id, each))
        return read_contacts(self.database, self.workspace_id, ids, WHO)

    def _unfinished(self, identities: Collection[str]) -> set[str]:
        """All identities of a person who is being forgotten: an earlier attempt has died.

        It may have died when some of the hashes were done: those that are not still keep them.
        """
        names = ("contact_id", "erasing")
        items = items_of(self.database, self.database.tables.contacts, erased(self.workspace_id), *names)
        people = [item["erasing"]["SS"] for item in items if "erasing" in item]
        return {each for one in people if _spelled(one) & _spelled(identities) for each in one}

    def _hash_key(self) -> str:
        """The key of the hashes, which is made when it is needed first."""
        own: Any = {"KeyId": self.kms_key} if self.kms_key else {}
        while (found := self._stored_hash_key()) is None:
            value = secrets.token_hex(32)
            try:
                self.ssm.put_parameter(Name=self.key_parameter, Value=value, Type="SecureString", **own)
            except self.ssm.exceptions.ParameterAlreadyExists:
                continue
        return found

    def _stored_hash_key(self) -> str | None:
        answer = self.ssm.get_parameters(Names=[self.key_parameter], WithDecryption=True)
        return answer["Parameters"][0]["Value"] if answer["Parameters"] else None

    def _leave(self, name: str, forgotten_at: int, erasing: Collection[str] = ()) -> None:
        item = {**contact_key(erased(self.workspace_id), name), "forgotten_at": serialize(forgotten_at)}
        if erasing:
            item["erasing"] = {"SS": list(erasing)}
        self.database.client.put_item(TableName=self.database.tables.contacts, Item=item)

    def _finish(self, name: str) -> None:
        key, exists = contact_key(erased(self.workspace_id), name), Path("contact_id").exists()
        update_item(self.database, self.database.tables.contacts, key, [Path("erasing").remove()], exists)

    def _drop_unwritable(self, contact_ids: Collection[str]) -> None:
        while True:
            record = find_workspace(self.database, self.workspace_id) or {}
            listed = record.get("unwritable")
            kept = (
                [each for each in listed if each not in contact_ids] if isinstance(listed, list) else listed
            )
            if kept == listed or self._change([Path("unwritable").set(serialize(kept))], listed):
                return

    def _change(self, actions: Any, unwritable: object) -> bool:
        unchanged = Path("unwritable") == serialize(unwritable)
        table = self.database.tables.workspaces
        return update_item_if(self.database, table, self._workspace_key, actions, unchanged) is not None

    def _deactivate(self) -> None:
        """No sweep begins a run from now on, and the intake knows no number."""
        table, exists = self.database.tables.workspaces, Path("workspace_id").exists()
        update_item(self.database, table, self._workspace_key, [Path("kapso_phone_id").remove()], exists)

    def _own_parameters(self) -> Iterator[str]:
        """The workspace's secret, and its key unless others have the same."""
        name = valid_text(find_workspace(self.database, self.workspace_id) or {}, "kapso_token_parameter")
        others = (each for each in all_workspaces(self.database) if each["workspace_id"] != self.workspace_id)
        is_shared = any(each.get("kapso_token_parameter") == name for each in others)
        if name is not None and name.startswith(self.token_prefix) and not is_shared:
            yield name
        if self.secret_prefix is not None:
            yield secret_name(self.secret_prefix, self.workspace_id)


def _spelled(identities: Iterable[str]) -> set[str]:
    return {spelling for each in identities for spelling in spellings(each)}


def remaining(target: Target) -> Iterator[dict[str, str]]:
    """What cannot be deleted here, and for how long it stays."""
    days = f"{target.parameters.get('LogRetentionDays')} days"
    yield {"what": "logs", "for": f"until you delete {target.state_dir}" if target.is_local else days}
    if not target.is_local:
        yield {"what": "point-in-time recovery of the tables", "for": f"at most {POINT_IN_TIME_DAYS} days"}
    queues = {"messages": "IntakeQueueUrl", "dead letters": "IntakeDeadLetterQueueUrl"}
    for what, name in queues.items():
        if name in target.outputs:
            answer = target.client("sqs").get_queue_attributes(
                QueueUrl=target.outputs[name], AttributeNames=["MessageRetentionPeriod"]
            )
            kept = int(answer["Attributes"]["MessageRetentionPeriod"]) // DAY_S
            yield {"what": f"{what} of the intake", "for": f"at most {kept} days"}
    yield {
        "what": "the CRM's own copies, exports of the tables, and Kapso",
        "for": "until you delete them there",
    }
