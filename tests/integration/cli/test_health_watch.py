"""`background-sync health --watch`: live until it is interrupted. A request that fails does not end it."""

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
from tests.integration.cli.health_stub import HealthStub
from tests.integration.cli.running import AT_MS, COMMAND, DEADLINE_S, Operator, environment
from tests.integration.cli.terminal import ROWS, Terminal

TIME = r"^2026-01-01T10:00:\d\dZ  "
ALTERNATE_SCREEN, MAIN_SCREEN = "\x1b[?1049h", "\x1b[?1049l"
AWAY = "the health API answered GET /health with 502: look at the health function's log"


class ScriptedClock:
    """At each wait the next step happens, and after the last step Ctrl-C."""

    def __init__(self, *steps: Callable[[], object]) -> None:
        self.time = AT_MS
        self._steps = iter(steps)

    def now(self) -> int:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += round(seconds * 1000)
        next(self._steps, lambda: signal.raise_signal(signal.SIGINT))()


def nothing() -> None:
    pass


@pytest.fixture
def api(tmp_path: Path) -> Iterator[HealthStub]:
    with closing(HealthStub(tmp_path)) as api:
        yield api


def watch(state_dir: Path, *steps: Callable[[], object], as_json: bool = False, limit: int = 10) -> int:
    """Watch, with a request before each step and a last one. Returns the exit status."""
    stack, query = StackOptions(state_dir=state_dir), HealthQuery(None, limit, as_json=as_json)
    return watch_health(stack, query, timedelta(seconds=5), ScriptedClock(*steps))


def test_without_terminal_each_change_is_a_line(api: HealthStub, capsys: pytest.CaptureFixture[str]) -> None:
    steps = (nothing, lambda: api.states.update({"sweep:age": "fail"}), api.states.clear)
    assert watch(api.state_dir, *steps) == 0
    assert [re.sub(TIME, "", line) for line in capsys.readouterr().out.splitlines()] == [
        "Health: pass",
        "Health: fail, was pass",
        "Last finished sweep: fail, was pass",
        "Health: pass, was fail",
        "Last finished sweep: pass, was fail",
    ]
    assert api.requests == ["/health", "/health/runs?limit=10", "/health/sweeps?limit=10"] * 4


def test_an_api_without_answer_ends_no_watch(api: HealthStub, capsys: pytest.CaptureFixture[str]) -> None:
    steps = (
        lambda: setattr(api, "away", True),
        nothing,
        lambda: setattr(api, "away", False),
        lambda: api.states.update({"runs:failed": "warn"}),
    )
    assert watch(api.state_dir, *steps) == 1
    captured = capsys.readouterr()
    assert captured.err == ""
    assert captured.out.splitlines() == [
        "2026-01-01T10:00:00Z  Health: pass",
        f"2026-01-01T10:00:05Z  No answer: {AWAY}",
        "2026-01-01T10:00:15Z  It answers again",
        "2026-01-01T10:00:20Z  Health: warn, was pass",
        "2026-01-01T10:00:20Z  Failed runs: warn, was pass",
    ]


@pytest.mark.parametrize(("away_from_the_start", "status"), [(False, 2), (True, 3)])
def test_the_last_answer_gives_the_status(api: HealthStub, away_from_the_start: bool, status: int) -> None:
    api.states["sweep:age"] = "fail"
    api.away = away_from_the_start
    assert watch(api.state_dir, lambda: setattr(api, "away", True), nothing) == status


def test_a_bug_ends_the_watch(api: HealthStub, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise KeyError("a bug")

    monkeypatch.setattr("background_sync_ops.cli.watch.ask_health", fail)
    with pytest.raises(KeyError):
        watch(api.state_dir)


def test_a_stack_that_restarts_ends_no_watch(api: HealthStub, capsys: pytest.CaptureFixture[str]) -> None:
    state = api.state_dir / STATE_FILE
    text = state.read_text()
    assert watch(api.state_dir, state.unlink, lambda: state.write_text(text)) == 0
    _, away, again = capsys.readouterr().out.splitlines()
    assert "No answer: no local stack is running" in away
    assert again.endswith("It answers again")


def test_a_signal_ends_the_watch_and_a_pipe_gets_no_control_sequences(api: HealthStub) -> None:
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


def test_with_json_each_answer_is_one_line(operator: Operator, capsys: pytest.CaptureFixture[str]) -> None:
    document = operator.health("--limit", "1")
    watch(operator.folder / STATE_DIR, nothing, as_json=True, limit=1)
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == [document] * 2


def test_with_json_an_outage_is_on_stderr_only(api: HealthStub, capsys: pytest.CaptureFixture[str]) -> None:
    assert watch(api.state_dir, lambda: setattr(api, "away", True), nothing, as_json=True) == 0
    captured = capsys.readouterr()
    assert captured.out.count("\n") == 1
    assert captured.err == f"2026-01-01T10:00:05Z  No answer: {AWAY}\n"


def last_frame(written: str) -> str:
    drawn = written.partition(ALTERNATE_SCREEN)[2].partition(MAIN_SCREEN)[0]
    frame = drawn.rpartition("\x1b[H")[2].partition("\x1b[?25h")[0]
    return re.sub(r"\x1b\[[\d;]*m", "", frame)


def test_on_a_terminal_the_last_answer_stays_during_an_outage_and_nothing_scrolls_away(
    api: HealthStub,
) -> None:
    api.states["sweep:age"] = "fail"
    options = ("--watch", "--interval", "1s", "--state-dir", str(api.state_dir))
    with closing(Terminal(api.state_dir, "health", *options)) as terminal:
        terminal.until_written("Webhooks off")
        api.away = True
        terminal.until_written("No answer since")
        # Unlike Ctrl-C, a signal is not echoed into the frame.
        terminal.process.send_signal(signal.SIGTERM)
        assert terminal.ended() == 2
        frame, left = last_frame(terminal.written), terminal.written.partition(MAIN_SCREEN)[2]
    assert frame.count("\n") == ROWS - 1
    assert frame.startswith("Last answer")
    assert AWAY in " ".join(frame.split())
    assert "Last finished sweep" in frame
    assert frame.rstrip().endswith("…")
    assert ("Webhooks off" in left, "Ended." in left) == (True, True)
