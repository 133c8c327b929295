"""The jobs and the monitor together emit every metric that alarms and dashboard use, but the intake's."""

from dataclasses import replace
from typing import Any

import pytest

from background_sync.messages import BACKFILL, RUN, Message, Window
from background_sync.rules.metrics import METRICS
from background_sync.rules.policy import DAY_MS, HOUR_MS
from background_sync.status.monitor import measure
from background_sync.sync.reconcile import reconcile
from background_sync.sync.task import EXPIRED, run_job
from background_sync.telemetry import metric_name
from background_sync_ops.kapso import KapsoStore
from tests.integration.faults import Faults
from tests.integration.monitor.conftest import Emitted
from tests.integration.verify.number import PHONE_ID
from tests.integration.world import INVOCATION_MS, LEASE_MS, NOW, Received, World

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
    """The metrics of a sweep, a failed attempt, a run, an audit, a backfill and the monitor."""
    world.workspace(settings=REPAIR)
    world.contact("621", 2 * HOUR_MS)
    kapso.message(PHONE_ID, kapso.add_person("622"), "inbound", NOW - HOUR_MS)
    world.dispatch()
    faults.fail("Query", RuntimeError("no"))
    assert not world.run()
    run_metered(world)
    assert world.audit()
    backfill(world)
    measure(world.database, world.clock, HOUR_MS)
    return emitted.read()


def test_each_job_emits_one_document_and_all_emit_the_catalogue(documents: list[dict[str, Any]]) -> None:
    directives = [each for document in documents for each in document["_aws"]["CloudWatchMetrics"]]
    units = {each["Name"]: each["Unit"] for found in directives for each in found["Metrics"]}
    jobs = {name: unit for name, unit in METRICS.items() if not name.startswith("intake_")}
    assert units == {metric_name(name): unit for name, unit in jobs.items()}
    assert [each["Dimensions"] for each in directives] == [[["service"]]] * 6


def test_a_refused_key_has_a_metric_of_its_own(world: World, kapso: KapsoStore, emitted: Emitted) -> None:
    world.workspace(settings=REPAIR)
    world.run()
    kapso.add_number(PHONE_ID, "another-key")
    world.run(run_at=NOW + 1)
    world.kapso_url = "http://127.0.0.1:9"
    world.run(run_at=NOW + 2)
    values = [(each["Deferred"], each["KapsoUnauthorized"]) for each in emitted.read()]
    assert values == [([0.0], [0.0]), ([1.0], [1.0]), ([1.0], [0.0])]


def test_the_capacity_of_all_attempts_is_emitted_once(documents: list[dict[str, Any]], world: World) -> None:
    [emitted] = [document["ReadUnits"] for document in documents if "ReadUnits" in document]
    assert emitted == [pytest.approx(float(world.record().read_units or 0))]


def runs_failed(emitted: Emitted) -> float:
    return sum(sum(document.get("RunsFailed", [0])) for document in emitted.read())


def test_a_run_that_fails_again_counts_once(world: World, faults: Faults, emitted: Emitted) -> None:
    world.workspace()
    for receive_count in (1, 2, 3):
        faults.fail("Query", RuntimeError("no"))
        assert not world.run(receive_count=receive_count)
    assert runs_failed(emitted) == 1


def test_a_run_whose_lease_expired_counts_too(world: World, faults: Faults, emitted: Emitted) -> None:
    world.workspace()
    faults.fail("Query", KeyboardInterrupt())
    try:
        world.run()
    except KeyboardInterrupt:
        world.clock.time += LEASE_MS
    assert world.run(run_at=NOW + HOUR_MS)
    assert world.record().error == EXPIRED
    assert runs_failed(emitted) == 1
