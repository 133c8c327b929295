"""A problem shows within one sweep in a check, on the page and as an alarm; its fix clears all three."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from background_sync.records.runs import MAX_ATTEMPTS
from background_sync.rules.policy import HOUR_MS, MINUTE_MS
from background_sync.status.monitor import measure
from background_sync.status.runbook import GUIDES
from background_sync_ops.kapso import KapsoStore
from tests.integration.faults import Faults
from tests.integration.health.api import Api
from tests.integration.monitor.conftest import Emitted
from tests.integration.trouble.alarms import is_raised
from tests.integration.verify.number import PHONE_ID, REPAIR, put_key
from tests.integration.world import LEASE_MS, NOW, World

NONE_LEFT = "Missed, not repaired</dt><dd>0 %"
UNREACHABLE = "http://127.0.0.1:9"


@dataclass
class Operations:
    """Runs sweeps, and reads the health checks, the page and the metrics."""

    world: World
    api: Api
    kapso: KapsoStore
    faults: Faults
    emitted: Emitted
    kapso_url: str
    hour: int = 0

    def sweep(self, *, failed_attempts: int = 0) -> None:
        """The next hour's sweep, with retries; `failed_attempts` attempts at runs fail."""
        self.emitted.read()
        run_at = NOW + self.hour * HOUR_MS
        self.hour += 1
        self.world.clock.time = max(self.world.clock.time, run_at)
        self.world.dispatch(run_at)
        waiting = self.world.receive()
        for _ in range(failed_attempts):
            self.faults.fail("Query", RuntimeError("boom"))
        for _ in range(MAX_ATTEMPTS):
            waiting = [each for each in waiting if not self.world.deliver(each)] + self.world.receive()
            self.world.clock.time += LEASE_MS if waiting else 0

    def measured(self) -> dict[str, float]:
        """The newest value of each metric emitted since the last sweep began, or measured now."""
        with self.world.acting("MonitorRole"):
            measure(self.world.database, self.world.clock, HOUR_MS)
        values: dict[str, float] = {}
        for document in self.emitted.read():
            described = document["_aws"]["CloudWatchMetrics"]
            names = [each["Name"] for found in described for each in found["Metrics"]]
            values |= {name: document[name][0] for name in names}
        return values

    def check(self, name: str) -> str:
        """The state of a check in `/health`."""
        self.api.restart()
        return str(self.api.get("/health").document["checks"][name][0]["status"])

    def page(self) -> str:
        """The public page."""
        self.api.restart()
        return self.api.get("/").text


@pytest.fixture
def operations(world: World, api: Api, kapso: KapsoStore, faults: Faults, emitted: Emitted) -> Operations:
    """A verified workspace with a webhook, after a sweep without problems."""
    kapso.add_webhook(PHONE_ID, "https://crm.example/hooks", active=True)
    world.workspace(settings=REPAIR)
    world.contact("620", 2 * HOUR_MS)
    operations = Operations(world, api, kapso, faults, emitted, world.kapso_url)
    operations.sweep()
    return operations


Act = Callable[[Operations], object]


@dataclass(frozen=True)
class Trouble:
    """What breaks, what fixes it, and where it shows: a check and its state, and an alarm."""

    breaks: Act
    fixes: Act
    check: str
    state: str
    alarm: str


def kapso_stops(operations: Operations) -> None:
    operations.world.kapso_url = UNREACHABLE
    operations.sweep()


def kapso_responds_again(operations: Operations) -> None:
    operations.world.kapso_url = operations.kapso_url
    operations.sweep()


def the_key_is_revoked(operations: Operations) -> None:
    operations.kapso.add_number(PHONE_ID, "another-key")
    operations.sweep()


def the_new_key_is_stored(operations: Operations) -> None:
    put_key(operations.world, "abc", "another-key")
    operations.sweep()


def every_attempt_of_a_run_fails(operations: Operations) -> None:
    operations.sweep(failed_attempts=MAX_ATTEMPTS)


def the_schedule_is_paused(operations: Operations) -> None:
    operations.hour += 3
    operations.world.clock.time = NOW + 3 * HOUR_MS


def switch_webhooks(operations: Operations, *, active: bool) -> None:
    for webhook in operations.kapso.webhooks(PHONE_ID):
        operations.kapso.change_webhook(webhook.id, operations.world.clock.time, active=active)
    operations.sweep()


