"""The tables of the last release, with which every later template must get along.

DynamoDB makes or removes one index of a table at a time, cannot change one, and cannot change a table's key.
A release writes the tables down anew: `python -m tests.template.released`.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from background_sync.rules.version import VERSION
from background_sync_ops.stack.template import TABLE, read_source
from background_sync_ops.table_check import keys, projected
from tests.template.resources import ROOT

PATH = ROOT / "tests" / "data" / "released_tables.json"
Table = Mapping[str, Any]


def problems(released: Table, now: Table) -> Iterator[str]:
    """Why DynamoDB or CloudFormation would refuse to make the second table of the first."""
    if keys(released, released) != keys(now, now):
        yield "another key: the table would be replaced by an empty one"
    before, after = _indexes(released), _indexes(now)
    for name in before.keys() & after.keys():
        if before[name] != after[name]:
            yield f"{name} is another index: give it a new name"
    if len(before.keys() ^ after.keys()) > 1:
        yield "more than one index is new or gone: one in each release"


def _indexes(table: Table) -> dict[str, Any]:
    return {
        index["IndexName"]: (
            keys(index, table),
            index["Projection"]["ProjectionType"],
            projected(index),
        )
        for index in table.get("GlobalSecondaryIndexes", [])
    }


def tables() -> dict[str, Table]:
    """The tables of template.yaml, by logical id: what DynamoDB cannot change at will."""
    parts = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes")
    resources = read_source(ROOT / "template.yaml")["Resources"]
    return {
        name: {part: item["Properties"][part] for part in parts if part in item["Properties"]}
        for name, item in resources.items()
        if item["Type"] == TABLE
    }


if __name__ == "__main__":
    document = {"version": VERSION, "tables": tables()}
    PATH.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
