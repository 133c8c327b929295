"""The operator's command line, `background-sync`.

    app.py         the commands' options and help
    <command>.py   what each of them does
    where.py       the stack that a command acts on
    times.py       times and durations, typed and read
    output.py      where text goes, and how what others wrote is shown
    tables.py      runs and sweeps as tables
    verified.py    what comparing with Kapso came to, likewise
    counts.py      outcome counts as text
    sights.py      what changed between two looks at health
    errors.py      one line for what was to be expected

What AWS's libraries cost to import is paid by the command that needs them, not by `--help`.
"""

import sys
from importlib import import_module


def main() -> None:
    """The console script."""
    sys.exit(import_module("background_sync_ops.cli.app").run(sys.argv[1:]))
