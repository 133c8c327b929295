"""Each check's section and command exist."""

import re
from pathlib import Path

import pytest

from background_sync.status.runbook import GUIDES, runbook_link
from background_sync_ops.cli.app import app

RUNBOOK = (Path(__file__).parents[3] / "docs/operations.md").read_text(encoding="utf-8")
ANCHORS = {
    re.sub(r"[^\w -]", "", line.lstrip("# ").lower()).replace(" ", "-")
    for line in RUNBOOK.splitlines()
    if line.startswith("##")
}
COMMANDS = {
    command.name or command.callback.__name__ for command in app.registered_commands if command.callback
}


@pytest.mark.parametrize("check", GUIDES)
def test_the_runbook_names_the_check_and_has_its_section_and_its_command_exists(check: str) -> None:
    assert GUIDES[check].anchor in ANCHORS
    link = runbook_link("https://docs.example/operations", check)
    assert link.startswith("https://docs.example/operations#")
    assert f"`{check}`" in RUNBOOK
    program, command = GUIDES[check].command.split()
    assert program == "background-sync"
    assert command in COMMANDS
