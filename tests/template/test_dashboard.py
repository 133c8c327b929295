"""The dashboard is drawn as it is meant, and shows what is there."""

import json
from itertools import combinations

import pytest

from background_sync_ops.stack.template import Template
from tests.template.metrics import PLACE, alarms, dashboard, widgets
from tests.template.resources import Properties

COLUMNS = 24
STORY = [
    "# Is it healthy?",
    "# What did it find?",
    "# How fast is it, and what does it cost?",
    "# Infrastructure",
]
VALUES = {
    "AWS::Region": "eu-central-1",
    "AWS::StackName": "background-sync-prod",
    "RunbookUrl": "https://git.example/background-sync/docs/operations.md",
}


def substituted(body: str) -> str:
    """As CloudFormation fills it in; a resource becomes an ARN, which holds every character that one may."""
    return PLACE.sub(lambda place: VALUES.get(place[1], f"arn:aws:x:y:123456789012:{place[1]}/a-b_c"), body)


@pytest.fixture(name="widgets")
def all_widgets(template: Template) -> list[Properties]:
    return widgets(template)


def titled(widget: Properties) -> str:
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


def test_its_body_is_json_when_it_is_filled_in(template: Template) -> None:
    body = json.loads(substituted(dashboard(template)))
    assert "${" not in json.dumps(body)


def test_it_names_only_what_the_template_has(template: Template) -> None:
    known = {*template.resources, *template.body["Parameters"], "AWS::Region", "AWS::StackName"}
    assert {name.split(".")[0] for name in PLACE.findall(dashboard(template))} <= known


def test_its_widgets_stand_on_the_grid_and_not_on_each_other(widgets: list[Properties]) -> None:
    for widget in widgets:
        assert widget["x"] >= 0
        assert widget["width"] > 0
        assert widget["x"] + widget["width"] <= COLUMNS, titled(widget)
    for one, other in combinations(widgets, 2):
        assert not overlap(one, other), (titled(one), titled(other))


def test_no_row_has_a_hole(widgets: list[Properties]) -> None:
    for row in {widget["y"] for widget in widgets}:
        assert sum(widget["width"] for widget in widgets if widget["y"] == row) == COLUMNS, row


def test_each_widget_has_a_title_of_its_own(widgets: list[Properties]) -> None:
    titles = [titled(widget) for widget in widgets]
    assert len(set(titles)) == len(titles)
    assert all(len(title) > 2 for title in titles)


def test_every_line_is_labelled_and_every_axis_says_its_unit(widgets: list[Properties]) -> None:
    for widget in widgets:
        if widget["type"] == "metric":
            lines = [options["label"] for *_, options in widget["properties"]["metrics"]]
            assert len(set(lines)) == len(lines), titled(widget)
            assert widget["properties"]["yAxis"]["left"]["label"], titled(widget)


def test_it_tells_the_story_from_the_top(widgets: list[Properties]) -> None:
    texts = [widget for widget in widgets if widget["type"] == "text"]
    assert [widget["properties"]["markdown"].split("\n")[0] for widget in texts] == STORY
    assert [widget["y"] for widget in widgets] == sorted(widget["y"] for widget in widgets)


def test_every_alarm_is_on_it(template: Template, widgets: list[Properties]) -> None:
    [shown] = [widget["properties"]["alarms"] for widget in widgets if widget["type"] == "alarm"]
    assert shown == [f"{name}.Arn" for name in alarms(template)]


def test_its_queries_read_logs_of_the_template(template: Template, widgets: list[Properties]) -> None:
    queries = [widget["properties"]["query"] for widget in widgets if widget["type"] == "log"]
    assert queries
    groups = template.of_type("AWS::Logs::LogGroup")
    assert all(any(query.startswith(f"SOURCE '{group}' | ") for group in groups) for query in queries)


def test_its_address_leads_to_it(template: Template) -> None:
    (item,) = template.of_type("AWS::CloudWatch::Dashboard").values()
    assert item["Properties"]["DashboardName"] == {"Ref": "AWS::StackName"}
    address = template.body["Outputs"]["DashboardUrl"]["Value"]["Fn::Sub"]
    assert address.endswith("#dashboards/dashboard/${AWS::StackName}")
