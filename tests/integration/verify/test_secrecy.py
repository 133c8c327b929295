"""Kapso keys and webhook secrets appear in no log, metric, record, message or exception."""

import io
import logging

import pytest

from background_sync.messages import BACKFILL, Message, Window
from background_sync.rules.policy import DAY_MS
from background_sync_ops.kapso import faults as answers
from tests.integration.verify.number import KEY, PHONE_ID, REPAIR, REPORT, Number
from tests.integration.world import NOW, Received, World

WEBHOOK_SECRET = "wh_sec_7f3a9b2c4d"
SECRETS = (KEY, WEBHOOK_SECRET)
ECHO = f"Invalid API key {KEY}, webhook {WEBHOOK_SECRET}"
FAULTS: dict[str, answers.Fault | None] = {
    "no fault": None,
    **{str(code): answers.status(code, ECHO) for code in (400, 401, 404, 422, 429, 500)},
    "a page": answers.html(),
    "text": answers.body(ECHO.encode()),
    "a redirect": answers.redirect(f"https://example.com/{KEY}"),
    "odd records": answers.records(lambda record: {**record, "id": ECHO, "active": ECHO, "data": ECHO}),
    "another number": answers.another_number(KEY),
    "an odd cursor": answers.edited(lambda document: {**document, "paging": {"cursors": {"after": ECHO}}}),
    "a reset": answers.reset(),
}


def everything_stored(world: World) -> str:
    tables = world.database.tables
    items = [world.items(name) for name in (tables.workspaces, tables.contacts, tables.sync_health)]
    return repr(items) + repr([each.body for each in world.receive()])


def add_webhooks(number: Number) -> None:
    for active in (True, False):
        number.store.add_webhook(
            PHONE_ID, "https://crm.example.com", active=active, secret_key=WEBHOOK_SECRET
        )


@pytest.mark.usefixtures("no_time_to_wait")
@pytest.mark.parametrize(
    ("settings", "path", "fault_name"),
    [
        (REPORT, "", "no fault"),
        *((REPAIR, "/conversations", name) for name in FAULTS),
        *((REPAIR, "/platform/", name) for name in ("401", "text", "odd records")),
    ],
)
def test_no_log_metric_message_or_record_contains_a_secret(
    world: World,
    number: Number,
    logged: io.StringIO,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    settings: dict[str, str],
    path: str,
    fault_name: str,
) -> None:
    for name in ("urllib3", "background_sync", "tests"):
        caplog.set_level(logging.DEBUG, name)
    world.workspace(settings=settings)
    number.missed("621")
    number.message("622", DAY_MS // 2, missed=True)
    add_webhooks(number)
    if fault := FAULTS[fault_name]:
        number.server.faults.add(fault, path=path)
    world.sweep()
    window = Window(NOW - DAY_MS, NOW, dry_run=False)
    world.deliver(Received(Message(BACKFILL, "w1", NOW, window).body(), "none"))
    printed = capsys.readouterr()
    output = logged.getvalue() + caplog.text + printed.out + printed.err + everything_stored(world)
    assert "w1" in logged.getvalue()
    assert "RunsCompleted" in printed.out
    assert [secret for secret in SECRETS if secret in output] == []


def test_an_unforeseen_error_does_not_put_a_secret_on_the_run(
    world: World, number: Number, logged: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error's text is stored on the run."""

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("something unforeseen")

    monkeypatch.setattr("background_sync.kapso.client.send_request", fail)
    world.workspace(settings=REPAIR)
    add_webhooks(number)
    assert not world.run()
    assert world.record().error == "RuntimeError: something unforeseen"
    assert KEY not in logged.getvalue() + everything_stored(world)
