"""`background-sync demo`: what it reports is what happened."""

import json
import os
from pathlib import Path

from background_sync_ops.story.play import FAILING, HEARD_AGAIN, UNHEARD
from tests.integration.cli.running import run


def test_the_demo_repairs_all_that_was_missed_and_changes_no_other_contact(tmp_path: Path) -> None:
    options = ("--json", "--seed", "2", "--contacts", "50", "--loss", "20%")
    result = run(tmp_path, "demo", *options, TMPDIR=str(tmp_path))
    assert result.status == 0, result.stdout + result.stderr
    assert result.stderr == ""
    assert "demo-key" not in result.stdout
    assert os.listdir(tmp_path) == []
    story = json.loads(result.stdout)
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