def a_webhook_is_switched_off(operations: Operations) -> None:
    switch_webhooks(operations, active=False)


def the_webhook_is_switched_on(operations: Operations) -> None:
    switch_webhooks(operations, active=True)


def the_token_at_meta_is_revoked(operations: Operations) -> None:
    operations.kapso.failing_checks[PHONE_ID].add("token_validity")
    operations.world.audit()
    operations.sweep()


def the_number_is_connected_again(operations: Operations) -> None:
    operations.kapso.failing_checks.clear()
    operations.sweep()


TROUBLES = {
    "Kapso stops": Trouble(
        kapso_stops, kapso_responds_again, "verification:deferred", "warn", "VerificationDeferredAlarm"
    ),
    "a key is revoked": Trouble(
        the_key_is_revoked, the_new_key_is_stored, "verification:deferred", "warn", "KapsoUnauthorizedAlarm"
    ),
    "every attempt of a run fails": Trouble(
        every_attempt_of_a_run_fails, Operations.sweep, "runs:failed", "fail", "RunsFailAlarm"
    ),
    "the schedule is paused": Trouble(
        the_schedule_is_paused, Operations.sweep, "sweep:age", "fail", "NoSweepFinishesAlarm"
    ),
    "a webhook is switched off": Trouble(
        a_webhook_is_switched_off, the_webhook_is_switched_on, "webhooks:off", "warn", "WebhookOffAlarm"
    ),
    "a token at Meta is revoked": Trouble(
        the_token_at_meta_is_revoked,
        the_number_is_connected_again,
        "reception:lost",
        "fail",
        "ReceptionLostAlarm",
    ),
}


@pytest.mark.parametrize("name", TROUBLES)
def test_a_problem_shows_everywhere_until_it_is_fixed(operations: Operations, name: str) -> None:
    trouble = TROUBLES[name]
    guide = GUIDES[trouble.check]
    assert_it_shows(operations, trouble, state="pass", raised=False)
    assert guide.problem not in operations.page()
    trouble.breaks(operations)
    assert_it_shows(operations, trouble, state=trouble.state, raised=True)
    assert guide.problem in operations.page()
    trouble.fixes(operations)
    assert_it_shows(operations, trouble, state="pass", raised=False)
    assert guide.problem not in operations.page()


def assert_it_shows(operations: Operations, trouble: Trouble, *, state: str, raised: bool) -> None:
    assert operations.check(trouble.check) == state
    assert is_raised(trouble.alarm, operations.measured()) is raised


def test_a_missed_webhook_raises_its_alarm_until_a_sweep_finds_none(operations: Operations) -> None:
    """The contact is repaired, so the health check passes; the alarm asks somebody to look for the cause."""
    operations.kapso.message(PHONE_ID, operations.kapso.add_person("621"), "inbound", NOW + 30 * MINUTE_MS)
    operations.sweep()
    assert is_raised("WebhooksMissedAlarm", operations.measured())
    assert operations.check("verification:deferred") == "pass"
    operations.sweep()
    assert not is_raised("WebhooksMissedAlarm", operations.measured())


def test_a_missed_message_that_is_not_repaired_shows_on_the_page(operations: Operations) -> None:
    assert NONE_LEFT in operations.page()
    operations.world.workspace(settings={"verify": "report"})
    operations.kapso.message(PHONE_ID, operations.kapso.add_person("621"), "inbound", NOW + 30 * MINUTE_MS)
    operations.sweep()
    assert is_raised("WebhooksMissedAlarm", operations.measured())
    assert NONE_LEFT not in operations.page()


def test_a_dead_letter_shows_until_the_queue_is_empty(operations: Operations) -> None:
    url = operations.api.dead_letter_queue_url
    operations.world.sqs.send_message(QueueUrl=url, MessageBody="poison")
    assert operations.check("deadLetters:waiting") == "warn"
    assert GUIDES["deadLetters:waiting"].problem in operations.page()
    depth = {"ApproximateNumberOfMessagesVisible": operations.world.queue.depth(url)}
    assert is_raised("DeadLettersAlarm", depth)
    operations.world.sqs.purge_queue(QueueUrl=url)
    assert operations.check("deadLetters:waiting") == "pass"


def test_missing_measurements_of_the_sweep_raise_an_alarm() -> None:
    assert is_raised("NoSweepFinishesAlarm", {})
    assert not is_raised("RunsFailAlarm", {})
