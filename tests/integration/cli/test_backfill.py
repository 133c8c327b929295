"""`background-sync backfill` on a running stack."""

from background_sync.rules.policy import DAY_MS, HOUR_MS
from background_sync_ops.cli.times import iso
from background_sync_ops.kapso import faults as answers
from tests.integration.cli.numbers import Numbers, assert_no_secret
from tests.integration.cli.running import AT_MS, Operator

SINCE = ("--since", iso(AT_MS - 20 * DAY_MS))
WINDOW = (*SINCE, "--until", iso(AT_MS))


def contacts(operator: Operator, workspace: str) -> dict[str, int]:
    found = operator.json("contacts", workspace)["contacts"]
    return {each["contact_id"]: each["last_activity"] for each in found}


def test_it_repairs_what_was_missed_in_its_window(numbers: Numbers, operator: Operator) -> None:
    phone_id = numbers.add("filled")
    numbers.missed("filled", phone_id, "6281", 10 * HOUR_MS)
    numbers.unknown(phone_id, "6282", 19 * DAY_MS)
    numbers.unknown(phone_id, "6283", 21 * DAY_MS)
    document = operator.json("backfill", "filled", *WINDOW)
    assert (document["status"], document["dry_run"]) == ("completed", False)
    assert (document["verified"], document["repaired"], document["created"]) == (2, 1, 1)
    assert contacts(operator, "filled") == {"6281": AT_MS - 10 * HOUR_MS, "6282": AT_MS - 19 * DAY_MS}


def test_a_dry_run_counts_and_writes_nothing(numbers: Numbers, operator: Operator) -> None:
    phone_id = numbers.add("dry")
    numbers.missed("dry", phone_id, "6281")
    numbers.unknown(phone_id, "6282")
    before = contacts(operator, "dry")
    ended = operator.run("backfill", "dry", *SINCE, "--dry-run")
    assert ended.returncode == 0, ended.stderr
    assert "2 verified: 1 behind, 1 missing" in ended.stdout
    assert "1 would be repaired and 1 created" in ended.stdout
    assert max(map(len, ended.stdout.splitlines())) <= 80
    assert contacts(operator, "dry") == before


def test_what_kapso_refuses_is_told_and_goes_on_by_itself(numbers: Numbers, operator: Operator) -> None:
    phone_id = numbers.add("refusing")
    numbers.server.faults.add(answers.status(401), path=f"/{phone_id}/")
    ended = operator.run("backfill", "refusing", *SINCE, "--timeout", "3s")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert (
        "did not finish within 3 s, and continues without this command: NotAnswered: unauthorized"
        in ended.stderr
    )
    assert_no_secret(ended)


def test_more_than_30_days_are_refused(operator: Operator) -> None:
    ended = operator.run("backfill", "acme", "--since", iso(AT_MS - 31 * DAY_MS), "--until", iso(AT_MS))
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "is more than 30 d: backfill it in parts" in ended.stderr


def test_until_now_is_bounded_too_and_the_future_is_refused(operator: Operator) -> None:
    long_ago, soon = iso(AT_MS - 40 * DAY_MS), iso(AT_MS + 9 * DAY_MS)
    assert "more than 30 d" in operator.run("backfill", "acme", "--since", long_ago).stderr
    ended = operator.run("backfill", "acme", "--since", iso(AT_MS), "--until", soon)
    assert ended.returncode == 2
    assert f"--until {soon} is in the future" in ended.stderr


def test_a_workspace_that_is_not_there_or_not_active_is_an_error(operator: Operator) -> None:
    assert operator.run("backfill", "nobody", *SINCE).stderr == (
        "error: there is no workspace nobody in the local stack\n"
    )
    ended = operator.run("backfill", "off", *SINCE)
    assert (ended.returncode, ended.stdout) == (3, "")
    assert ended.stderr == "error: workspace off is not active: it has no kapso_token_parameter\n"
