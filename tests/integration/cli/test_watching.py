"""`background-sync health --watch`: live until it is told to end, and no look that fails ends it."""

import json
import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from background_sync_ops.cli.options import StackOptions
from background_sync_ops.cli.watch import watch_health
from background_sync_ops.health_api import HealthQuery
from background_sync_ops.stack.state import STATE_DIR, STATE_FILE
from tests.integration.cli.answering import HealthStandIn
from tests.integration.cli.running import AT_MS, COMMAND, DEADLINE_S, Operator, environment, run_here, until
from tests.integration.cli.terminal import CTRL_C, ROWS, Terminal

TIME = r"^2026-01-01T10:00:\d\dZ  "
OTHER_SCREEN, BACK = "\x1b[?1049h", "\x1b[?1049l"


class Story:
    """A clock: at each wait the next of the steps happens, and after the last one Ctrl-C."""

    def __init__(self, *steps: Callable[[], object]) -> None:
        self.time = AT_MS
        self.waits: list[float] = []
        self._steps = iter(steps)

    def now(self) -> int:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.time += round(seconds * 1000)
        next(self._steps, lambda: signal.raise_signal(signal.SIGINT))()


def nothing() -> None:
    pass


@pytest.fixture
def api(tmp_path: Path) -> Iterator[HealthStandIn]:
    with closing(HealthStandIn(tmp_path)) as api:
        yield api


def watched(state_dir: Path, story: Story, *, as_json: bool = False, limit: int = 10) -> int:
    stack, query = StackOptions(state_dir=state_dir), HealthQuery(None, limit, as_json=as_json)
    return watch_health(stack, query, timedelta(seconds=5), story)


# ---------------------------------------------------------------- no terminal


