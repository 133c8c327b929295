"""`background-sync redrive`: the dead-letter queue's messages go back to work."""

from datetime import timedelta

from background_sync_ops.cli.errors import WELL
from background_sync_ops.cli.output import console, print_json, progress
from background_sync_ops.cli.where import Where
from background_sync_ops.redrive import Moved
from background_sync_ops.redrive import redrive as move


def redrive(where: Where, timeout: timedelta, *, as_json: bool) -> int:
    """The exit status; what could not be moved is an error."""
    last = _moved(where, timeout)
    if as_json:
        print_json({"moved": last.moved})
    else:
        console().print(_sentence(last.moved))
    return WELL


def _moved(where: Where, timeout: timedelta) -> Moved:
    target, last = where.target(), Moved(0, 0)
    with progress() as bar:
        task = bar.add_task("moving messages", total=None)
        for last in move(target, timeout.total_seconds()):
            bar.update(task, completed=last.moved, total=last.waiting)
    return last


def _sentence(moved: int) -> str:
    if moved == 0:
        return "The dead-letter queue is empty: nothing to move."
    messages = "1 message" if moved == 1 else f"{moved} messages"
    return f"Moved {messages} from the dead-letter queue back to the work queue."
