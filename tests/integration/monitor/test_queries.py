"""The saved log queries find their fields in the log lines of a run."""

import io
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from background_sync.rules.policy import HOUR_MS
from background_sync_ops.kapso import KapsoStore
from background_sync_ops.stack.template import Template, load
from tests.integration.conftest import TEMPLATE
from tests.integration.faults import Faults
from tests.integration.verify.number import PHONE_ID
from tests.integration.world import NOW, World

COMMANDS = frozenset({"filter", "fields", "stats", "sort", "limit", "as", "by", "desc", "and", "or"})
FUNCTIONS = frozenset({"count", "sum", "latest"})


@pytest.fixture(scope="module")
def template() -> Template:
    return load(TEMPLATE, {})


@pytest.fixture
def lines(world: World, kapso: KapsoStore, faults: Faults, logged: io.StringIO) -> list[dict[str, Any]]:
    """The log of a run that fails at first, and then verifies and completes."""
    world.workspace(settings={"verify": "repair"})
    kapso.message(PHONE_ID, kapso.add_person("621"), "inbound", NOW - HOUR_MS)
    faults.fail("Query", RuntimeError("no"))
    assert not world.run()
    assert world.run()
    return [json.loads(line) for line in logged.getvalue().splitlines()]


def queries(template: Template) -> list[str]:
    found = template.of_type("AWS::Logs::QueryDefinition").values()
    return [each["Properties"]["QueryString"] for each in found]


def fields(query: str) -> set[str]:
    """The fields that the query reads: every word that is neither a command nor a name of its own."""
    bare = re.sub(r"'[^']*'", "", query)
    own = set(re.findall(r" as (\w+)", bare))
    return set(re.findall(r"[a-z_][\w.]*", bare)) - own - COMMANDS - FUNCTIONS


def names(document: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    """The fields that Logs Insights finds in a line."""
    for name, value in document.items():
        if isinstance(value, Mapping):
            yield from names(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"


def test_each_query_matches_a_line_with_all_fields(template: Template, lines: list[dict[str, Any]]) -> None:
    assert queries(template)
    for query in queries(template):
        [message] = re.findall(r"filter message = '([^']*)'", query)
        [line] = [each for each in lines if each["message"] == message]
        assert fields(query) <= {*names(line)}, query


def test_the_fields_of_a_query_are_found() -> None:
    query = "filter message = 'a b' | fields c.d + e as f | stats sum(f) as g by h | limit 10"
    assert fields(query) == {"message", "c.d", "e", "h"}
