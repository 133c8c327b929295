"""Who cannot sign gets nothing in, learns nothing, and harms nobody."""

import io
import json
import logging
from typing import Any

import pytest

from background_sync.intake.receive import MAX_BODY_BYTES
from background_sync.intake.secrets import KEPT_MS, LOOKED_AGAIN_MS, secret_name
from background_sync.queue import NotSent, WorkQueue
from background_sync.tokens import NoToken
from background_sync_ops.kapso.sending import signature
from tests.integration.faults import ChoosyQueue
from tests.integration.intake.conftest import SECRET, Intake
from tests.integration.logs import captured
from tests.integration.world import World


@pytest.fixture
def body(intake: Intake) -> bytes:
    person = intake.store.add_person("628123", business_scoped_user_id="ID.1", name="Sari")
    return json.dumps(intake.message(person)).encode()


@pytest.mark.parametrize("workspace_id", ["w1", "unknown", "#run", "", "w" * 3000, "w\udcff"])
@pytest.mark.parametrize("signed", ["", "0" * 64, "é" * 64, signature("another secret", b"{}")])
def test_what_is_not_signed_is_refused_and_not_queued(
    intake: Intake, body: bytes, workspace_id: str, signed: str
) -> None:
    assert intake.post(body, signed, workspace_id) == 401
    assert intake.queued() == []


def test_a_signature_is_of_these_bytes_of_this_workspace(intake: Intake, world: World, body: bytes) -> None:
    intake.secret("secret-of-w2", world.workspace("w2"))
    signed = signature(SECRET, body)
    assert intake.post(body + b" ", signed) == 401
    assert intake.post(json.dumps(json.loads(body), separators=(",", ":")).encode(), signed) == 401
    assert intake.post(body, signed, "w2") == 401
    assert intake.post(body, signed.upper()) == 401
    assert intake.queued() == []
    assert intake.post(body, signed) == 200
    assert len(intake.queued()) == 1


def test_a_workspace_without_a_secret_accepts_none(intake: Intake, world: World, body: bytes) -> None:
    world.workspace("w2")
    assert intake.post(body, signature("", body), "w2") == 401
    intake.secret("\n \n", world.workspace("w3"))
    assert intake.post(body, signature("", body), "w3") == 401
    assert intake.queued() == []


def test_what_is_queued_ignored_and_refused_is_counted(
    intake: Intake, body: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert intake.post(body, intake.signed(body)) == 200
    assert intake.post(body, intake.signed(body), name="whatsapp.message.read") == 200
    assert intake.post(body, "0" * 64) == 401
    documents = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    found = [{name: each[name] for name in each if name.startswith("Intake")} for each in documents]
    assert found == [
        {"IntakeEvents": [1.0], "IntakeIgnored": [0.0]},
        {"IntakeEvents": [0.0], "IntakeIgnored": [1.0]},
        {"IntakeRefused": [1.0]},
    ]


def test_a_huge_body_is_refused_unread(intake: Intake, body: bytes) -> None:
    huge = body + b" " * (MAX_BODY_BYTES + 1 - len(body))
    assert intake.post(huge, signature(SECRET, huge)) == 413
    assert intake.post(huge[:-1], signature(SECRET, huge[:-1])) == 200


def test_a_replayed_webhook_is_answered_and_changes_nothing(
    intake: Intake, world: World, body: bytes
) -> None:
    intake.post(body, signature(SECRET, body))
    intake.record()
    stored = world.contacts()
    assert intake.post(body, signature(SECRET, body)) == 200
    assert intake.queued() == []
    intake.restart()
    world.clock.time += KEPT_MS * 1000
    assert intake.post(body, signature(SECRET, body)) == 200
    intake.record()
    assert world.contacts() == stored


def test_nothing_of_a_body_or_a_secret_is_logged(intake: Intake, body: bytes) -> None:
    with captured(logging.DEBUG) as lines:
        intake.post(body, signature("another", body))
        intake.post(body, signature(SECRET, body))
        intake.record()
    assert isinstance(lines, io.StringIO)
    for secret in (SECRET, "Sari", signature(SECRET, body)):
        assert secret not in lines.getvalue()


def test_the_queue_holds_no_text_of_a_message(intake: Intake, body: bytes) -> None:
    text = json.loads(body)["message"]["text"]["body"]
    intake.post(body, signature(SECRET, body))
    assert text
    assert text not in intake.queued()[0]


def test_forged_webhooks_cost_few_reads_of_secrets(
    intake: Intake, world: World, body: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SSM's quota is shared by all tenants; made-up workspaces never reach it."""
    read, names = world.ssm.get_parameters, list[str]()

    def counted(**asked: Any) -> Any:
        names.extend(asked["Names"])
        return read(**asked)

    monkeypatch.setattr(world.ssm, "get_parameters", counted)
    intake.restart()
    for number in range(50):
        intake.post(body, "0" * 64, f"made-up-{number}")
        intake.post(body, "0" * 64)
        intake.post(body, signature(SECRET, body))
    assert names == ["/stack/webhook-secrets/w1"]
    world.clock.time += LOOKED_AGAIN_MS
    intake.post(body, "0" * 64)
    assert len(names) == 2


def test_both_secrets_are_valid_while_one_is_changed(intake: Intake, world: World, body: bytes) -> None:
    intake.post(body, signature(SECRET, body))
    intake.secret(f"new\n{SECRET}")
    world.clock.time += LOOKED_AGAIN_MS
    assert intake.post(body, signature("new", body)) == 200
    assert intake.post(body, signature(SECRET, body)) == 200
    intake.secret("new")
    world.clock.time += KEPT_MS
    assert intake.post(body, signature("new", body)) == 200
    assert intake.post(body, signature(SECRET, body)) == 401


def test_a_secret_that_cannot_be_read_is_no_refusal(
    intake: Intake, body: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kapso then sends the webhook again."""

    def denied(**_: object) -> None:
        raise NoToken("AccessDeniedException")

    monkeypatch.setattr(intake.receiver.senders.tokens, "_request", lambda *_: denied())
    with pytest.raises(NoToken):
        intake.post(body, signature(SECRET, body))
    assert intake.queued() == []
    monkeypatch.undo()
    assert intake.post(body, signature(SECRET, body)) == 200
    assert len(intake.queued()) == 1


def test_what_the_queue_does_not_take_is_not_answered_and_comes_again(
    intake: Intake, world: World, body: bytes
) -> None:
    full: Any = ChoosyQueue(world.sqs, lambda _: True, 6)
    intake.receiver.queue = WorkQueue(intake.queue.url, world.clock, full)
    with pytest.raises(NotSent):
        intake.post(body, signature(SECRET, body))
    assert intake.queued() == []
    assert intake.post(body, signature(SECRET, body)) == 200
    assert len(intake.queued()) == 1


@pytest.mark.parametrize(
    ("workspace_id", "name"),
    [("acme-1_A.b", "acme-1_A.b"), ("ä b", "hashed/"), ("a/../b", "hashed/"), ("x" * 201, "hashed/")],
)
def test_every_workspace_has_a_name_for_its_secret(workspace_id: str, name: str) -> None:
    assert secret_name("/p/", workspace_id).startswith(f"/p/{name}")
