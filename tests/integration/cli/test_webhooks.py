"""`background-sync webhooks` on a running stack."""

import pytest

from background_sync_ops.kapso import faults as answers
from background_sync_ops.kapso.model import MESSAGE_EVENTS
from tests.integration.cli.numbers import Numbers, assert_no_secret
from tests.integration.cli.running import AT_MS, Operator

MASKED = "https://***@crm.example/hooks?tenant=***"


def test_one_that_is_active_is_listed_without_its_secrets(numbers: Numbers, operator: Operator) -> None:
    webhook = numbers.webhook(numbers.add("hooked"))
    ended = operator.run("webhooks", "hooked")
    assert ended.returncode == 0, ended.stderr
    assert webhook.id in ended.stdout
    assert MASKED in ended.stdout
    assert max(map(len, ended.stdout.splitlines())) <= 80
    assert_no_secret(ended)


def test_json_has_all_of_it_but_the_secrets(numbers: Numbers, operator: Operator) -> None:
    webhook = numbers.webhook(numbers.add("hooked-json"))
    ended = operator.run("webhooks", "hooked-json", "--json")
    assert_no_secret(ended)
    [found] = operator.json("webhooks", "hooked-json")["workspaces"]
    assert found == {
        "workspace_id": "hooked-json",
        "state": "active",
        "remembered": {"webhook": None, "webhook_since": None},
        "webhooks": [
            {
                "id": webhook.id,
                "url": MASKED,
                "active": True,
                "kind": "kapso",
                "events": list(MESSAGE_EVENTS),
            }
        ],
        "error": None,
    }


@pytest.mark.parametrize(("webhooks", "state"), [([False, True], "off"), ([], "none")])
def test_one_that_is_off_or_none_at_all_is_status_1(
    numbers: Numbers, operator: Operator, webhooks: list[bool], state: str
) -> None:
    phone_id = numbers.add(f"hooks-{state}")
    for active in webhooks:
        numbers.webhook(phone_id, active=active)
    [found] = operator.json("webhooks", f"hooks-{state}", status=1)["workspaces"]
    assert (found["state"], [each["active"] for each in found["webhooks"]]) == (state, webhooks)


def test_what_a_run_saw_is_told(numbers: Numbers, operator: Operator) -> None:
    numbers.webhook(numbers.add("remembering"))
    operator.add_workspace(
        "remembering", kapso_phone_id="1", webhook="off", webhook_since=AT_MS, kapso_token_parameter="/x"
    )
    [found] = operator.json("webhooks", "remembering", status=3)["workspaces"]
    assert found["remembered"] == {"webhook": "off", "webhook_since": AT_MS}
    assert (
        "the last run saw: off, since 2026-01-01T10:00:00Z" in operator.run("webhooks", "remembering").stdout
    )


def test_what_kapso_refuses_is_one_line_and_costs_no_other_workspace(
    numbers: Numbers, operator: Operator
) -> None:
    numbers.webhook(numbers.add("answered"))
    refused = numbers.add("refused")
    numbers.server.faults.add(answers.status(404), path=f"/{refused}/")
    ended = operator.run("webhooks")
    assert ended.returncode in (1, 3)
    assert MASKED in ended.stdout
    [line] = [line for line in ended.stderr.splitlines() if line.startswith("error: refused: ")]
    assert "404" in line
    assert_no_secret(ended)


def test_a_token_that_cannot_be_read_is_named_by_its_parameter(operator: Operator) -> None:
    operator.add_workspace("keyless")
    ended = operator.run("webhooks", "keyless")
    assert ended.returncode == 3
    assert ended.stderr == "error: keyless: /background-sync/kapso-tokens/x: ParameterNotFound\n"


def test_a_workspace_that_is_not_active_is_an_error(operator: Operator) -> None:
    ended = operator.run("webhooks", "off")
    assert (ended.returncode, ended.stdout) == (3, "")
    assert ended.stderr == "error: workspace off is not active: it has no kapso_token_parameter\n"
