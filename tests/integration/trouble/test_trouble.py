"""What goes wrong shows within one sweep on the page, to a monitor and by its alarm, and what mends it clears
all three."""

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
from tests.integration.verify.number import PHONE_ID
from tests.integration.world import LEASE_MS, NOW, TOKEN_PREFIX, World

REPAIR = {"verify": "repair"}
NOT_MENDED = "Missed, not repaired"
NOWHERE = "http://127.0.0.1:9"


@dataclass
class Operations:
    """The three who look, and the sweeps between their looks."""

    world: World
    api: Api
    kapso: KapsoStore
    faults: Faults
    emitted: Emitted
    kapso_url: str
    hour: int = 0

    def sweep(self, *, failed_attempts: int = 0) -> None:
        """The next hour's sweep; a message that is not acknowledged comes back as often as a run is tried."""
        self.emitted.read()
        run_at = NOW + self.hour * HOUR_MS
        self.hour += 1
        self.world.clock.time = max(self.world.clock.time, run_at)
        self.world.dispatch(run_at)
        waiting = self.world.receive()
        for _ in range(failed_attempts):
            self.faults.fail("Query", RuntimeError("poison"))
        for _ in range(MAX_ATTEMPTS):
            waiting = [each for each in waiting if not self.world.deliver(each)] + self.world.receive()
            self.world.clock.time += LEASE_MS if waiting else 0

    def measured(self) -> dict[str, float]:
        """The newest value of each metric that was emitted since the last sweep began, or is now."""
        with self.world.acting("MonitorRole"):
            measure(self.world.database, self.world.clock, HOUR_MS)
        values: dict[str, float] = {}
        for document in self.emitted.read():
            described = document["_aws"]["CloudWatchMetrics"]
            names = [each["Name"] for found in described for each in found["Metrics"]]
            values |= {name: document[name][0] for name in names}
        return values

    def check(self, name: str) -> str:
        """The state of a check, as a monitor gets it."""
        self.api.restart()
        return str(self.api.get("/health").document["checks"][name][0]["status"])

    def page(self) -> str:
        """The page, as the public gets it."""
        self.api.restart()
        return self.api.get("/").text


@pytest.fixture
def operations(world: World, api: Api, kapso: KapsoStore, faults: Faults, emitted: Emitted) -> Operations:
    """A workspace that is verified, with a webhook, after a sweep in which all was well."""
    kapso.add_webhook(PHONE_ID, "https://crm.example/hooks", active=True)
    world.workspace(settings=REPAIR)
    world.contact("620", 2 * HOUR_MS)
    operations = Operations(world, api, kapso, faults, emitted, world.kapso_url)
    operations.sweep()
    return operations


Act = Callable[[Operations], object]


@dataclass(frozen=True)
class Trouble:
    """What breaks, what mends it, and where it shows: a check and its state, and an alarm."""

    breaks: Act
    mends: Act
    check: str
    state: str
    alarm: str


def kapso_stops(operations: Operations) -> None:
    operations.world.kapso_url = NOWHERE
    operations.sweep()


def kapso_is_back(operations: Operations) -> None:
    operations.world.kapso_url = operations.kapso_url
    operations.sweep()


def the_key_is_revoked(operations: Operations) -> None:
    operations.kapso.add_number(PHONE_ID, "another-key")
    operations.sweep()


def the_new_key_is_stored(operations: Operations) -> None:
    operations.world.ssm.put_parameter(
        Name=f"{TOKEN_PREFIX}abc", Value="another-key", Type="SecureString", Overwrite=True
    )
    operations.sweep()


def a_workspace_is_poisoned(operations: Operations) -> None:
    operations.sweep(failed_attempts=MAX_ATTEMPTS)


def next_sweep(operations: Operations) -> None:
    operations.sweep()


def the_schedule_is_paused(operations: Operations) -> None:
    operations.hour += 3
    operations.world.clock.time = NOW + 3 * HOUR_MS


