"""One delivered queue message: worked on and acknowledged, or left to be delivered again.

completed, or continued by a follow-up   acknowledged
another delivery holds the lease         again when its lease ends, in case the owner died; not an error
the deadline is near                     again at once; does not count as an attempt
the attempt failed                       again after a pause
invalid, or of a time in the future     moved to the dead-letter queue, and acknowledged
its notice could not be sent             again after a pause; its record stays completed
its attempts are spent                   again at once, until the queue moves it to the dead-letter queue
a dry run whose attempts are spent       acknowledged: it only counted for whoever asked
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from background_sync.batch import RetryLater
from background_sync.clock import CLOSING_MS, Deadline
from background_sync.messages import InvalidMessage, Message, read_message
from background_sync.notices import Notices
from background_sync.records.runs import AttemptsSpent, LeaseLost, OwnedElsewhere, Run
from background_sync.sync.announce import notice_of
from background_sync.sync.task import Job, JobContext, run_job
from background_sync.telemetry import logger

START_MARGIN_MS = 25_000
"""What must be left of an invocation to start on a message."""
RETRY_PAUSE_S = 30
MAX_LOGGED = 500
FRESH_COPY_AFTER = 5
"""After so many receives without an attempt, a message continues as a fresh copy: SQS counts receives, and
must not move a message that never failed to the dead-letter queue."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A received message; `receive_count` is 1 the first time."""

    body: str
    receipt_handle: str
    receive_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageHandler:
    """Handles deliveries; `work` has the function for each kind of message."""

    context: JobContext
    work: Mapping[str, Callable[[Job], None]]
    notices: Notices

    def handle(self, delivery: Delivery, deadline: Deadline) -> None:
        """Work on one message; returns when it may be acknowledged.

        Raises:
            RetryLater: it must not be acknowledged.
        """
        try:
            message = read_message(delivery.body, self.context.clock.now())
        except InvalidMessage as error:
            self._refuse(delivery, error)
            return
        with logger.append_context_keys(
            workspace_id=message.workspace_id, run_at=message.run_at, kind=message.kind
        ):
            self._work_on(delivery, message, deadline)

    def _work_on(self, delivery: Delivery, message: Message, deadline: Deadline) -> None:
        if deadline.within(START_MARGIN_MS):
            logger.debug("not started, the deadline is near")
            self._retry_without_failure(delivery, message, 0)
            return
        work, first = self.work[message.kind], delivery.receive_count <= 1
        try:
            record = run_job(self.context, message, deadline, work, first_delivery=first)
        except OwnedElsewhere as owned:
            logger.debug("another delivery holds the lease", lease_until=owned.lease_until)
            wait_ms = owned.lease_until - self.context.clock.now()
            self._retry_without_failure(delivery, message, -(-wait_ms // 1000))
        except LeaseLost as lost:
            logger.debug("another delivery took it over")
            raise self._retry(delivery, RETRY_PAUSE_S) from lost
        except AttemptsSpent as spent:
            logger.error("abandoned", attempts=int(spent.run.attempts), error=spent.run.error)
            if message.window is None or not message.window.dry_run:
                raise self._retry(delivery, 0) from spent
        except Exception as error:
            logger.exception("the attempt failed")
            raise self._retry(delivery, RETRY_PAUSE_S * delivery.receive_count) from error
        else:
            self._announce(delivery, message, record, deadline)

    def _announce(self, delivery: Delivery, message: Message, record: Run, deadline: Deadline) -> None:
        """Send the notice of a completed record before its message is acknowledged: so at least once."""
        notice = notice_of(message, record)
        if notice is None or not self.notices.wanted:
            return
        if deadline.within(CLOSING_MS):
            self._retry_without_failure(delivery, message, 0)
            return
        try:
            self.notices.send(notice)
        except Exception as error:
            logger.exception("the notice could not be sent")
            raise self._retry(delivery, RETRY_PAUSE_S * delivery.receive_count) from error

    def _refuse(self, delivery: Delivery, error: InvalidMessage) -> None:
        """Move a message that can never be read to the dead-letter queue, and log it once."""
        try:
            self.context.queue.send_to_dead_letters(delivery.body)
        except Exception:
            logger.exception("the invalid message could not be moved")
            raise self._retry(delivery, 0) from error
        logger.error("invalid message", reason=str(error), body=delivery.body[:MAX_LOGGED])

    def _retry_without_failure(self, delivery: Delivery, message: Message, seconds: int) -> None:
        if delivery.receive_count < FRESH_COPY_AFTER:
            raise self._retry(delivery, seconds)
        self.context.queue.send([message])

    def _retry(self, delivery: Delivery, seconds: int) -> RetryLater:
        try:
            self.context.queue.hide(delivery.receipt_handle, seconds)
        except Exception:
            # SQS then delivers it again by itself, after the queue's visibility timeout.
            logger.exception("the message's visibility could not be set")
        return RetryLater(f"again in {seconds} s")
