"""The recipes of docs/events.yaml get what they are for, in the form that they need."""

from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from cfnlint.api import lint_file

from background_sync.records.runs import Run
from background_sync.rules.counts import TOTALLED
from background_sync.rules.notices import Notice, sweep_notice
from background_sync.sync.announce import notice_of
from background_sync_ops.stack.stack import LocalStack
from background_sync_ops.stack.template import read_source
from tests.integration.notices.conftest import SCHEMA, Events, Subscription, subscribe
from tests.integration.world import NOW, World, message

RECIPES = Path(__file__).parents[3] / "docs" / "events.yaml"
FLAGGED = {"flagged": 1}
OFF = {"webhook": "off", "webhook_was": "active"}


def workspace(**attributes: Any) -> Notice:
    notice = notice_of(message().message, Run("w1", NOW, status="completed", **attributes))
    assert notice is not None
    return notice


def sweep(**counts: int) -> Notice:
    names = (*TOTALLED, "run_at", "dispatched", "completed", "failed", "skipped_runs")
    return sweep_notice(dict.fromkeys(names, 0) | counts)


@pytest.fixture(scope="session")
def recipes(engine: LocalStack) -> dict[str, Subscription]:
    """The template's rules, each with its transformer, on the engine; a queue is the target of each."""
    resources = read_source(RECIPES)["Resources"]
    rules = {name: each["Properties"] for name, each in resources.items() if each["Type"].endswith("::Rule")}
    assert list(rules) == ["SlackRule", "EmailRule", "HttpRule"]
    found = {}
    for name, rule in rules.items():
        [target] = rule["Targets"]
        transformer = {key: value for key, value in target.items() if key == "InputTransformer"}
        found[name] = subscribe(engine.aws, name, rule["EventPattern"], **transformer)
    return found


@pytest.mark.usefixtures("events")
@pytest.mark.parametrize(
    ("notice", "slack", "email"),
    [
        (workspace(**FLAGGED), {"text": "stack: w1: 1 flagged"}, None),
        (
            workspace(**OFF),
            {"text": "stack: w1: webhook is off, was active"},
            "Background Sync, stack: w1: webhook is off, was active",
        ),
        (sweep(dispatched=3, failed=1), {"text": "stack: 3 workspaces checked: 1 failed"}, None),
        (sweep(dispatched=3, flagged=1), None, None),
    ],
)
def test_each_recipe_gets_what_it_is_for(
    world: World, recipes: dict[str, Subscription], notice: Notice, slack: Any, email: str | None
) -> None:
    world.notices.send(notice)
    received = [recipes[name].read() for name in ("SlackRule", "EmailRule")]
    assert received == [[slack] if slack else [], [email] if email else []]
    [whole] = recipes["HttpRule"].read()
    jsonschema_rs.validate(SCHEMA, whole)


def test_the_recipes_are_a_valid_template() -> None:
    assert lint_file(RECIPES) == []


def test_the_schema_is_one_and_has_every_count(events: Events) -> None:
    jsonschema_rs.meta.validate(SCHEMA)
    assert set(SCHEMA["$defs"]["counts"]["required"]) == {*TOTALLED}
    assert events() == []
