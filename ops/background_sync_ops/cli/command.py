"""Registering commands with Typer."""

import inspect
import os
import sys
from collections.abc import Callable
from dataclasses import is_dataclass
from functools import cache, wraps
from pathlib import Path
from shutil import which
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup, TyperOption

from background_sync_ops.cli.streams import require_stdout

NAME = "background-sync"
BY_MAKE = "BACKGROUND_SYNC_BY_MAKE"
"""The variable that `make run` sets."""
METAVARS = {int: "NUMBER", Path: "PATH"}
Command = Callable[..., int]


class PlainHelp(TyperCommand):
    """Help that names values by what they are, and shows none for a flag: Typer shows Python's types."""

    def get_params(self, ctx: Any) -> list[Any]:
        return [_plain(each) for each in super().get_params(ctx)]


class PlainGroupHelp(TyperGroup):
    """The same for the whole command line."""

    def get_params(self, ctx: Any) -> list[Any]:
        return [_plain(each) for each in super().get_params(ctx)]


def _plain(parameter: Any) -> Any:
    if isinstance(parameter, TyperOption) and parameter.metavar is None:
        kind = parameter.type_descriptor.annotation
        parameter.metavar = "" if parameter.is_flag else METAVARS.get(kind, "NAME")
    return parameter


app = typer.Typer(
    name=NAME,
    cls=PlainGroupHelp,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)


@cache
def program() -> str:
    """This program, as it can be typed here."""
    started = Path(sys.argv[0])
    return NAME if started.name != NAME or which(NAME) else os.path.relpath(started)


def typed(text: str) -> str:
    """The text, with the commands in its backticks as they can be typed here."""
    return text.replace(f"`{NAME} ", f"`{program()} ")


def help_command(command_path: str) -> str:
    """How to ask for a command's help; `make run` starts `up`."""
    if BY_MAKE in os.environ and command_path == f"{NAME} up":
        return 'make run ARGS="--help"'
    return f"{command_path.replace(NAME, program(), 1)} --help"


def exit_status(*meanings: str) -> str:
    """The last line of a command's help."""
    return "Exit status: " + "; ".join((*meanings, "2 usage error", "3 other error")) + "."


def command(epilog: str, *, name: str | None = None) -> Callable[[Command], Command]:
    """Register a command, which returns its exit status.

    A parameter whose type is a dataclass becomes several options, one for each field.
    """

    def register(function: Command) -> Command:
        app.command(name, cls=PlainHelp, epilog=epilog)(_with_options(function))
        return function

    return register


def _with_options(function: Command) -> Command:
    parameters = inspect.signature(function).parameters
    groups: dict[str, Any] = {
        name: each.annotation for name, each in parameters.items() if is_dataclass(each.annotation)
    }
    fields = {name: inspect.signature(group).parameters for name, group in groups.items()}

    @wraps(function)
    def with_options(**values: Any) -> int:
        for name, group in groups.items():
            values[name] = group(**{field: values.pop(field) for field in fields[name]})
        require_stdout()
        try:
            return function(**values)
        except KeyboardInterrupt:
            typer.echo("Interrupted.", err=True)
            raise

    # Typer reads the options from the signature.
    plain = [each for name, each in parameters.items() if name not in groups]
    options = [option for group in fields.values() for option in group.values()]
    merged = [each.replace(kind=each.KEYWORD_ONLY) for each in (*plain, *options)]
    with_options.__signature__ = inspect.Signature(merged)  # type: ignore[attr-defined]
    with_options.__annotations__ = {each.name: each.annotation for each in merged}
    return with_options
