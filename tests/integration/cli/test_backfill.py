"""`background-sync backfill` on a running stack."""

from background_sync.rules.policy import DAY_MS, HOUR_MS
from background_sync_ops.cli.times import iso
from background_sync_ops.kapso import faults as answers
from tests.integration.cli.kapso_numbers import KapsoNumbers, assert_no_secret
from tests.integration.cli.running import AT_MS, Operator

SINCE = ("--since", iso(AT_MS - 20 * DAY_MS))


def contacts(operator: Operator, workspace: str) -> dict[str, int]:
    found = operator.json("contacts", workspace)["contacts"]
    return {each["contact_id"]: each["last_activity"] for each in found}


def test_a_backfill_repairs_what_was_missed_in_its_window(numbers: KapsoNumbers, operator: Operator) -> None:
    phone_id = numbers.add("filled")
    numbers.missed("filled", phone_id, "6281", 10 * HOUR_MS)
    numbers.unknown(phone_id, "6282", 19 * DAY_MS)
    numbers.unknown(phone_id, "6283", 21 * DAY_MS)
    document = operator.json("backfill", "filled", *SINCE, "--until", iso(AT_MS))
    assert (document["status"], document["dry_run"]) == ("completed", False)
    assert (document["verified"], document["repaired"], document["created"]) == (2, 1, 1)
    assert contacts(operator, "filled") == {"6281": AT_MS - 10 * HOUR_MS, "6282": AT_MS - 19 * DAY_MS}


def test_a_dry_run_counts_the_missed_and_writes_nothing(numbers: KapsoNumbers, operator: Operator) -> None:
    phone_id = numbers.add("dry")
    numbers.missed("dry", phone_id, "6281")
    numbers.unknown(phone_id, "6282")
    before = contacts(operator, "dry")
    result = operator.run("backfill", "dry", *SINCE, "--dry-run")
    assert result.status == 0, result.stderr
    assert "2 verified: 1 behind, 1 missing" in result.stdout
    assert "1 would be repaired and 1 created" in result.stdout
    assert contacts(operator, "dry") == before


def test_a_backfill_that_kapso_refuses_says_why(numbers: KapsoNumbers, operator: Operator) -> None:
    phone_id = numbers.add("refusing")
    numbers.server.faults.add(answers.status(401), path=f"/{phone_id}/")
    # On a busy machine the first attempt may not be over when the shorter waits end.
    for seconds in (3, 30, 300):
        result = operator.run("backfill", "refusing", *SINCE, "--timeout", f"{seconds}s")
        assert (result.status, result.stdout) == (1, "")
        assert "and continues without this command" in result.stderr
        assert_no_secret(result)
        if "NotAnswered" in result.stderr:
            break
    assert "and continues without this command: NotAnswered: unauthorized" in result.stderr
