"""`background-sync redrive`."""
# ruff: noqa: PLC0415

from background_sync_ops.cli.command import command, exit_status
from background_sync_ops.cli.options import FIFTEEN_MINUTES, AsJson, StackOptions, Timeout
from background_sync_ops.cli.output import console, plural, print_json, progress
from background_sync_ops.errors import OK


@command(exit_status("0 done"))
def redrive(stack: StackOptions, timeout: Timeout = FIFTEEN_MINUTES, as_json: AsJson = False) -> int:
    """Move the messages of the dead-letter queue back to the work queue.

    Most messages are work that failed on every attempt; `background-sync health` or `logs` shows the error.
    A message that cannot be read comes back; the runbook says how to remove it.
    """
    from background_sync_ops import redrive as work

    target, last = stack.target(), work.RedriveProgress(0, 0)
    with progress() as bar:
        task = bar.add_task("moving messages", total=None)
        for last in work.redrive(target, timeout.total_seconds()):
            bar.update(task, completed=last.moved, total=last.waiting)
    if as_json:
        print_json({"moved": last.moved})
    elif last.moved == 0:
        console().print("The dead-letter queue is empty: nothing to move.")
    else:
        console().print(
            f"Moved {plural(last.moved, 'message')} from the dead-letter queue back to the work queue."
        )
    return OK
