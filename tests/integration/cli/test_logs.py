"""`background-sync logs` on a running stack, and on a CloudFormation stack."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime

import pytest

from background_sync.clock import SystemClock
from background_sync.rules.policy import HOUR_MS, MINUTE_MS
from background_sync_ops.kapso import faults as answers
from background_sync_ops.stack.state import STATE_DIR, log_path
from tests.integration.cli.kapso_numbers import KapsoNumbers, assert_no_secret
from tests.integration.cli.running import AT_MS, Operator


def line(workspace_id: str, at: int, message: str, **more: object) -> str:
    """A log line. `at` is in ms, by the clock of the log."""
    timestamp = datetime.fromtimestamp(at / 1000, UTC).isoformat(" ", "milliseconds")
    document = {"level": "INFO", "message": message, "timestamp": timestamp, "workspace_id": workspace_id}
    return json.dumps({**document, **more})


def write(operator: Operator, *lines: str) -> None:
    with log_path(operator.folder / STATE_DIR, "ReconcilerFunction").open("a", encoding="utf-8") as log:
        log.write("".join(f"{each}\n" for each in lines))


def write_on_aws(operator: Operator, lines: Iterable[tuple[int, str]]) -> None:
    logs, group = operator.aws.client("logs"), operator.info.outputs["ReconcilerLogGroupName"]
    logs.create_log_stream(logGroupName=group, logStreamName="a-stream")
    events = [{"timestamp": at, "message": text} for at, text in lines]
    logs.put_log_events(logGroupName=group, logStreamName="a-stream", logEvents=events)


@pytest.fixture
def start(operator: Operator) -> int:
    """An hour before `AT`, by the clock of the log."""
    return AT_MS - HOUR_MS - operator.info.clock_offset_ms


def test_the_runs_of_a_workspace_are_shown(operator: Operator) -> None:
    result = operator.run("logs", "acme")
    assert result.status == 0, result.stderr
    run = "INFO the run is completed run_at=2026-01-01T10:00:00Z kind=run contacts_checked=5"
    assert run in result.words
    assert "RunsCompleted" not in result.stdout


def test_json_has_all_keys_of_each_entry_and_the_stacks_times(operator: Operator) -> None:
    document = operator.json("logs", "acme", "--since", "2026-01-01T09:00:00Z")
    assert (document["workspace_id"], document["since"]) == ("acme", AT_MS - HOUR_MS)
    entry = next(each for each in document["entries"] if each["fields"]["run_at"] == AT_MS)
    assert (entry["level"], entry["message"]) == ("INFO", "the run is completed")
    assert entry["fields"]["counts"]["contacts_checked"] == 5
    assert AT_MS <= entry["at"] < AT_MS + HOUR_MS


def test_a_workspace_that_is_not_active_has_no_entries_and_the_reason_is_shown(operator: Operator) -> None:
    reason = "The workspace is not active: it has no kapso_token_parameter. Sweeps skip it."
    result = operator.run("logs", "off")
    assert result.status == 0, result.stderr
    assert result.stdout.startswith("The log has no entries of off since ")
    assert result.stdout.splitlines()[-1] == reason
    assert operator.json("logs", "off")["entries"] == []
    assert reason not in operator.run("logs", "acme").stdout


def test_options_choose_by_time_level_number(operator: Operator, numbers: KapsoNumbers, start: int) -> None:
    numbers.add("choosy")
    for minute, level in enumerate(("INFO", "WARNING", "ERROR")):
        write(operator, line("choosy", start + minute * MINUTE_MS, level, level=level))

    def found(*options: str) -> list[str]:
        return [each["message"] for each in operator.json("logs", "choosy", *options)["entries"]]

    assert found("--since", "2026-01-01T09:01:00Z") == ["WARNING", "ERROR"]
    assert found("--since", "1m") == []
    assert found("--level", "warning") == ["WARNING", "ERROR"]
    assert found("--limit", "1") == ["ERROR"]
    assert "Older entries are left out" in operator.run("logs", "choosy", "--limit", "2").stdout
    assert "Older entries are left out" not in operator.run("logs", "choosy", "--limit", "3").stdout


def test_a_token_is_never_shown(operator: Operator, numbers: KapsoNumbers) -> None:
    refused = numbers.add("refused-key", verify="repair")
    numbers.server.faults.add(answers.status(401), path=f"/{refused}/")
    assert operator.run("sweep").status == 0
    result = operator.run("logs", "refused-key", "--level", "warning")
    assert "verification deferred" in result.words
    assert "reason=unauthorized" in result.stdout
    assert_no_secret(result)
    assert_no_secret(operator.run("logs", "refused-key", "--json"))


def test_on_aws_the_log_is_read_from_cloudwatch(operator: Operator, numbers: KapsoNumbers) -> None:
    name = 'cloud "9"\\'
    numbers.add(name)
    now = SystemClock().now()
    minute = now // MINUTE_MS * MINUTE_MS
    times = [minute - n * MINUTE_MS for n in (3, 2, 1)]
    write(operator, line(name, now, "in the local file"))
    others = [
        "Traceback (most recent call last):",
        line("acme", times[0], "x"),
        line(name, times[0], "x", _aws={}),
    ]
    lines = [(at, line(name, at, f"number {n}")) for n, at in enumerate(times)]
    write_on_aws(operator, [*((times[0], text) for text in others), *lines])
    result = operator.run_on_aws("logs", name, "--limit", "2", "--json")
    assert result.status == 0, result.stderr
    entries = json.loads(result.stdout)["entries"]
    assert [(each["at"], each["message"]) for each in entries] == [
        (times[1], "number 1"),
        (times[2], "number 2"),
    ]
