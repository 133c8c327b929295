"""Capacity is counted from every answer that tells of it."""

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


def test_reads_and_writes_apart(database: Database) -> None:
    with database.attempt(DEADLINE) as usage:
        answer(database, "Query", {"CapacityUnits": 2.5})
        answer(database, "GetItem", {"CapacityUnits": 1.0})
        answer(database, "UpdateItem", {"CapacityUnits": 3.0})
    assert (usage.read_units, usage.write_units) == (3.5, 3.0)


def test_a_transaction_tells_of_each_table(database: Database) -> None:
    with database.attempt(DEADLINE) as usage:
        answer(database, "TransactWriteItems", [{"CapacityUnits": 4.0}, {"CapacityUnits": 2.0}])
    assert (usage.read_units, usage.write_units) == (0.0, 6.0)


def test_an_answer_that_does_not_tell_adds_nothing(database: Database) -> None:
    with database.attempt(DEADLINE) as usage:
        answer(database, "DescribeTable")
    assert (usage.read_units, usage.write_units) == (0.0, 0.0)


def test_the_next_block_begins_at_nothing(database: Database) -> None:
    with database.attempt(DEADLINE):
        answer(database, "Query", {"CapacityUnits": 2.5})
    with database.attempt(DEADLINE) as usage:
        answer(database, "Query", {"CapacityUnits": 1.0})
    assert usage.read_units == 1.0
