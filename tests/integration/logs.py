"""Captures what the functions log."""

import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager

from background_sync.telemetry import logger


@contextmanager
def captured(level: int) -> Iterator[io.StringIO]:
    """Everything logged in the block from `level` up, in the functions' format."""
    lines = io.StringIO()
    handler = logging.StreamHandler(lines)
    handler.setFormatter(logger.registered_formatter)
    ours = logging.getLogger(logger.name)
    before = ours.level
    ours.setLevel(level)
    ours.addHandler(handler)
    try:
        yield lines
    finally:
        ours.removeHandler(handler)
        ours.setLevel(before)
