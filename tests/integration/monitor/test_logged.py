"""At INFO a job logs one line, with its counts: logs must not cost more than the work."""

import io
import json
import logging

from background_sync.rules.policy import DAY_MS, MINUTE_MS
from background_sync_ops.kapso import KapsoStore
from tests.integration.logs import captured
from tests.integration.verify.number import PHONE_ID, REPAIR
from tests.integration.world import NOW, World


def messages(logged: io.StringIO) -> list[str]:
    return [json.loads(line)["message"] for line in logged.getvalue().splitlines()]


def repaired_and_created(world: World, kapso: KapsoStore) -> None:
    world.workspace(settings=REPAIR)
    world.contact("620", DAY_MS)
    for phone in ("620", "621"):
        kapso.message(PHONE_ID, kapso.add_person(phone), "inbound", NOW - 10 * MINUTE_MS)
    world.run()
    assert world.counts("repaired", "created") == (1, 1)


def test_a_run_logs_one_line(world: World, kapso: KapsoStore, logged: io.StringIO) -> None:
    repaired_and_created(world, kapso)
    [line] = logged.getvalue().splitlines()
    entry = json.loads(line)
    assert (entry["level"], entry["message"]) == ("INFO", "the run is completed")
    assert (entry["counts"]["repaired"], entry["counts"]["created"]) == (1, 1)


def test_at_debug_it_logs_each_contact_that_it_changes(world: World, kapso: KapsoStore) -> None:
    with captured(logging.DEBUG) as logged:
        repaired_and_created(world, kapso)
    assert messages(logged) == ["repaired a contact", "created a missing contact", "the run is completed"]


def test_a_message_that_has_to_wait_is_no_line(world: World, logged: io.StringIO) -> None:
    world.workspace()
    world.claim()
    assert not world.run()
    assert '"INFO"' not in logged.getvalue()


def test_an_audit_logs_one_line(world: World, logged: io.StringIO) -> None:
    world.workspace()
    world.audit()
    assert messages(logged) == ["the audit is completed"]
