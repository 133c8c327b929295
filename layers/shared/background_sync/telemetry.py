"""Logs (JSON) and metrics (EMF, so that they cost no request)."""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Lock

from aws_lambda_powertools import Logger, Metrics

from background_sync.rules.metrics import METRICS

MAX_REPEATED = 20
logger = Logger()
metrics = Metrics()
_repeated: ContextVar[Counter[str] | None] = ContextVar("repeated", default=None)
_counting = Lock()


def warn(message: str, **fields: object) -> None:
    """Log a warning that may come once for each record; in a job, at most `MAX_REPEATED` times."""
    repeated = _repeated.get()
    if repeated is not None:
        with _counting:
            repeated[message] += 1
            count = repeated[message]
        if count > MAX_REPEATED:
            return
    logger.warning(message, extra=fields, stacklevel=2)


@contextmanager
def limited_warnings() -> Iterator[None]:
    """Limit the repeated warnings of the block; at its end, one line each says how many were left out."""
    repeated: Counter[str] = Counter()
    token = _repeated.set(repeated)
    try:
        yield
    finally:
        _repeated.reset(token)
        for message, count in repeated.items():
            if count > MAX_REPEATED:
                logger.warning("more warnings of one kind", warning=message, left_out=count - MAX_REPEATED)


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
