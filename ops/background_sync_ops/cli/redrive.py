"""`background-sync redrive`."""
# ruff: noqa: PLC0415

from typing import TYPE_CHECKING

from background_sync_ops.cli.command import command, exit_status
from background_sync_ops.cli.options import FIFTEEN_MINUTES, AsJson, StackOptions, Timeout
from background_sync_ops.cli.output import clean, console, plural, print_json, progress
from background_sync_ops.errors import OK

if TYPE_CHECKING:
    from background_sync_ops.target import Target


@command(exit_status("0 done"))
def redrive(stack: StackOptions, timeout: Timeout = FIFTEEN_MINUTES, as_json: AsJson = False) -> int:
    """Move the messages of the dead-letter queue back to the work queue, and the intake's to its queue.

    Most messages are work that failed on every attempt; `background-sync health` or `logs` shows the error.
    A message that cannot be read comes back: it is reported, with the command that removes it.
    """
    from background_sync_ops import redrive as work
    from background_sync_ops.dead_letters import unreadable

    target, last = stack.target(), work.RedriveProgress(0, 0)
    invalid = unreadable(target)
    with progress() as bar:
        task = bar.add_task("moving messages", total=None)
        for last in work.redrive(target, timeout.total_seconds()):
            bar.update(task, completed=last.moved, total=last.waiting)
    if as_json:
        queue = target.outputs["DeadLetterQueueUrl"]
        reasons = [reason for _, reason in invalid]
        print_json({"moved": last.moved, "unreadable": reasons, "dead_letter_queue_url": queue})
    elif last.moved == 0:
        console().print("The dead-letter queue is empty: nothing to move.")
    else:
        moved = plural(last.moved, "message")
        console().print(f"Moved {moved} from the dead-letter queue back to the work queue.")
    if invalid and not as_json:
        console().print(_hint(target, invalid), soft_wrap=True)
    return OK


def _hint(target: "Target", invalid: list[tuple[str, str]]) -> str:
    queue, reason = invalid[0]
    endpoint = f" --endpoint-url {target.endpoints['*']}" if target.is_local else f" --region {target.region}"
    purge = f"aws sqs purge-queue --queue-url {queue}{endpoint}"
    return (
        f"{len(invalid)} of them cannot be read, and will come back: {clean(reason)}\n"
        f"When nothing else is in the queue, remove what came back: {purge}"
    )
