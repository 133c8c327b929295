"""One delivered queue message: worked on, or put back for the right time.

completed, or gone on in a follow-up   acknowledged
another delivery is at it              back when its lease ends, for its owner may die; no error
not begun, the deadline is near        back at once; no attempt
the attempt failed                     back after a pause
unreadable, or its attempts are spent  back at once, until the queue moves it to the dead-letter queue
a dry run whose attempts are spent     acknowledged: there is nothing to be done about it
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from background_sync.clock import Clock, Deadline
from background_sync.messages import InvalidMessage, Message, read_message
from background_sync.queue import WorkQueue
from background_sync.records.runs import AttemptsSpent, LeaseLost, OwnedElsewhere
from background_sync.telemetry import logger

START_MARGIN_MS = 25_000
"""What must be left of an invocation for a message to be begun."""
RETRY_PAUSE_S = 30
FRESH_COPY_AFTER = 5
"""A message put back this often through no fault of its own travels on as a fresh copy: the queue counts
receives, and must not take it for one that fails."""

Work = Callable[..., None]


class RetryLater(Exception):
    """The message is not acknowledged."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A received message; `receive_count` is 1 the first time."""

    body: str
    receipt_handle: str
    receive_count: int


@dataclass(frozen=True, slots=True)
class MessageHandler:
    """Takes deliveries; `work` does each kind of message."""

    queue: WorkQueue
    clock: Clock
    work: Mapping[str, Work]


def deliver(desk: MessageHandler, delivery: Delivery, deadline: Deadline) -> None:
    """Work on one message; returns when it may be acknowledged.

    Raises:
        RetryLater: it must not be.
    """
    try:
        message = read_message(delivery.body)
    except InvalidMessage as error:
        logger.error("unreadable message", reason=str(error), body=delivery.body[:500])
        raise _put_back(desk, delivery, 0) from error
    with logger.append_context_keys(
        workspace_id=message.workspace_id, run_at=message.run_at, kind=message.kind
    ):
        _work(desk, delivery, message, deadline)


def _work(desk: MessageHandler, delivery: Delivery, message: Message, deadline: Deadline) -> None:
    if deadline.within(START_MARGIN_MS):
        logger.info("not begun, the deadline is near")
        _put_back_without_fault(desk, delivery, message, 0)
        return
    first = delivery.receive_count <= 1
    try:
        desk.work[message.kind](message, deadline, first_delivery=first)
    except OwnedElsewhere as owned:
        logger.info("another delivery is at it", lease_until=owned.lease_until)
        wait_s = -(-(owned.lease_until - desk.clock.now()) // 1000)
        _put_back_without_fault(desk, delivery, message, wait_s)
    except LeaseLost as lost:
        logger.info("another delivery took it over")
        raise _put_back(desk, delivery, RETRY_PAUSE_S) from lost
    except AttemptsSpent as spent:
        logger.error("given up", attempts=int(spent.run.attempts), error=spent.run.error)
        if message.window is not None and message.window.dry_run:
            return  # it only counts for whoever asked
        raise _put_back(desk, delivery, 0) from spent
    except Exception as error:
        logger.exception("the attempt failed")
        raise _put_back(desk, delivery, RETRY_PAUSE_S * delivery.receive_count) from error


def _put_back_without_fault(desk: MessageHandler, delivery: Delivery, message: Message, seconds: int) -> None:
    if delivery.receive_count < FRESH_COPY_AFTER:
        raise _put_back(desk, delivery, seconds)
    desk.queue.send([message])


def _put_back(desk: MessageHandler, delivery: Delivery, seconds: int) -> RetryLater:
    try:
        desk.queue.hide(delivery.receipt_handle, seconds)
    except Exception:
        logger.exception("the message's visibility could not be set")  # it comes back by itself, later
    return RetryLater(f"back in {seconds} s")
