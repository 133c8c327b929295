"""Logs (JSON) and metrics (EMF, so that they cost no request)."""

from collections.abc import Mapping

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

logger = Logger()
metrics = Metrics()


def emit(counts: Mapping[str, int], workspace_id: str | None = None, **durations_ms: int) -> None:
    """One EMF document: `counts` under CamelCase names, and durations.

    A metric that cannot be written is logged, and costs no run.
    A workspace's id is a property of the document, never a dimension: dimensions are billed per value.
    """
    try:
        _emit(counts, workspace_id, durations_ms)
    except Exception:
        logger.exception("the metrics could not be written")
        metrics.clear_metrics()


def _emit(counts: Mapping[str, int], workspace_id: str | None, durations_ms: Mapping[str, int]) -> None:
    for name, count in counts.items():
        metrics.add_metric(metric_name(name), MetricUnit.Count, count)
    for name, duration in durations_ms.items():
        metrics.add_metric(metric_name(name), MetricUnit.Milliseconds, duration)
    if workspace_id is not None:
        metrics.add_metadata("workspace_id", workspace_id)
    metrics.flush_metrics()


def metric_name(name: str) -> str:
    """`stale_found` -> `StaleFound`."""
    return "".join(word.capitalize() for word in name.split("_"))
