"""The command line as a whole: runs a command, and turns errors into exit statuses."""

import importlib.metadata
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Annotated

import typer

from background_sync_ops.cli.command import NAME, app, help_command, typed
from background_sync_ops.cli.streams import OutputError

__all__ = ["app", "run"]
COMMANDS = (
    "up",
    "importing",
    "sweep",
    "health",
    "workspaces",
    "dashboard",
    "contacts",
    "forget",
    "logs",
    "redrive",
    "audit",
    "webhooks",
    "backfill",
    "doctor",
    "cost",
    "demo",
)
"""The modules of the commands, in the order of `--help`."""

for each in COMMANDS:
    import_module(f"background_sync_ops.cli.{each}")  # registers its command


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"{NAME} {importlib.metadata.version(NAME)}")
        raise typer.Exit


@app.callback()
def background_sync(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit."),
    ] = False,
) -> None:
    """Keep a CRM's copy of WhatsApp contacts correct: the operator's command line.

    `background-sync up` starts everything on this machine, loads demo data and sweeps it. While it runs, use
    the other commands in the same folder. With `--stack-name`, they act on a stack on AWS.
    """


def run(arguments: Sequence[str]) -> int:
    """Run a command and return its exit status. Expected errors become one line on stderr."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        status = app(list(arguments), prog_name=NAME, standalone_mode=False) or 0
        sys.stdout.flush()
    except typer.TyperException as error:
        return _usage_error(error)
    except OutputError as error:
        return _lost_output(error)
    except Exception as error:
        return _failure(error)
    return status


def _usage_error(error: typer.TyperException) -> int:
    context, message = getattr(error, "ctx", None), error.format_message().rstrip(".")
    message = message.replace("Value error, ", "")  # pydantic's
    hint = f" (see {help_command(context.command_path)})" if context is not None else ""
    # Without arguments there is no message: Typer has printed the help.
    if message:
        typer.echo(f"error: {message}{hint}", err=True)
    return error.exit_code


def _lost_output(error: OutputError) -> int:
    if str(error):
        typer.echo(f"error: {error}", err=True)
    return error.status


def _failure(error: Exception) -> int:
    from background_sync_ops.cli import errors  # noqa: PLC0415 - it imports botocore

    line = errors.explained(error)
    if line is None:
        raise error
    typer.echo(f"error: {typed(line)}", err=True)
    return errors.status_of(error)
