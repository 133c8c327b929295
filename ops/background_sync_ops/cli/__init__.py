"""The operator's command line, `background-sync`.

    <command>.py      a command: its options, its help, and what it prints
    app.py            runs a command, and explains errors
    command.py        registers a command
    options.py        the options that several commands share
    times.py          times and durations, as people type and read them
    streams.py        stdout and stderr that are closed or full
    environment.py    variables that are not the command line's
    output.py         text, tables and progress bars on stdout and stderr
    tables.py         runs and sweeps as tables
    verification.py   the results of comparing with Kapso, as tables
    errors.py         an expected error as one line

A command imports AWS's libraries when it runs, so `--help` and shell completion stay quick.
"""

# ruff: noqa: PLC0415 - during an import outside `main`, Ctrl-C would be a traceback
import sys

from background_sync_ops.errors import INTERRUPTED, NOT_DONE


def main() -> None:
    """The console script."""
    try:
        status = _run()
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted.\n")
        status = INTERRUPTED
    except Exception:
        # A bug. Python's own status is 1, which means something else in several commands.
        import traceback

        traceback.print_exc()
        status = NOT_DONE
    sys.exit(status)


def _run() -> int:
    from background_sync_ops.cli.environment import remove_foreign
    from background_sync_ops.cli.streams import prepare_streams

    prepare_streams()
    remove_foreign()
    from background_sync_ops.cli.app import run

    return run(sys.argv[1:])
