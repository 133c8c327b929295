"""`background-sync demo`: what it reports is what happened."""

import json
import os
from pathlib import Path

from background_sync_ops.story.play import MESSAGES_AFTER_RESUME, MESSAGES_WHILE_FAILING, MESSAGES_WHILE_OFF
from tests.integration.cli.running import run


def test_the_demo_repairs_all_that_was_missed_and_changes_no_other_contact(tmp_path: Path) -> None:
    options = ("--json", "--seed", "2", "--contacts", "50", "--loss", "20%")
    result = run(tmp_path, "demo", *options, TMPDIR=str(tmp_path))
    assert result.status == 0, result.stdout + result.stderr
    steps = result.stderr.splitlines()
    assert (steps[0], steps[-1], len(set(steps))) == ("starting the local stack", "last sweep", len(steps))
    assert "demo-key" not in result.stdout
    assert os.listdir(tmp_path) == []
    story = json.loads(result.stdout)
    day, sweep, rule = (story[name] for name in ("day", "sweep", "plain_rule"))
    switch_off = story["webhook_switch_off"]
    sweep_while_off, sweep_after_resume = switch_off["sweep_while_off"], switch_off["sweep_after_resume"]
    assert story["ok"]
    assert day["messages"] == day["arrived"] + day["lost"]
    assert day["lost"] >= day["people_with_losses"] >= sweep["behind"] + sweep["missing"] > 0
    assert (sweep["repaired"], sweep["created"]) == (sweep["behind"], sweep["missing"])
    assert (sweep["recall"], sweep["precision"]) == (1.0, 1.0)
    assert sweep["left_behind"] == sweep["others_changed"] == sweep["flagged"] == 0
    assert sweep["verified"] == day["people"] == sweep["in_step"] + sweep["repaired"] + sweep["created"]
    assert sweep["requests"] == 3
    assert rule["flagged"] > rule["really_missed"]
    assert rule["not_in_crm"] == sweep["missing"]
    assert switch_off["missed_messages"] == MESSAGES_WHILE_FAILING + MESSAGES_WHILE_OFF
    assert switch_off["delivered_after_resume"] == MESSAGES_AFTER_RESUME
    assert (sweep_while_off["webhook"], sweep_after_resume["webhook"]) == ("off", "active")
    assert sweep_while_off["repaired"] == sweep_while_off["behind"] > 0
    assert sweep_after_resume["found"] == 0
