"""`background-sync webhooks --resume` on a running stack."""

import io
import json

import pytest

from tests.integration.cli.numbers import Numbers, assert_no_secret
from tests.integration.cli.running import Ended, Operator


def answered(
    monkeypatch: pytest.MonkeyPatch, operator: Operator, answer: str, workspace: str, *more: str
) -> Ended:
    monkeypatch.setattr("sys.stdin", io.StringIO(answer))
    return operator.run("webhooks", "--resume", workspace, *more)


def test_it_shows_the_webhook_asks_and_switches_on_nothing_but_active(
    numbers: Numbers, operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook = numbers.webhook(numbers.add("asked", verify="repair"), active=False)
    ended = answered(monkeypatch, operator, "y\n", "asked")
    assert ended.returncode == 0, ended.stderr
    assert "https://***@crm.example/hooks?tenant=***" in ended.stderr
    assert "Switch it on? [y/N]" in ended.stderr
    assert "next sweep repairs what was missed meanwhile" in " ".join(ended.stdout.split())
    assert_no_secret(ended)
    assert numbers.server.store.webhook(webhook.id).active
    [change] = [each for each in numbers.server.requests if each.method == "PATCH"]
    assert json.loads(change.body) == {"whatsapp_webhook": {"active": True}}


@pytest.mark.parametrize("answer", ["n\n", "\n", "what\n"])
def test_what_is_no_yes_changes_nothing(
    numbers: Numbers, operator: Operator, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    webhook = numbers.webhook(numbers.add("declined"), active=False)
    ended = answered(monkeypatch, operator, answer, "declined")
    assert (ended.returncode, ended.stdout) == (1, "Nothing was changed.\n")
    assert not numbers.server.store.webhook(webhook.id).active


def test_where_nobody_can_answer_the_option_is_named(
    numbers: Numbers, operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook = numbers.webhook(numbers.add("alone"), active=False)
    ended = answered(monkeypatch, operator, "", "alone")
    assert ended.returncode == 2
    assert ended.stderr.endswith("error: there was no answer: --yes switches it on without asking\n")
    assert not numbers.server.store.webhook(webhook.id).active


def test_yes_asks_nothing_and_json_is_one_document(numbers: Numbers, operator: Operator) -> None:
    webhook = numbers.webhook(numbers.add("sure"), active=False)
    document = operator.json("webhooks", "--resume", "sure", "--yes")
    assert (document["resumed"], document["state"]) == (webhook.id, "active")


def test_one_that_is_on_is_left_alone(numbers: Numbers, operator: Operator) -> None:
    numbers.webhook(numbers.add("well"))
    ended = operator.run("webhooks", "--resume", "well", "--yes")
    assert (ended.returncode, ended.stdout) == (0, "Every webhook of well is active already.\n")
    assert all(each.method == "GET" for each in numbers.server.requests)


def test_of_several_one_must_be_named(numbers: Numbers, operator: Operator) -> None:
    phone_id = numbers.add("several")
    first, second = (numbers.webhook(phone_id, active=False) for _ in range(2))
    ended = operator.run("webhooks", "--resume", "several", "--yes")
    assert ended.returncode == 3
    assert "--webhook" in ended.stderr
    assert first.id in ended.stderr
    document = operator.json("webhooks", "--resume", "several", "--yes", "--webhook", second.id, status=1)
    assert (document["resumed"], document["state"]) == (second.id, "off")
    assert not numbers.server.store.webhook(first.id).active


def test_one_that_is_not_there_or_none_at_all_is_an_error(numbers: Numbers, operator: Operator) -> None:
    phone_id = numbers.add("empty")
    ended = operator.run("webhooks", "--resume", "empty", "--yes")
    assert ended.stderr == "error: the number of empty has no webhook: create one in Kapso\n"
    known = numbers.webhook(phone_id, active=False)
    ended = operator.run("webhooks", "--resume", "empty", "--yes", "--webhook", "x")
    assert (ended.returncode, ended.stderr) == (3, f"error: empty has no webhook x, only {known.id}\n")
