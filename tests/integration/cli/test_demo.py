"""`background-sync demo`, held against its own truth."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from background_sync_ops.story.play import FAILING, HEARD_AGAIN, UNHEARD
from tests.integration.cli.running import COMMAND, DEADLINE_S, environment


def told(folder: Path, seed: int) -> Any:
    """The story of a seed, told by a process of its own that leaves nothing behind."""
    options = ("--json", "--seed", str(seed), "--contacts", "50", "--loss", "20%")
    ended = subprocess.run(
        [*COMMAND, "demo", *options],
        cwd=folder,
        env=environment(TMPDIR=str(folder)),
        capture_output=True,
        text=True,
        check=False,
        timeout=DEADLINE_S,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ended.stderr == ""
    assert "demo-key" not in ended.stdout
    assert os.listdir(folder) == []
    return json.loads(ended.stdout)


@pytest.mark.parametrize("seed", [2, 10])
def test_all_that_was_missed_is_repaired_and_nobody_else_is_touched(tmp_path: Path, seed: int) -> None:
    story = told(tmp_path, seed)
    day, sweep, rule, outage = (story[name] for name in ("day", "sweep", "plain_rule", "outage"))
    assert story["well"]
    assert day["messages"] == day["arrived"] + day["lost"]
    assert day["lost"] >= day["people_hit"] >= sweep["behind"] + sweep["missing"] > 0
    assert (sweep["repaired"], sweep["created"]) == (sweep["behind"], sweep["missing"])
    assert (sweep["recall"], sweep["precision"]) == (1.0, 1.0)
    assert sweep["left_behind"] == sweep["others_touched"] == sweep["flagged"] == 0
    assert sweep["verified"] == day["people"] == sweep["in_step"] + sweep["repaired"] + sweep["created"]
    assert sweep["requests"] == 3
    assert rule["flagged"] > rule["really_missed"]
    assert rule["invisible"] == sweep["missing"]
    assert outage["unheard"] == FAILING + UNHEARD
    assert outage["heard_again"] == HEARD_AGAIN
    assert (outage["sweep"]["webhook"], outage["later"]["webhook"]) == ("off", "active")
    assert outage["sweep"]["repaired"] == outage["sweep"]["behind"] > 0
    assert outage["later"]["found"] == 0
