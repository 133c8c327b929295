"""Between them the use cases emit every metric of the catalogue, as alarms and dashboard expect it."""

from dataclasses import replace
from typing import Any

import pytest

from background_sync.messages import BACKFILL, RUN, Message, Window
from background_sync.rules.metrics import METRICS
from background_sync.rules.policy import DAY_MS, HOUR_MS
from background_sync.status.monitor import measure
from background_sync.sync.reconcile import reconcile
from background_sync.sync.task import run_job
from background_sync.telemetry import metric_name
from background_sync_ops.kapso import KapsoStore
from tests.integration.faults import Faults
from tests.integration.monitor.conftest import Emitted
from tests.integration.verify.number import PHONE_ID
from tests.integration.world import INVOCATION_MS, NOW, Received, World

REPAIR = {"verify": "repair"}


def run_metered(world: World) -> None:
    """A run whose capacity is metered, as it is on AWS."""
    context = replace(world.job_context(), capacity_metered=True)
    message = Message(RUN, "w1", NOW)
    run_job(context, message, world.deadline(INVOCATION_MS), reconcile, first_delivery=True)


def backfill(world: World) -> None:
    message = Message(BACKFILL, "w1", NOW, Window(NOW - DAY_MS, NOW, dry_run=False))
    assert world.deliver(Received(message.body(), "none"))


@pytest.fixture
def documents(world: World, kapso: KapsoStore, faults: Faults, emitted: Emitted) -> list[dict[str, Any]]:
    """What a sweep with a failed attempt, an audit, a backfill and a look of the monitor emit."""
    world.workspace(settings=REPAIR)
    world.contact("621", 2 * HOUR_MS)
    kapso.message(PHONE_ID, kapso.add_person("622"), "inbound", NOW - HOUR_MS)
    world.dispatch()
    faults.fail("Query", RuntimeError("no"))
    assert not world.run()
    run_metered(world)
    assert world.audit()
    backfill(world)
    measure(world.clock, HOUR_MS)
    return emitted.read()


def described(documents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [each for document in documents for each in document["_aws"]["CloudWatchMetrics"]]


def test_every_metric_of_the_catalogue_with_its_unit_and_no_other(documents: list[dict[str, Any]]) -> None:
    found = {each["Name"]: each["Unit"] for found in described(documents) for each in found["Metrics"]}
    assert found == {metric_name(name): unit for name, unit in METRICS.items()}


def test_the_service_is_the_one_dimension(documents: list[dict[str, Any]]) -> None:
    assert all(each["Dimensions"] == [["service"]] for each in described(documents))
    assert {document["service"] for document in documents} == {"tests"}


def test_one_document_for_each_thing_that_was_done(documents: list[dict[str, Any]]) -> None:
    assert len(documents) == 6


def test_a_refused_key_is_told_from_other_reasons(world: World, kapso: KapsoStore, emitted: Emitted) -> None:
    world.workspace(settings=REPAIR)
    world.run()
    kapso.add_number(PHONE_ID, "another-key")
    world.run(run_at=NOW + 1)
    world.kapso_url = "http://127.0.0.1:9"
    world.run(run_at=NOW + 2)
    told = [(each["Deferred"], each["KapsoUnauthorized"]) for each in emitted.read()]
    assert told == [([0.0], [0.0]), ([1.0], [1.0]), ([1.0], [0.0])]


def test_what_a_run_consumed_is_told_once_over_its_attempts(
    documents: list[dict[str, Any]], world: World
) -> None:
    [told] = [document["ReadUnits"] for document in documents if "ReadUnits" in document]
    assert told == [pytest.approx(float(world.record().read_units or 0))]
