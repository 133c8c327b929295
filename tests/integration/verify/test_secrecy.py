"""The key and the webhooks' secrets go nowhere: no log, no metric, no record, no exception."""

import io
import logging
from itertools import product
from typing import Any

import pytest

from background_sync.messages import BACKFILL, Message, Window
from background_sync.rules.policy import DAY_MS
from background_sync.tokens import NoToken, Tokens
from background_sync_ops.kapso import faults as answers
from tests.integration.kapso.client.test_secrecy import told
from tests.integration.verify.number import KEY, PHONE_ID, REPAIR, REPORT, Number
from tests.integration.world import NOW, TOKEN_PREFIX, Received, World

WEBHOOK_SECRET = "wh_sec_7f3a9b2c4d"
SECRETS = (KEY, WEBHOOK_SECRET)
ECHO = f"Invalid API key {KEY}, webhook {WEBHOOK_SECRET}"
WAYS: dict[str, answers.Fault | None] = {
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


def everything_in(world: World) -> str:
    """All items of all tables, and all messages."""
    tables = world.database.tables
    items = [world.items(name) for name in (tables.workspaces, tables.contacts, tables.sync_health)]
    return repr(items) + repr([each.body for each in world.receive()])


def with_secrets(number: Number) -> None:
    for active in (True, False):
        number.store.add_webhook(
            PHONE_ID, "https://crm.example.com", active=active, secret_key=WEBHOOK_SECRET
        )


@pytest.mark.parametrize(
    ("settings", "path", "way"),
    [(REPORT, "", "no fault"), *product([REPAIR], ["/conversations", "/platform/"], WAYS)],
)
def test_nothing_that_is_said_or_kept_tells_a_secret(
    world: World,
    number: Number,
    logged: io.StringIO,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    settings: dict[str, str],
    path: str,
    way: str,
) -> None:
    for name in ("urllib3", "background_sync", "tests"):
        caplog.set_level(logging.DEBUG, name)
    world.workspace(settings=settings)
    number.missed("621")
    number.message("622", DAY_MS // 2, missed=True)
    with_secrets(number)
    if fault := WAYS[way]:
        number.server.faults.add(fault, path=path)
    world.sweep()
    window = Window(NOW - DAY_MS, NOW, dry_run=False)
    world.deliver(Received(Message(BACKFILL, "w1", NOW, window).body(), "none"))
    printed = capsys.readouterr()
    told_of = logged.getvalue() + caplog.text + printed.out + printed.err + everything_in(world)
    assert "w1" in logged.getvalue()
    assert "RunsCompleted" in printed.out
    assert [secret for secret in SECRETS if secret in told_of] == []


def test_no_exception_tells_a_secret(
    world: World, number: Number, logged: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever goes wrong where the key is at hand, its text is kept on the run."""

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("something unforeseen")

    monkeypatch.setattr("background_sync.kapso.client.send_request", fail)
    world.workspace(settings=REPAIR)
    with_secrets(number)
    assert not world.run()
    assert world.record().error == "RuntimeError: something unforeseen"
    assert KEY not in logged.getvalue() + everything_in(world)


@pytest.mark.parametrize("name", [f"{TOKEN_PREFIX}gone", "/stack/outside", f"{TOKEN_PREFIX} "])
def test_what_is_said_of_a_key_that_cannot_be_read_is_its_parameters_name(world: World, name: str) -> None:
    tokens = Tokens(TOKEN_PREFIX, world.clock, world.ssm)
    with pytest.raises(NoToken) as error:
        tokens.get(name)
    assert name in str(error.value)
    assert KEY not in told(error.value)


def test_what_holds_the_keys_does_not_show_them(world: World, number: Number) -> None:  # noqa: ARG001
    tokens = Tokens(TOKEN_PREFIX, world.clock, world.ssm)
    assert tokens.get(f"{TOKEN_PREFIX}abc") == KEY
    desk: Any = world.handler()
    assert KEY not in repr(tokens) + str(tokens) + repr(desk)
