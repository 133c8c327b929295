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


def test_reads_and_writes_are_counted_separately(database: Database) -> None:
    with database.attempt(DEADLINE) as usage:
        answer(database, "Query", {"CapacityUnits": 2.5})
        answer(database, "GetItem", {"CapacityUnits": 1.0})
        answer(database, "UpdateItem", {"CapacityUnits": 3.0})
    assert (usage.read_units, usage.write_units) == (3.5, 3.0)


def test_a_transaction_counts_all_its_tables(database: Database) -> None:
    with database.attempt(DEADLINE) as usage:
        answer(database, "TransactWriteItems", [{"CapacityUnits": 4.0}, {"CapacityUnits": 2.0}])
    assert (usage.read_units, usage.write_units) == (0.0, 6.0)


def test_an_answer_without_capacity_adds_nothing(database: Database) -> None:
    with database.attempt(DEADLINE) as usage:
        answer(database, "DescribeTable")
    assert (usage.read_units, usage.write_units) == (0.0, 0.0)


def test_each_attempt_starts_at_zero(database: Database) -> None:
    with database.attempt(DEADLINE):
        answer(database, "Query", {"CapacityUnits": 2.5})
    with database.attempt(DEADLINE) as usage:
        answer(database, "Query", {"CapacityUnits": 1.0})
    assert usage.read_units == 1.0
