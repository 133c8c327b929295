"""Registering commands with Typer."""

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any

import typer

from background_sync_ops.cli.options import StackOptions

NAME = "background-sync"
Command = Callable[..., int]

app = typer.Typer(
    name=NAME,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def exit_status(*meanings: str) -> str:
    """The last line of a command's help."""
    return "Exit status: " + "; ".join((*meanings, "2 usage error", "3 not possible")) + "."


def command(epilog: str, *, name: str | None = None) -> Callable[[Command], Command]:
    """Register a command, which returns its exit status."""

    def register(function: Command) -> Command:
        app.command(name, epilog=epilog)(_with_stack_options(function))
        return function

    return register


def _with_stack_options(function: Command) -> Command:
    """The same command, where the options of `StackOptions` replace the parameter `stack`."""
    parameters = dict(inspect.signature(function).parameters)
    if parameters.pop("stack", None) is None:
        return function
    options = inspect.signature(StackOptions).parameters

    @wraps(function)
    def with_options(**values: Any) -> int:
        stack = StackOptions(**{name: values.pop(name) for name in options})
        return function(stack=stack, **values)

    # Typer reads the options from the signature.
    merged = [each.replace(kind=each.KEYWORD_ONLY) for each in (parameters | options).values()]
    with_options.__signature__ = inspect.Signature(merged)  # type: ignore[attr-defined]
    with_options.__annotations__ = {each.name: each.annotation for each in merged}
    return with_options
