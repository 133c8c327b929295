"""The dashboard is drawn as it is meant, and shows what is there."""

import json
import re
from collections import defaultdict
from itertools import combinations

import pytest

from background_sync_ops.cost import prices
from background_sync_ops.stack.template import Template
from tests.template.metrics import REFERENCE, alarms, dashboard, named_metrics, widgets
from tests.template.resources import Properties, properties, target

COLUMNS = 24


@pytest.fixture(name="widgets")
def all_widgets(template: Template) -> list[Properties]:
    return widgets(template)


def title_of(widget: Properties) -> str:
    content: str = widget["properties"].get("title") or widget["properties"]["markdown"]
    return content


def overlap(one: Properties, other: Properties) -> bool:
    apart = (
        one["x"] + one["width"] <= other["x"]
        or other["x"] + other["width"] <= one["x"]
        or one["y"] + one["height"] <= other["y"]
        or other["y"] + other["height"] <= one["y"]
    )
    return not apart


def test_the_dashboard_refers_only_to_resources_and_parameters_of_the_template(template: Template) -> None:
    known = {*template.resources, *template.body["Parameters"], "AWS::Region", "AWS::StackName"}
    assert {name.split(".")[0] for name in REFERENCE.findall(dashboard(template))} <= known


def test_the_widgets_are_on_the_grid_and_do_not_overlap(widgets: list[Properties]) -> None:
    for widget in widgets:
        assert widget["x"] >= 0
        assert widget["width"] > 0
        assert widget["x"] + widget["width"] <= COLUMNS, title_of(widget)
    for one, other in combinations(widgets, 2):
        assert not overlap(one, other), (title_of(one), title_of(other))


def test_every_line_has_a_label_and_every_axis_a_unit(widgets: list[Properties]) -> None:
    for widget in widgets:
        if widget["type"] == "metric":
            lines = [options["label"] for *_, options in widget["properties"]["metrics"]]
            assert len(set(lines)) == len(lines), title_of(widget)
            assert widget["properties"]["yAxis"]["left"]["label"], title_of(widget)


def test_units_are_priced_as_the_command_prices_them(widgets: list[Properties]) -> None:
    [[read, written, [price]]] = [
        metrics for each in widgets if "expression" in str(metrics := each["properties"].get("metrics", []))
    ]
    assert (read[1], read[-1]["id"], written[1], written[-1]["id"]) == (
        "ReadUnits",
        "read",
        "WriteUnits",
        "written",
    )
    per_million = [prices()["dollars"][f"million {kind} units"] for kind in ("read", "write")]
    assert price["expression"] == "(read * {} + written * {}) / 1000000".format(*per_million)


def test_the_dashboard_shows_every_alarm_that_each_stack_has(
    template: Template, widgets: list[Properties]
) -> None:
    [shown] = [widget["properties"]["alarms"] for widget in widgets if widget["type"] == "alarm"]
    assert shown == [
        f"{name}.Arn" for name in alarms(template) if "Condition" not in template.resources[name]
    ]


def test_opening_the_dashboard_scans_no_log_and_saved_queries_do(
    template: Template, widgets: list[Properties]
) -> None:
    assert "log" not in {widget["type"] for widget in widgets}
    queries = properties(template, "AWS::Logs::QueryDefinition")
    assert queries
    assert {target(group) for each in queries.values() for group in each["LogGroupNames"]} == {
        "ReconcilerLogGroup"
    }


@pytest.mark.parametrize(
    ("url", "taken"),
    [
        ("docs/operations.md", True),
        ("https://git.example/o'brien/docs/operations.md?plain=1", True),
        ('https://git.example/"', False),
        ("C:\\docs", False),
        ("two words", False),
        ("", False),
    ],
)
def test_the_runbooks_address_leaves_the_body_json(template: Template, url: str, taken: bool) -> None:
    pattern = template.body["Parameters"]["RunbookUrl"]["AllowedPattern"]
    assert bool(re.fullmatch(pattern, url)) is taken
    if taken:
        json.loads(dashboard(template).replace("${RunbookUrl}", url))


def test_each_graph_of_tables_shows_their_indexes_too(template: Template) -> None:
    """DynamoDB counts what an index consumes and throttles under the index's name only."""
    tables = properties(template, "AWS::DynamoDB::Table")
    expected = {(("TableName", name),) for name in tables} | {
        (("TableName", name), ("GlobalSecondaryIndexName", index["IndexName"]))
        for name, table in tables.items()
        for index in table.get("GlobalSecondaryIndexes", [])
    }
    shown = defaultdict[str, set[object]](set)
    for metric in named_metrics(template):
        if metric.namespace == "AWS/DynamoDB":
            shown[metric.name].add(metric.dimensions)
    assert len(shown) == 4
    assert all(each == expected for each in shown.values())


def test_the_dashboard_url_has_the_name_of_the_dashboard(template: Template) -> None:
    (item,) = template.of_type("AWS::CloudWatch::Dashboard").values()
    assert item["Properties"]["DashboardName"] == {"Ref": "AWS::StackName"}
    address = template.body["Outputs"]["DashboardUrl"]["Value"]["Fn::Sub"]
    assert address.endswith("#dashboards/dashboard/${AWS::StackName}")
