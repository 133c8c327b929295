"""Lambda's batches of SQS messages: one that fails is delivered again, and stops no other."""

from collections.abc import Callable, Mapping
from typing import Any

from background_sync.telemetry import logger


class RetryLater(Exception):
    """The message is not acknowledged, so SQS delivers it again."""


def handle_batch(event: Mapping[str, Any], handle: Callable[[Mapping[str, Any]], object]) -> dict[str, Any]:
    """Handle each record of an event; `batchItemFailures` of the answer lists those to deliver again.

    Powertools has this too, but its import alone takes a tenth of a cold start.
    """
    failed = [each["messageId"] for each in event["Records"] if not _is_done(each, handle)]
    return {"batchItemFailures": [{"itemIdentifier": each} for each in failed]}


def _is_done(record: Mapping[str, Any], handle: Callable[[Mapping[str, Any]], object]) -> bool:
    try:
        handle(record)
    except RetryLater:
        return False
    except Exception:
        logger.exception("the message could not be handled")
        return False
    return True
