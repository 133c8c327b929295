"""Logs (JSON) and metrics (EMF, so that they cost no request)."""

from collections.abc import Mapping

from aws_lambda_powertools import Logger, Metrics

from background_sync.rules.metrics import METRICS

logger = Logger()
metrics = Metrics()


def emit(values: Mapping[str, float], workspace_id: str | None = None, **more: float) -> None:
    """Write one EMF document with those of the values that `METRICS` lists, under CamelCase names.

    If that fails, it is logged, and the run goes on. A workspace's id is a property of the document and not a
    dimension, because CloudWatch bills each value of a dimension.
    """
    try:
        _emit({**values, **more}, workspace_id)
    except Exception:
        logger.exception("the metrics could not be written")
        metrics.clear_metrics()


def _emit(values: Mapping[str, float], workspace_id: str | None) -> None:
    for name, value in values.items():
        if unit := METRICS.get(name):
            metrics.add_metric(metric_name(name), unit, value)
    if workspace_id is not None:
        metrics.add_metadata("workspace_id", workspace_id)
    metrics.flush_metrics()


def metric_name(name: str) -> str:
    """`stale_found` -> `StaleFound`."""
    return "".join(word.capitalize() for word in name.split("_"))
