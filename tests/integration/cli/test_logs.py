"""`background-sync logs` on a running stack, and on one of CloudFormation's."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import count

import pytest

from background_sync.clock import SystemClock
from background_sync.rules.policy import HOUR_MS
from background_sync_ops.kapso import faults as answers
from background_sync_ops.stack.stack import STACK_NAME
from background_sync_ops.stack.state import STATE_DIR, log_path
from tests.integration.cli.numbers import KEY, Numbers, assert_no_secret
from tests.integration.cli.running import AT_MS, Operator

ON_AWS = ("--stack-name", STACK_NAME, "--region", "us-east-1")
NO_ENTRIES = (
    "Traceback (most recent call last):",
    "START RequestId: 0 Version: $LATEST",
    '{"level":"INFO","message":"cut o',
)
_streams = count()


def line(workspace_id: str, at: int, message: str = "said", **more: object) -> str:
    """A log line at a time (ms) of the log's clock."""
    timestamp = datetime.fromtimestamp(at / 1000, UTC).isoformat(" ", "milliseconds")
    document = {"level": "INFO", "message": message, "timestamp": timestamp, "workspace_id": workspace_id}
    return json.dumps({**document, **more})


def write(operator: Operator, *lines: str) -> None:
    """Lines in the local reconciler's log."""
    with log_path(operator.folder / STATE_DIR, "ReconcilerFunction").open("a", encoding="utf-8") as log:
        log.write("".join(f"{each}\n" for each in lines))


def write_on_aws(operator: Operator, lines: Iterable[tuple[int, str]]) -> None:
    """Lines and their times (ms) in the reconciler's log group."""
    logs, group = operator.aws.client("logs"), operator.info.outputs["ReconcilerLogGroupName"]
    stream = f"stream-{next(_streams)}"
    logs.create_log_stream(logGroupName=group, logStreamName=stream)
    events = [{"timestamp": at, "message": text} for at, text in lines]
    logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)


@pytest.fixture
def then(operator: Operator) -> int:
    """An hour before `AT`, by the log's clock."""
    return AT_MS - HOUR_MS - operator.info.clock_offset_ms


# ---------------------------------------------------------------- here


def test_of_one_that_sweeps_skip_it_says_why(operator: Operator) -> None:
    said = "The workspace is not active: it has no kapso_token_parameter. Sweeps skip it."
    assert operator.run("logs", "off").stdout.splitlines()[-1] == said
    assert said not in operator.run("logs", "acme").stdout


def test_it_shows_the_runs_of_a_workspace(operator: Operator) -> None:
    ended = operator.run("logs", "acme")
    assert ended.returncode == 0, ended.stderr
    assert max(map(len, ended.stdout.splitlines())) <= 80
    text = " ".join(ended.stdout.split())
    assert "INFO the run is completed run_at=2026-01-01T10:00:00Z kind=run contacts_checked=5" in text
    assert "RunsCompleted" not in text


def test_json_has_all_of_each_and_the_stacks_times(operator: Operator) -> None:
    document = operator.json("logs", "acme", "--since", "2026-01-01T09:00:00Z")
    assert (document["workspace_id"], document["since"]) == ("acme", AT_MS - HOUR_MS)
    entry = next(each for each in document["entries"] if each["fields"]["run_at"] == AT_MS)
    assert (entry["level"], entry["message"]) == ("INFO", "the run is completed")
    assert entry["fields"]["counts"]["contacts_checked"] == 5
    assert AT_MS <= entry["at"] < AT_MS + HOUR_MS


def test_nothing_of_another_workspace_is_shown(operator: Operator, numbers: Numbers, then: int) -> None:
    names = ("mine", "mine2", "Mine")
    for name in names:
        numbers.add(name)
        write(operator, line(name, then, f"of {name}", reason="mine"))
    for name in names:
        assert [each["message"] for each in operator.json("logs", name)["entries"]] == [f"of {name}"]
        assert not any(f"of {other} " in operator.run("logs", name).stdout for other in {*names} - {name})


def test_lines_that_are_no_entries_stop_nothing(operator: Operator, numbers: Numbers, then: int) -> None:
    numbers.add("noisy")
    metric = line("noisy", then, "a metric", _aws={"Timestamp": then})
    write(operator, line("noisy", then, "first"), *NO_ENTRIES, metric, line("noisy", then, "second"))
    entries = operator.json("logs", "noisy")["entries"]
    assert [(each["at"], each["message"]) for each in entries] == [
        (AT_MS - HOUR_MS, "first"),
        (AT_MS - HOUR_MS, "second"),
    ]