def a_webhook_is_switched_off(operations: Operations) -> None:
    for webhook in operations.kapso.webhooks(PHONE_ID):
        operations.kapso.change_webhook(webhook.id, operations.world.clock.time, active=False)
    operations.sweep()


def it_is_resumed(operations: Operations) -> None:
    for webhook in operations.kapso.webhooks(PHONE_ID):
        operations.kapso.change_webhook(webhook.id, operations.world.clock.time, active=True)
    operations.sweep()


TROUBLES = {
    "Kapso stops": Trouble(
        kapso_stops, kapso_is_back, "verification:deferred", "warn", "VerificationDeferredAlarm"
    ),
    "a key is revoked": Trouble(
        the_key_is_revoked, the_new_key_is_stored, "verification:deferred", "warn", "KapsoUnauthorizedAlarm"
    ),
    "a workspace is poisoned": Trouble(
        a_workspace_is_poisoned, next_sweep, "runs:failed", "fail", "RunsFailAlarm"
    ),
    "the schedule is paused": Trouble(
        the_schedule_is_paused, next_sweep, "sweep:age", "fail", "NoSweepFinishesAlarm"
    ),
    "a webhook is switched off": Trouble(
        a_webhook_is_switched_off, it_is_resumed, "webhooks:off", "warn", "WebhookOffAlarm"
    ),
}


@pytest.mark.parametrize("name", TROUBLES)
def test_it_shows_everywhere_and_clears_everywhere(operations: Operations, name: str) -> None:
    trouble = TROUBLES[name]
    guide = GUIDES[trouble.check]
    assert_it_shows(operations, trouble, state="pass", raised=False)
    assert guide.problem not in operations.page()
    trouble.breaks(operations)
    assert_it_shows(operations, trouble, state=trouble.state, raised=True)
    assert guide.problem in operations.page()
    trouble.mends(operations)
    assert_it_shows(operations, trouble, state="pass", raised=False)
    assert guide.problem not in operations.page()


def assert_it_shows(operations: Operations, trouble: Trouble, *, state: str, raised: bool) -> None:
    assert operations.check(trouble.check) == state
    assert is_raised(trouble.alarm, operations.measured()) is raised


def test_a_missed_webhook_raises_its_alarm_until_a_sweep_finds_nothing(operations: Operations) -> None:
    """It is mended: health does not worry about it, and somebody should look at the cause."""
    operations.kapso.message(PHONE_ID, operations.kapso.add_person("621"), "inbound", NOW + 30 * MINUTE_MS)
    operations.sweep()
    assert is_raised("WebhooksMissedAlarm", operations.measured())
    assert operations.check("verification:deferred") == "pass"
    operations.sweep()
    assert not is_raised("WebhooksMissedAlarm", operations.measured())


def test_what_was_missed_and_left_shows_on_the_page(operations: Operations) -> None:
    assert NOT_MENDED not in operations.page()
    operations.world.workspace(settings={"verify": "report"})
    operations.kapso.message(PHONE_ID, operations.kapso.add_person("621"), "inbound", NOW + 30 * MINUTE_MS)
    operations.sweep()
    assert is_raised("WebhooksMissedAlarm", operations.measured())
    assert NOT_MENDED in operations.page()


def test_a_message_that_was_given_up_shows_until_it_is_moved_back(operations: Operations) -> None:
    url = operations.api.dead_letter_queue_url
    operations.world.sqs.send_message(QueueUrl=url, MessageBody="poison")
    assert operations.check("deadLetters:waiting") == "warn"
    assert GUIDES["deadLetters:waiting"].problem in operations.page()
    depth = {"ApproximateNumberOfMessagesVisible": operations.world.queue.depth(url)}
    assert is_raised("DeadLettersAlarm", depth)
    operations.world.sqs.purge_queue(QueueUrl=url)
    assert operations.check("deadLetters:waiting") == "pass"


def test_nobody_measures_and_nobody_sweeps_is_an_alarm_too() -> None:
    assert is_raised("NoSweepFinishesAlarm", {})
    assert not is_raised("RunsFailAlarm", {})
