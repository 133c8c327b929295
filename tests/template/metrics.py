"""The metrics that the template's alarms and dashboard use, in one form."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from background_sync_ops.stack.template import Template
from tests.template.resources import Properties, properties

ALARM = "AWS::CloudWatch::Alarm"
DASHBOARD = "AWS::CloudWatch::Dashboard"
REFERENCE = re.compile(r"\$\{([^}]+)\}")


@dataclass(frozen=True)
class NamedMetric:
    """A metric, with dimensions by name; a reference is written `Id` or `Id.Attribute`."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]
    statistic: str
    used_in: str


def alarms(template: Template) -> dict[str, Properties]:
    return properties(template, ALARM)


def dashboard(template: Template) -> str:
    """The dashboard's body, with the references in it."""
    (item,) = properties(template, DASHBOARD).values()
    body, names = item["DashboardBody"]["Fn::Sub"]
    for name, table in names.items():
        body = body.replace(f"${{{name}}}", f"${{{table['Ref']}}}")
    return str(body)


def widgets(template: Template) -> list[Properties]:
    """The dashboard's widgets; each reference is replaced by the name that it refers to."""
    body: dict[str, Any] = json.loads(REFERENCE.sub(r"\1", dashboard(template)))
    return list(body["widgets"])


def named_metrics(template: Template) -> Iterator[NamedMetric]:
    for logical_id, alarm in alarms(template).items():
        yield from _of_alarm(logical_id, alarm)
    for widget in widgets(template):
        for metric in widget["properties"].get("metrics", []):
            if "expression" not in metric[0]:
                yield _of_widget(widget["properties"], metric)


def _of_alarm(logical_id: str, alarm: Properties) -> Iterator[NamedMetric]:
    for asked in alarm.get("Metrics", [{"MetricStat": {"Metric": alarm, "Stat": alarm.get("Statistic")}}]):
        if stat := asked.get("MetricStat"):
            metric = stat["Metric"]
            pairs = tuple((each["Name"], _value(each["Value"])) for each in metric["Dimensions"])
            yield NamedMetric(metric["Namespace"], metric["MetricName"], pairs, stat["Stat"], logical_id)


def _of_widget(widget: Properties, metric: list[Any]) -> NamedMetric:
    namespace, name, *pairs, options = metric
    dimensions = tuple(zip(pairs[::2], pairs[1::2], strict=True))
    return NamedMetric(namespace, name, dimensions, options.get("stat", widget["stat"]), widget["title"])


def _value(reference: dict[str, Any]) -> str:
    if "Ref" in reference:
        return str(reference["Ref"])
    return ".".join(reference["Fn::GetAtt"])
