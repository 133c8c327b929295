"""`background-sync webhooks` on a running stack: shows webhooks, and switches one on again."""

import io
import json

import pytest

from background_sync_ops.kapso import faults as answers
from background_sync_ops.kapso.model import MESSAGE_EVENTS
from tests.integration.cli.kapso_numbers import MASKED_URL, KapsoNumbers, assert_no_secret
from tests.integration.cli.running import AT_MS, Operator, Result, error


def test_a_webhook_is_shown_without_its_secrets(numbers: KapsoNumbers, operator: Operator) -> None:
    webhook = numbers.webhook(numbers.add("hooked"))
    text, document = operator.run("webhooks", "hooked"), operator.run("webhooks", "hooked", "--json")
    assert (text.status, document.status) == (0, 0)
    assert webhook.id in text.stdout
    assert MASKED_URL in text.stdout
    assert_no_secret(text)
    assert_no_secret(document)
    [found] = json.loads(document.stdout)["workspaces"]
    assert found == {
        "workspace_id": "hooked",
        "state": "active",
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


@pytest.mark.parametrize(("webhooks", "state"), [([False, True], "off"), ([], "none")])
def test_a_webhook_that_is_off_or_missing_is_exit_status_1(
    numbers: KapsoNumbers, operator: Operator, webhooks: list[bool], state: str
) -> None:
    phone_id = numbers.add(f"hooks-{state}")
    for active in webhooks:
        numbers.webhook(phone_id, active=active)
    [found] = operator.json("webhooks", f"hooks-{state}", status=1)["workspaces"]
    assert (found["state"], [each["active"] for each in found["webhooks"]]) == (state, webhooks)


def test_the_state_that_the_last_run_saw_is_shown(operator: Operator) -> None:
    operator.add_workspace("remembering", webhook="off", webhook_since=AT_MS, kapso_token_parameter="/x")
    [found] = operator.json("webhooks", "remembering", status=3)["workspaces"]
    assert found["remembered"] == {"webhook": "off", "webhook_since": AT_MS}
    text = operator.run("webhooks", "remembering").stdout
    assert "the last run saw: off, since 2026-01-01T10:00:00Z" in text


def test_a_number_that_kapso_refuses_has_one_line_and_the_others_are_shown(
    numbers: KapsoNumbers, operator: Operator
) -> None:
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


def resume(operator: Operator, monkeypatch: pytest.MonkeyPatch, workspace: str, answer: str) -> Result:
    """Switch a webhook on, with an answer on stdin."""
    monkeypatch.setattr("sys.stdin", io.StringIO(answer))
    return operator.run("webhooks", "--resume", workspace)


def test_resume_shows_the_webhook_asks_and_changes_nothing_but_its_state(
    numbers: KapsoNumbers, operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook = numbers.webhook(numbers.add("asked", verify="repair"), active=False)
    result = resume(operator, monkeypatch, "asked", "y\n")
    assert result.status == 0, result.stderr
    assert MASKED_URL in result.stderr
    assert "Switch it on? [y/N]" in result.stderr
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
        ("", 2, "error: there was no answer: --yes switches it on without asking\n"),
    ],
)
def test_resume_changes_nothing_unless_the_answer_is_yes(
    numbers: KapsoNumbers,
    operator: Operator,
    monkeypatch: pytest.MonkeyPatch,
    answer: str,
    status: int,
    message: str,
) -> None:
    webhook = numbers.webhook(numbers.add("declined"), active=False)
    result = resume(operator, monkeypatch, "declined", answer)
    assert result.status == status
    assert (result.stdout or result.stderr).endswith(message)
    assert not numbers.server.store.webhook(webhook.id).active


def test_resume_with_yes_does_not_ask(numbers: KapsoNumbers, operator: Operator) -> None:
    webhook = numbers.webhook(numbers.add("sure"), active=False)
    document = operator.json("webhooks", "--resume", "sure", "--yes")
    assert (document["resumed"], document["state"]) == (webhook.id, "active")


def test_resume_does_not_change_an_active_webhook(numbers: KapsoNumbers, operator: Operator) -> None:
    numbers.webhook(numbers.add("well"))
    result = operator.run("webhooks", "--resume", "well", "--yes")
    assert (result.status, result.stdout) == (0, "Every webhook of well is active already.\n")
    assert all(each.method == "GET" for each in numbers.server.requests)


def test_resume_needs_an_id_if_several_webhooks_are_off(numbers: KapsoNumbers, operator: Operator) -> None:
    phone_id = numbers.add("several")
    first, second = (numbers.webhook(phone_id, active=False) for _ in range(2))
    result = operator.run("webhooks", "--resume", "several", "--yes")
    assert result.status == 3
    assert "--webhook" in result.stderr
    assert first.id in result.stderr
    document = operator.json("webhooks", "--resume", "several", "--yes", "--webhook", second.id, status=1)
    assert (document["resumed"], document["state"]) == (second.id, "off")
    assert not numbers.server.store.webhook(first.id).active


def test_resume_of_a_webhook_that_does_not_exist_is_an_error(
    numbers: KapsoNumbers, operator: Operator
) -> None:
    phone_id = numbers.add("empty")
    resume_empty = ("webhooks", "--resume", "empty", "--yes")
    assert operator.run(*resume_empty) == error("the number of empty has no webhook: create one in Kapso")
    known = numbers.webhook(phone_id, active=False)
    assert operator.run(*resume_empty, "--webhook", "x") == error(f"empty has no webhook x, only {known.id}")
