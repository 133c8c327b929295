"""`background-sync webhooks` on a running stack: shows webhooks, and puts one right."""

import io
import json
from typing import Any

import pytest

from background_sync_ops.kapso import faults as answers
from background_sync_ops.kapso.model import MESSAGE_EVENTS, RECEIVED, SENT
from tests.integration.cli.kapso_numbers import MASKED_URL, KapsoNumbers, assert_no_secret
from tests.integration.cli.running import AT_MS, Operator, Result, error


def test_a_webhook_is_shown_without_its_secrets(numbers: KapsoNumbers, operator: Operator) -> None:
    webhook = numbers.webhook(numbers.add("hooked"))
    text, document = operator.run("webhooks", "hooked"), operator.run("webhooks", "hooked", "--json")
    assert (text.status, document.status) == (0, 0), (text, document)
    assert webhook.id in text.stdout
    assert MASKED_URL in text.stdout
    assert_no_secret(text)
    assert_no_secret(document)
    [found] = json.loads(document.stdout)["workspaces"]
    assert found == {
        "workspace_id": "hooked",
        "state": "active",
        "missing": [],
        "remembered": {"webhook": None, "webhook_since": None},
        "webhooks": [
            {
                "id": webhook.id,
                "url": MASKED_URL,
                "active": True,
                "kind": "kapso",
                "events": list(MESSAGE_EVENTS),
            }
        ],
        "error": None,
    }


@pytest.mark.parametrize(
    ("webhooks", "state", "missing", "words"),
    [
        ([(False, MESSAGE_EVENTS)] * 2, "off", [], "off"),
        ([], "none", [], "without a webhook"),
        ([(True, [RECEIVED])], "incomplete", [SENT], f"no webhook gets {SENT}"),
    ],
)
def test_webhooks_that_do_not_work_are_named_with_exit_status_1(
    numbers: KapsoNumbers, operator: Operator, webhooks: list[Any], state: str, missing: list[str], words: str
) -> None:
    phone_id = numbers.add(f"hooks-{state}")
    for active, events in webhooks:
        numbers.webhook(phone_id, active=active, events=events)
    [found] = operator.json("webhooks", f"hooks-{state}", status=1)["workspaces"]
    assert (found["state"], found["missing"], len(found["webhooks"])) == (state, missing, len(webhooks))
    assert words in operator.run("webhooks", f"hooks-{state}").words


def test_the_state_that_the_last_run_saw_is_shown(operator: Operator) -> None:
    operator.add_workspace("remembering", webhook="off", webhook_since=AT_MS, kapso_token_parameter="/x")
    [found] = operator.json("webhooks", "remembering", status=3)["workspaces"]
    assert found["remembered"] == {"webhook": "off", "webhook_since": AT_MS}
    text = operator.run("webhooks", "remembering").stdout
    assert "the last run saw: off, since 2026-01-01T10:00:00Z" in text


def test_a_refused_number_is_a_line_others_are_shown(numbers: KapsoNumbers, operator: Operator) -> None:
    numbers.webhook(numbers.add("answered"))
    refused = numbers.add("refused")
    numbers.server.faults.add(answers.status(404), path=f"/{refused}/")
    result = operator.run("webhooks")
    assert result.status in (1, 3)
    assert MASKED_URL in result.stdout
    [line] = [line for line in result.stderr.splitlines() if line.startswith("error: refused: ")]
    assert "404" in line
    assert_no_secret(result)


def test_a_token_that_cannot_be_read_is_named_by_its_parameter(operator: Operator) -> None:
    operator.add_workspace("keyless")
    result = operator.run("webhooks", "keyless")
    assert result.status == 3
    assert result.stderr == "error: keyless: /background-sync/kapso-tokens/x: ParameterNotFound\n"


def fix(operator: Operator, monkeypatch: pytest.MonkeyPatch, workspace: str, answer: str) -> Result:
    monkeypatch.setattr("sys.stdin", io.StringIO(answer))
    return operator.run("webhooks", "--fix", workspace)


