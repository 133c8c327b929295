"""Capacity units are counted from DynamoDB's answers."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from background_sync.clock import Deadline, SystemClock
from background_sync.records.database import Database

DEADLINE = Deadline(SystemClock(), 0)


@pytest.fixture
def database() -> Database:
    return Database(cast("Any", None), cast("Any", None), cast("Any", None), SystemClock())


def answer(database: Database, operation: str, consumed: object = None) -> None:
    parsed = {} if consumed is None else {"ConsumedCapacity": consumed}
    database.count(parsed, SimpleNamespace(name=operation), http_response=None)


def test_each_attempt_counts_its_reads_and_its_writes(database: Database) -> None:
    with database.attempt(DEADLINE):
        answer(database, "Query", {"CapacityUnits": 9.0})
    with database.attempt(DEADLINE) as usage:
        answer(database, "Query", {"CapacityUnits": 2.5})
        answer(database, "GetItem", {"CapacityUnits": 1.0})
        answer(database, "UpdateItem", {"CapacityUnits": 3.0})
        answer(database, "TransactWriteItems", [{"CapacityUnits": 4.0}, {"CapacityUnits": 2.0}])
        answer(database, "DescribeTable")
    assert (usage.read_units, usage.write_units) == (3.5, 9.0)
