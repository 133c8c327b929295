"""What a release must not forget, and what an upgrade from the last one could not do."""

import json
import re
import tomllib
from copy import deepcopy
from typing import Any

import pytest

from background_sync.rules.version import VERSION
from background_sync_ops.stack.template import Template
from tests.template.released import PATH, problems, tables
from tests.template.resources import ROOT

RELEASED = json.loads(PATH.read_text("utf-8"))


def test_every_file_has_the_same_version(template: Template) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    about = template.body["Metadata"]["AWS::ServerlessRepo::Application"]
    assert {VERSION} == {project["version"], about["SemanticVersion"], RELEASED["version"]}


def test_the_application_has_what_a_repository_of_applications_asks_for(template: Template) -> None:
    about = template.body["Metadata"]["AWS::ServerlessRepo::Application"]
    assert re.fullmatch(r"[a-zA-Z0-9-]{1,140}", about["Name"])
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", about["Author"])
    assert len(about["Description"]) <= 256
    assert all(re.fullmatch(r"[a-zA-Z0-9+\-_:/@]{1,127}", label) for label in about["Labels"])
    assert all((ROOT / about[name]).is_file() for name in ("LicenseUrl", "ReadmeUrl"))


def test_the_tables_of_the_last_release_can_become_those_of_the_template() -> None:
    now = tables()
    assert RELEASED["tables"].keys() <= now.keys()
    assert [found for name, table in RELEASED["tables"].items() for found in problems(table, now[name])] == []


def changed(change: str) -> dict[str, Any]:
    """The released contacts with a change of their indexes by_activity and by_bsuid."""
    table: dict[str, Any] = deepcopy(RELEASED["tables"]["ContactsTable"])
    activity, bsuid = table["GlobalSecondaryIndexes"]
    if change == "projects more":
        activity["Projection"]["NonKeyAttributes"].append("name")
    elif change == "other type":
        table["AttributeDefinitions"][2]["AttributeType"] = "S"
    elif change == "renamed":
        activity["IndexName"] = "by_time"
    elif change == "other key":
        table["KeySchema"].reverse()
    elif change == "one more":
        table["GlobalSecondaryIndexes"].append({**bsuid, "IndexName": "by_name"})
    elif change == "other order":
        activity["Projection"]["NonKeyAttributes"].reverse()
    return table


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("projects more", ["by_activity is another index: give it a new name"]),
        ("other type", ["by_activity is another index: give it a new name"]),
        ("renamed", ["more than one index is new or gone: one in each release"]),
        ("other key", ["another key: the table would be replaced by an empty one"]),
        ("one more", []),
        ("other order", []),
    ],
)
def test_a_change_that_dynamodb_cannot_make_is_found(change: str, found: list[str]) -> None:
    assert list(problems(RELEASED["tables"]["ContactsTable"], changed(change))) == found