def test_without_a_terminal_each_change_is_a_line(
    api: HealthStandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    story = Story(
        nothing,
        lambda: api.states.update({"deadLetters:waiting": "warn"}),
        nothing,
        lambda: api.states.update({"sweep:age": "fail"}),
        api.states.clear,
    )
    assert watched(api.state_dir, story) == 0
    assert [re.sub(TIME, "", line) for line in capsys.readouterr().out.splitlines()] == [
        "Health: pass",
        "Health: warn, was pass",
        "Dead letters: warn, was pass",
        "Health: fail, was warn",
        "Last finished sweep: fail, was pass",
        "Health: pass, was fail",
        "Last finished sweep: pass, was fail",
        "Dead letters: pass, was warn",
    ]


def test_an_api_that_is_away_does_not_end_it(api: HealthStandIn, capsys: pytest.CaptureFixture[str]) -> None:
    story = Story(
        lambda: setattr(api, "away", True),
        nothing,
        lambda: setattr(api, "away", False),
        lambda: api.states.update({"runs:failed": "warn"}),
    )
    assert watched(api.state_dir, story) == 1
    away = "the health API answered GET /health with 502: look at the health function's log"
    captured = capsys.readouterr()
    assert captured.err == ""
    assert captured.out.splitlines() == [
        "2026-01-01T10:00:00Z  Health: pass",
        f"2026-01-01T10:00:05Z  No answer: {away}",
        "2026-01-01T10:00:15Z  It answers again",
        "2026-01-01T10:00:20Z  Health: warn, was pass",
        "2026-01-01T10:00:20Z  Failed runs: warn, was pass",
    ]


def test_a_local_stack_that_ends_does_not_end_it(
    api: HealthStandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    state = api.state_dir / STATE_FILE
    text = state.read_text()
    assert watched(api.state_dir, Story(state.unlink, lambda: state.write_text(text))) == 0
    assert re.findall(
        r"  (No answer: no local stack is running|It answers again)", capsys.readouterr().out
    ) == [
        "No answer: no local stack is running",
        "It answers again",
    ]


def test_without_any_answer_its_status_is_3(api: HealthStandIn, capsys: pytest.CaptureFixture[str]) -> None:
    api.away = True
    assert watched(api.state_dir, Story(nothing, nothing)) == 3
    assert capsys.readouterr().out.count("\n") == 1


def test_what_it_showed_last_is_its_status_when_the_api_is_away_at_the_end(api: HealthStandIn) -> None:
    api.states["sweep:age"] = "fail"
    assert watched(api.state_dir, Story(lambda: setattr(api, "away", True))) == 2


def test_it_asks_once_a_look_and_waits_for_the_interval(api: HealthStandIn) -> None:
    story = Story(nothing, nothing)
    watched(api.state_dir, story)
    assert api.asked == ["/health", "/health/runs?limit=10", "/health/sweeps?limit=10"] * 3
    assert story.waits == [5, 5, 5]


def test_told_to_end_it_ends_and_nothing_steers_a_pipe(api: HealthStandIn) -> None:
    with subprocess.Popen(
        [*COMMAND, "health", "--watch", "--state-dir", str(api.state_dir)],
        env=environment(FORCE_COLOR="1"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=DEADLINE_S)
    assert re.fullmatch(r"[-:\dTZ]+  Health: pass\n", first)
    assert (process.returncode, out, err) == (0, "", "")


# ---------------------------------------------------------------- JSON


def test_with_json_each_look_is_a_document_on_a_line(
    operator: Operator, capsys: pytest.CaptureFixture[str]
) -> None:
    document = json.loads(operator.run("health", "--limit", "1", "--json").stdout)
    watched(operator.folder / STATE_DIR, Story(nothing, nothing), as_json=True, limit=1)
    out = capsys.readouterr().out
    assert [json.loads(line) for line in out.splitlines()] == [document] * 3
    assert '": ' not in out


def test_with_json_a_look_that_fails_is_told_on_stderr_alone(
    api: HealthStandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    assert watched(api.state_dir, Story(lambda: setattr(api, "away", True), nothing), as_json=True) == 0
    captured = capsys.readouterr()
    assert captured.out.count("\n") == captured.err.count("\n") == 1
    assert captured.err.startswith("2026-01-01T10:00:05Z  No answer: the health API answered")


# ---------------------------------------------------------------- a terminal


def frames(written: str) -> list[str]:
    """What was drawn, each over the one before."""
    _, _, drawn = written.partition(OTHER_SCREEN)
    return [each.partition("\x1b[?25h")[0] for each in drawn.partition(BACK)[0].split("\x1b[H") if each]


def test_on_a_terminal_it_is_live_until_ctrl_c(operator: Operator) -> None:
    with closing(Terminal(operator.folder, "health", "--watch", "--interval", "1s")) as terminal:
        terminal.until_written("Webhooks off")
        until(lambda: terminal.written.count("Last answer") >= 2, "another look")
        terminal.type(CTRL_C)
        terminal.ended()
        written = terminal.written
    assert re.search(r"Last answer [-:\dTZ]+\. Every 1 s; Ctrl-C ends it\.", written)
    left = written.partition(BACK)[2]
    assert "Webhooks off" in left
    assert "Ended." in left
    assert "Traceback" not in written


def test_what_is_taller_than_the_terminal_scrolls_nothing_away(api: HealthStandIn) -> None:
    api.states["sweep:age"] = "fail"
    with closing(Terminal(api.state_dir, "health", "--watch", "--state-dir", str(api.state_dir))) as terminal:
        terminal.until_written("Webhooks off")
        terminal.process.send_signal(signal.SIGTERM)
        assert terminal.ended() == 2
        last = frames(terminal.written)[-1]
    assert last.count("\n") == ROWS - 1
    assert last.startswith("Last answer")
    assert last.rstrip().endswith("…")


def test_on_a_terminal_the_last_good_look_stays_when_the_api_is_away(api: HealthStandIn) -> None:
    arguments = ("health", "--watch", "--interval", "1s", "--state-dir", str(api.state_dir))
    with closing(Terminal(api.state_dir, *arguments)) as terminal:
        terminal.until_written("Webhooks off")
        api.away = True
        terminal.until_written("No answer since")
        terminal.type(CTRL_C)
        assert terminal.ended() == 0
        last = " ".join(re.sub(r"\x1b\[[\d;]*m", "", frames(terminal.written)[-1]).split())
    assert "Webhooks off" in last
    assert "the health API answered GET /health with 502" in last


# ---------------------------------------------------------------- wrong usage


def test_a_name_that_the_api_refuses_ends_it(operator: Operator) -> None:
    ended = operator.run("health", "--watch", "--workspace", "#sweep")
    assert (ended.returncode, ended.stdout) == (3, "")
    assert ended.stderr == "error: workspace_id must not begin with #\n"


def test_health_says_what_to_do_about_a_check(api: HealthStandIn) -> None:
    api.states["deadLetters:waiting"] = "warn"
    ended = run_here(api.state_dir, "health", "--state-dir", str(api.state_dir))
    assert ended.returncode == 1
    assert "\nDead letters: background-sync redrive; docs/operations.md#dead-letters\n" in ended.stdout
    assert "background-sync sweep" not in ended.stdout
