"""Whether a table has the keys and indexes of template.yaml, and the command that adds what is missing.

Tables are as in the template and as in the answer of DescribeTable: KeySchema, AttributeDefinitions and
GlobalSecondaryIndexes have one form in both.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from shlex import quote
from typing import Any

Table = Mapping[str, Any]
Keys = Sequence[tuple[str, str, str]]
"""The name, kind (HASH, RANGE) and type (S, N) of each key attribute."""


@dataclass(frozen=True)
class Lack:
    """What a table lacks; `is_urgent` unless it will come by itself or only costs storage."""

    text: str
    todo: str
    is_urgent: bool = True


def lacks(wanted: Table, found: Table, region: str) -> Iterator[Lack]:
    if keys(found, found) != (key := keys(wanted, wanted)):
        names = ", ".join(f"{name} ({kind}, {type_})" for name, kind, type_ in key)
        yield Lack(f"its key is not {names}", "a key cannot be changed: leave the parameter empty and import")
        return
    there = {index["IndexName"]: index for index in found.get("GlobalSecondaryIndexes", [])}
    for index in wanted.get("GlobalSecondaryIndexes", []):
        yield from _index_lacks(wanted, index, found, there.get(index["IndexName"]), region)


def keys(item: Mapping[str, Any], table: Table) -> Keys:
    """The key of a table, or of an index of it."""
    types = {each["AttributeName"]: each["AttributeType"] for each in table["AttributeDefinitions"]}
    return [
        (each["AttributeName"], each["KeyType"], types[each["AttributeName"]]) for each in item["KeySchema"]
    ]


def projected(index: Mapping[str, Any]) -> frozenset[str]:
    """The attributes that an index projects beside its keys."""
    return frozenset(index["Projection"].get("NonKeyAttributes", ()))


def _index_lacks(
    wanted: Table, index: Mapping[str, Any], found: Table, there: Mapping[str, Any] | None, region: str
) -> Iterator[Lack]:
    name = index["IndexName"]
    if there is None:
        yield Lack(f"the index {name} is missing", _creation(wanted, index, found, region))
    elif not _serves(index, wanted, there, found):
        deletion = {"Delete": {"IndexName": name}}
        yield Lack(
            f"the index {name} has other keys or attributes",
            f"if nothing else uses it: {_update(found, region, deletion)}, then ask again",
        )
    elif there.get("IndexStatus", "ACTIVE") != "ACTIVE":
        yield Lack(f"the index {name} is being made", "wait; sweeps see all contacts after that", False)


def _serves(index: Mapping[str, Any], wanted: Table, there: Mapping[str, Any], found: Table) -> bool:
    has_all = there["Projection"]["ProjectionType"] == "ALL" or projected(index) <= projected(there)
    return has_all and keys(there, found) == keys(index, wanted)


def _creation(wanted: Table, index: Mapping[str, Any], found: Table, region: str) -> str:
    creation = {name: index[name] for name in ("IndexName", "KeySchema", "Projection")}
    if found.get("BillingModeSummary", {}).get("BillingMode") != "PAY_PER_REQUEST":
        capacity = found["ProvisionedThroughput"]
        units = ("ReadCapacityUnits", "WriteCapacityUnits")
        creation["ProvisionedThroughput"] = {unit: capacity[unit] for unit in units}
    types = {each["AttributeName"]: each["AttributeType"] for each in found["AttributeDefinitions"]}
    types |= {name: type_ for name, _, type_ in keys(index, wanted)}
    pairs = " ".join(f"AttributeName={name},AttributeType={type_}" for name, type_ in types.items())
    return f"{_update(found, region, {'Create': creation})} --attribute-definitions {pairs}"


def _update(found: Table, region: str, change: Mapping[str, Any]) -> str:
    changes = quote(json.dumps([change], separators=(",", ":")))
    table = f"aws dynamodb update-table --region {region} --table-name {found['TableName']}"
    return f"{table} --global-secondary-index-updates {changes}"
