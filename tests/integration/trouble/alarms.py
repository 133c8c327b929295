"""Whether an alarm of the template is raised by a value of its metric."""

import operator
from pathlib import Path
from typing import Any

from background_sync_ops.stack.template import load
from tests.template.metrics import alarms

TEMPLATE = load(Path(__file__).parents[3] / "template.yaml", {})
COMPARISONS = {"GreaterThanThreshold": operator.gt, "GreaterThanOrEqualToThreshold": operator.ge}


def is_raised(alarm: str, values: dict[str, Any]) -> bool:
    """Whether an alarm, by logical id, is raised by these values, by metric name."""
    found = alarms(TEMPLATE)[alarm]
    value = values.get(found["MetricName"])
    if value is None:
        return bool(found["TreatMissingData"] == "breaching")
    return bool(COMPARISONS[found["ComparisonOperator"]](float(value), float(found["Threshold"])))
