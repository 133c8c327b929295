"""The dashboard is drawn as it is meant, and shows what is there."""

import json
from itertools import combinations

import pytest

from background_sync_ops.stack.template import Template
from tests.template.metrics import REFERENCE, alarms, dashboard, widgets
from tests.template.resources import Properties

COLUMNS = 24
VALUES = {
    "AWS::Region": "eu-central-1",
    "AWS::StackName": "background-sync-prod",
    "RunbookUrl": "https://git.example/background-sync/docs/operations.md",
}


def substituted(body: str) -> str:
    """The body as CloudFormation substitutes it; a resource becomes an ARN with all kinds of characters."""
    return REFERENCE.sub(lambda to: VALUES.get(to[1], f"arn:aws:x:y:123456789012:{to[1]}/a-b_c"), body)


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


def test_the_body_is_json_after_substitution(template: Template) -> None:
    body = json.loads(substituted(dashboard(template)))
    assert "${" not in json.dumps(body)


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


def test_the_dashboard_shows_every_alarm(template: Template, widgets: list[Properties]) -> None:
    [shown] = [widget["properties"]["alarms"] for widget in widgets if widget["type"] == "alarm"]
    assert shown == [f"{name}.Arn" for name in alarms(template)]


def test_log_queries_read_log_groups_of_the_template(template: Template, widgets: list[Properties]) -> None:
    queries = [widget["properties"]["query"] for widget in widgets if widget["type"] == "log"]
    assert queries
    groups = template.of_type("AWS::Logs::LogGroup")
    assert all(any(query.startswith(f"SOURCE '{group}' | ") for group in groups) for query in queries)


def test_the_dashboard_url_has_the_name_of_the_dashboard(template: Template) -> None:
    (item,) = template.of_type("AWS::CloudWatch::Dashboard").values()
    assert item["Properties"]["DashboardName"] == {"Ref": "AWS::StackName"}
    address = template.body["Outputs"]["DashboardUrl"]["Value"]["Fn::Sub"]
    assert address.endswith("#dashboards/dashboard/${AWS::StackName}")