def test_fix_shows_the_webhook_asks_and_changes_nothing_but_its_state(
    numbers: KapsoNumbers, operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook = numbers.webhook(numbers.add("asked", verify="repair"), active=False)
    result = fix(operator, monkeypatch, "asked", "y\n")
    assert result.status == 0, result.stderr
    assert MASKED_URL in result.stderr
    assert "Change it? [y/N]" in result.stderr
    assert "next sweep repairs what was missed meanwhile" in result.words
    assert_no_secret(result)
    assert numbers.server.store.webhook(webhook.id).active
    [change] = [each for each in numbers.server.requests if each.method == "PATCH"]
    assert json.loads(change.body) == {"whatsapp_webhook": {"active": True}}


@pytest.mark.parametrize(
    ("answer", "status", "message"),
    [
        ("n\n", 1, "Nothing was changed.\n"),
        ("\n", 1, "Nothing was changed.\n"),
        ("what\n", 1, "Nothing was changed.\n"),
        ("", 2, "error: there was no answer: --yes changes it without asking\n"),
    ],
)
def test_fix_changes_nothing_unless_the_answer_is_yes(
    numbers: KapsoNumbers,
    operator: Operator,
    monkeypatch: pytest.MonkeyPatch,
    answer: str,
    status: int,
    message: str,
) -> None:
    webhook = numbers.webhook(numbers.add("declined"), active=False)
    result = fix(operator, monkeypatch, "declined", answer)
    assert result.status == status
    assert (result.stdout or result.stderr).endswith(message)
    assert not numbers.server.store.webhook(webhook.id).active


def test_fix_does_not_change_an_active_webhook(numbers: KapsoNumbers, operator: Operator) -> None:
    numbers.webhook(numbers.add("well"))
    result = operator.run("webhooks", "--fix", "well", "--yes")
    assert (result.status, result.stdout) == (0, "The webhooks of well need no change.\n")
    assert all(each.method == "GET" for each in numbers.server.requests)


def test_fix_needs_an_id_if_several_webhooks_are_off(numbers: KapsoNumbers, operator: Operator) -> None:
    phone_id = numbers.add("several")
    first, second = (numbers.webhook(phone_id, active=False) for _ in range(2))
    result = operator.run("webhooks", "--fix", "several", "--yes")
    assert result.status == 3
    assert "--webhook" in result.stderr
    assert first.id in result.stderr
    document = operator.json("webhooks", "--fix", "several", "--yes", "--webhook", second.id)
    assert (document["fixed"], document["state"]) == (second.id, "active")
    assert not numbers.server.store.webhook(first.id).active


def test_fix_of_a_webhook_that_does_not_exist_is_an_error(numbers: KapsoNumbers, operator: Operator) -> None:
    phone_id = numbers.add("empty")
    fix_empty = ("webhooks", "--fix", "empty", "--yes")
    assert operator.run(*fix_empty) == error("the number of empty has no webhook: create one in Kapso")
    known = numbers.webhook(phone_id, active=False)
    assert operator.run(*fix_empty, "--webhook", "x") == error(f"empty has no webhook x, only {known.id}")


# ---------------------------------------------------------------- --connect


def connect(operator: Operator, monkeypatch: pytest.MonkeyPatch, workspace: str, answer: str) -> Result:
    monkeypatch.setattr("sys.stdin", io.StringIO(answer))
    return operator.run("webhooks", "--connect", workspace)


def stored_secret(operator: Operator, workspace: str) -> str:
    name = operator.info.outputs["SecretParameterPrefix"] + workspace
    found = operator.aws.client("ssm").get_parameters(Names=[name], WithDecryption=True)["Parameters"]
    return found[0]["Value"] if found else ""


def test_connect_makes_the_webhook_after_asking_and_messages_arrive(
    numbers: KapsoNumbers, operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone_id, store = numbers.add("joined"), numbers.server.store
    result = connect(operator, monkeypatch, "joined", "y\n")
    assert result.status == 0, result.stderr
    [webhook] = store.webhooks(phone_id)
    assert webhook.url == operator.info.outputs["IntakeUrl"] + "joined"
    assert (webhook.active, webhook.events) == (True, MESSAGE_EVENTS)
    assert webhook.url in result.stderr
    assert webhook.secret_key == stored_secret(operator, "joined")
    assert webhook.secret_key not in result.stdout + result.stderr
    numbers.unknown(phone_id, "628777")
    numbers.server.courier.deliver_pending()
    assert store.deliveries(phone_id)[-1].response_status == 200


def test_connect_completes_what_leads_here_and_leaves_other_webhooks(
    numbers: KapsoNumbers, operator: Operator
) -> None:
    phone_id, store = numbers.add("completed"), numbers.server.store
    other = numbers.webhook(phone_id, active=False, events=[RECEIVED])
    url = operator.info.outputs["IntakeUrl"] + "completed"
    ours = store.add_webhook(phone_id, url, active=False, events=["whatsapp.message.read", SENT])
    document = operator.json("webhooks", "--connect", "completed", "--yes")
    assert (document["connected"], document["state"]) == (True, "active")
    changed = store.webhook(ours.id)
    assert (changed.active, changed.events) == (True, ("whatsapp.message.read", SENT, RECEIVED))
    assert changed.secret_key == stored_secret(operator, "completed") != ours.secret_key
    assert store.webhook(other.id) == other


@pytest.mark.parametrize(("answer", "status"), [("n\n", 1), ("", 2)])
def test_connect_does_nothing_unless_the_answer_is_yes(
    numbers: KapsoNumbers, operator: Operator, monkeypatch: pytest.MonkeyPatch, answer: str, status: int
) -> None:
    phone_id = numbers.add("hesitant")
    assert connect(operator, monkeypatch, "hesitant", answer).status == status
    assert numbers.server.store.webhooks(phone_id) == []
    assert stored_secret(operator, "hesitant") == ""


def test_the_old_secret_stays_valid_if_kapso_does_not_take_the_new_one(
    numbers: KapsoNumbers, operator: Operator
) -> None:
    phone_id = numbers.add("unlucky")
    assert operator.run("webhooks", "--connect", "unlucky", "--yes").status == 0
    old = stored_secret(operator, "unlucky")
    numbers.server.faults.add(answers.status(422), path=f"/{phone_id}/webhooks/")
    result = operator.run("webhooks", "--connect", "unlucky", "--yes")
    assert result.status == 3
    new, *kept = stored_secret(operator, "unlucky").split()
    assert kept == [old]
    assert new not in result.stdout + result.stderr


def test_a_request_to_make_a_webhook_is_sent_once(numbers: KapsoNumbers, operator: Operator) -> None:
    """A second one might make a second webhook."""
    numbers.server.faults.add(answers.status(500), path=f"/{numbers.add('once')}/webhooks", nth=2)
    assert operator.run("webhooks", "--connect", "once", "--yes").status == 3
    assert [each.method for each in numbers.server.requests if each.method == "POST"] == ["POST"]