def test_what_was_logged_is_shown_as_it_is_and_steers_nothing(
    operator: Operator, numbers: Numbers, then: int
) -> None:
    numbers.add("hostile\x1b[2J")
    write(operator, line("hostile\x1b[2J", then, "[red]x[/red] \x1b]0;x\x07", reason="\x9b31m"))
    printed = operator.run("logs", "hostile\x1b[2J").stdout
    assert r"[red]x[/red] \x1b]0;x\x07" in printed
    assert printed.replace("\n", "").isprintable()


def test_since_level_and_limit_choose(operator: Operator, numbers: Numbers, then: int) -> None:
    numbers.add("choosy")
    levels = ("INFO", "WARNING", "ERROR")
    write(
        operator, *(line("choosy", then + n * 60_000, level, level=level) for n, level in enumerate(levels))
    )

    def found(*options: str) -> list[str]:
        return [each["message"] for each in operator.json("logs", "choosy", *options)["entries"]]

    assert found("--since", "2026-01-01T09:01:00Z") == ["WARNING", "ERROR"]
    assert found("--since", "1m") == []
    assert found("--level", "warning") == ["WARNING", "ERROR"]
    assert found("--limit", "1") == ["ERROR"]
    assert "Older entries are left out" in operator.run("logs", "choosy", "--limit", "2").stdout
    assert "Older entries are left out" not in operator.run("logs", "choosy", "--limit", "3").stdout


def test_where_there_is_nothing_the_next_step_is_told(operator: Operator) -> None:
    ended = operator.run("logs", "off")
    assert ended.returncode == 0, ended.stderr
    assert "The log has no entries of off since " in ended.stdout
    assert "--since" in ended.stdout
    assert operator.json("logs", "off")["entries"] == []


def test_a_token_is_never_shown(operator: Operator, numbers: Numbers) -> None:
    refused = numbers.add("refused-key", verify="repair")
    numbers.server.faults.add(answers.status(401), path=f"/{refused}/")
    assert operator.run("sweep", "--at", "2026-02-01T10:00:00Z").returncode == 0
    ended = operator.run("logs", "refused-key", "--level", "warning")
    assert "verification deferred" in " ".join(ended.stdout.split())
    assert "reason=unauthorized" in ended.stdout
    assert_no_secret(ended)
    assert KEY not in operator.run("logs", "refused-key", "--json").stdout


def test_a_workspace_that_is_not_there_is_an_error(operator: Operator) -> None:
    ended = operator.run("logs", "nobody")
    assert (ended.returncode, ended.stdout) == (3, "")
    assert ended.stderr == "error: there is no workspace nobody in the local stack\n"


def test_a_time_in_the_future_is_refused(operator: Operator) -> None:
    ended = operator.run("logs", "acme", "--since", "2100-01-01T00:00:00Z")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == "error: --since 2100-01-01T00:00:00Z is in the future\n"


# ---------------------------------------------------------------- on AWS


def test_on_aws_it_is_read_from_the_reconcilers_log_group(
    operator: Operator, aws: dict[str, str], numbers: Numbers
) -> None:
    name = 'cloud "9"\\'
    numbers.add(name)
    minute = SystemClock().now() // 60_000 * 60_000
    times = [minute - n * 60_000 for n in (3, 2, 1)]
    lines = [line(name, at, f"number {n}") for n, at in enumerate(times)]
    others = [*NO_ENTRIES, line("acme", times[0], "another's"), line(name, times[0], _aws={})]
    write_on_aws(operator, [*((times[0], text) for text in others), *zip(times, lines, strict=True)])
    ended = operator.run("logs", name, "--limit", "2", "--json", *ON_AWS, **aws)
    assert ended.returncode == 0, ended.stderr
    entries = json.loads(ended.stdout)["entries"]
    assert [(each["at"], each["message"]) for each in entries] == [
        (times[1], "number 1"),
        (times[2], "number 2"),
    ]


def test_on_aws_nothing_of_the_local_file_is_shown(
    operator: Operator, aws: dict[str, str], numbers: Numbers
) -> None:
    numbers.add("local-only")
    write(operator, line("local-only", SystemClock().now(), "in the file"))
    ended = operator.run("logs", "local-only", *ON_AWS, **aws)
    assert ended.returncode == 0, ended.stderr
    assert "The log has no entries of local-only" in ended.stdout


def test_on_aws_too_a_workspace_must_be_there(operator: Operator, aws: dict[str, str]) -> None:
    ended = operator.run("logs", "nobody", *ON_AWS, **aws)
    assert (ended.returncode, ended.stdout) == (3, "")
    assert ended.stderr == "error: there is no workspace nobody in stack background-sync in us-east-1\n"
