"""The commands: their options, their help, and how they end.

What a command needs is imported when it runs, so that `--help` and shell completion are quick.
"""
# ruff: noqa: PLC0415

import importlib.metadata
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from background_sync_ops.cli.options import (
    A_DAY,
    FIFTEEN_MINUTES,
    AsJson,
    At,
    Level,
    Profile,
    Region,
    StackName,
    StateDir,
    Timeout,
    duration,
    share,
    since,
    time,
)
from background_sync_ops.cli.times import Since

if TYPE_CHECKING:
    from background_sync_ops.cli.where import Where

NAME = "background-sync"
INTERRUPTED = 130
MAX_PORT = 65535
MIN_PEOPLE, MAX_PEOPLE = 50, 1000

app = typer.Typer(
    name=NAME,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _where(
    stack_name: str | None, profile: str | None, region: str | None, state_dir: Path | None
) -> "Where":
    from background_sync_ops.cli.where import Where

    return Where(stack_name, profile, region, state_dir)


def _exit_status(*meanings: str) -> str:
    """The end of a command's help."""
    listed = (*meanings, "2 wrong usage", "3 it could not be done")
    return "Exit status: " + "; ".join(listed) + "."


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
    """Makes a CRM's mirror of WhatsApp contacts trustworthy: the operator's command line.

    `background-sync up` starts everything on this machine, with demo data, and sweeps it. While it runs, the
    other commands find it from the same folder. With `--stack-name` they act on AWS.
    """


@app.command(
    epilog=_exit_status(
        "0 ended by Ctrl-C or, with --once, no run failed",
        "1 with --once, a run failed or the sweep did not finish",
    )
)
def up(
    snapshot: Annotated[
        Path | None,
        typer.Option(
            "--import",
            metavar="PATH",
            show_default="a built-in demo",
            help="What `npx convex export` wrote, to be loaded: the ZIP or the unpacked folder.",
        ),
    ] = None,
    kapso_url: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            show_default="the template's: Kapso's own",
            help="Where Kapso is asked about workspaces that verify: https, or http to this machine.",
        ),
    ] = None,
    every: Annotated[
        timedelta,
        typer.Option(
            parser=duration,
            metavar="DURATION",
            show_default="1h",
            help="The time between two sweeps: 90s, 10m, 1h.",
        ),
    ] = timedelta(hours=1),
    once: Annotated[bool, typer.Option("--once", help="One sweep, print what came of it, and exit.")] = False,
    at: At = None,
    api_port: Annotated[
        int, typer.Option(min=0, max=MAX_PORT, help="Where the health API is served; 0: any free port.")
    ] = 8080,
    aws_port: Annotated[
        int, typer.Option(min=0, max=MAX_PORT, help="Where the AWS endpoint is served; 0: any free port.")
    ] = 4566,
    as_json: AsJson = False,
    timeout: Timeout = FIFTEEN_MINUTES,
    template: Annotated[
        Path | None,
        typer.Option(
            show_default="this project's",
            help="The SAM template that it is made from; also the one that `sam build` wrote.",
        ),
    ] = None,
    state_dir: StateDir = None,
) -> int:
    """Start the local stack, load data, sweep at once and then every --every.

    The tables, queues, functions and the health API are those of `template.yaml`, all on this machine. Ctrl-C
    ends it, and its data with it. With `--json`, the document holds the first sweep and its runs. Lines of
    the snapshot that cannot be loaded are reported, and do not change the exit status.
    """
    from background_sync_ops.cli import up as command

    options = command.Options(
        snapshot=snapshot,
        kapso_url=kapso_url,
        every=every,
        once=once,
        at=at,
        api_port=api_port,
        aws_port=aws_port,
        as_json=as_json,
        timeout=timeout,
        template=template,
        state_dir=state_dir,
    )
    return command.up(options)


@app.command("import", epilog=_exit_status("0 every line is loaded", "1 some lines were bad"))
def import_(
    path: Annotated[
        Path, typer.Argument(help="What `npx convex export` wrote: the ZIP or the unpacked folder.")
    ],
    as_json: AsJson = False,
    stack_name: StackName = None,
    profile: Profile = None,
    region: Region = None,
    state_dir: StateDir = None,
) -> int:
    """Load a Convex snapshot export: newer data wins, importing twice changes nothing.

    A line that cannot be loaded is reported as file:line and reason; all others are loaded.
    """
    from background_sync_ops.cli import importing as command

    return command.import_(_where(stack_name, profile, region, state_dir), path, as_json=as_json)


@app.command(
    epilog=_exit_status("0 every run is completed", "1 a run failed, or the sweep did not finish in time")
)
def sweep(
    at: At = None,
    timeout: Timeout = FIFTEEN_MINUTES,
    as_json: AsJson = False,
    stack_name: StackName = None,
    profile: Profile = None,
    region: Region = None,
    state_dir: StateDir = None,
) -> int:
    """Sweep now, and follow it until it is done.

    Given the time of an earlier sweep, it does what is missing or failed of that one.
    """
    from background_sync_ops.cli import sweep as command

    return command.sweep(_where(stack_name, profile, region, state_dir), at, timeout, as_json=as_json)


@app.command(epilog="Exit status: 0 pass; 1 warn; 2 fail, or wrong usage; 3 no answer.")
def health(
    workspace: Annotated[str | None, typer.Option(help="The runs of this workspace only.")] = None,
    limit: Annotated[
        int, typer.Option(min=1, max=100, help="How many runs and sweeps, the newest first.")
    ] = 10,
    watch: Annotated[
        bool, typer.Option("--watch", help="Go on looking; Ctrl-C ends it, and the last answer counts.")
    ] = False,
    interval: Annotated[
        timedelta | None,
        typer.Option(
            parser=duration,
            metavar="DURATION",
            show_default="5s",
            help="With --watch: the time between two looks.",
        ),
    ] = None,
    as_json: AsJson = False,
    stack_name: StackName = None,
    profile: Profile = None,
    region: Region = None,
    state_dir: StateDir = None,
) -> int:
    """How sync itself is doing: health, sweeps and runs, and what to do about it.

    The exit status is the health. With --json, the document is that of GET /health/runs. With --watch, a
    terminal shows it live, a pipe gets one line for each change, and --json one line for each look.
    """
    from background_sync_ops.cli import health as command

    where = _where(stack_name, profile, region, state_dir)
    query = command.Query(workspace, limit, as_json=as_json)
    if watch:
        from background_sync_ops.cli import watching

        return watching.watch(where, query, interval or watching.FIVE_SECONDS)
    if interval is not None:
        raise typer.BadParameter("--interval goes with --watch")
    return command.health(where, query)


@app.command(epilog=_exit_status("0 done"))
def dashboard(
    in_browser: Annotated[bool, typer.Option("--open", help="Open it in the browser too.")] = False,
    as_json: AsJson = False,
    stack_name: StackName = None,
    profile: Profile = None,
    region: Region = None,
    state_dir: StateDir = None,
) -> int:
    """The address of the stack's CloudWatch dashboard.

    The local stack has no CloudWatch: it is the address of its status page.
    """
    from background_sync_ops.cli import dashboard as command

    where = _where(stack_name, profile, region, state_dir)
    return command.dashboard(where, in_browser=in_browser, as_json=as_json)


@app.command(epilog=_exit_status("0 done"))
def contacts(
    workspace: Annotated[str, typer.Argument(help="The workspace's id.")],
    stale: Annotated[bool, typer.Option("--stale", help="Only those that are stale.")] = False,
    limit: Annotated[
        int | None,
        typer.Option(
            min=1,
            show_default="50; with --json, all",
            help="How many, the longest quiet first.",
        ),
    ] = None,
    as_json: AsJson = False,
    stack_name: StackName = None,
    profile: Profile = None,
    region: Region = None,
    state_dir: StateDir = None,
) -> int:
    """A workspace's contacts: last activity, stale or not, flag and notes.

    They are judged as of now, by the workspace's own settings.
    """
    from background_sync_ops.cli import contacts as command

    where = _where(stack_name, profile, region, state_dir)
    return command.contacts(where, workspace, limit, only_stale=stale, as_json=as_json)


@app.command(epilog=_exit_status("0 done"))
def logs(
    workspace: Annotated[str, typer.Argument(help="The workspace's id.")],
    since: Annotated[
        Since,
        typer.Option(
            parser=since,
            metavar="DURATION|ISO8601",
            show_default="24h",
            help="Where it begins: 30m, 1h, 7d ago, or at 2026-01-01T10:00:00Z.",
        ),
    ] = A_DAY,
    limit: Annotated[int, typer.Option(min=1, help="How many entries, the newest ones.")] = 100,
    level: Annotated[
        Level | None,
        typer.Option(
            case_sensitive=False,
            metavar="LEVEL",
            show_default="all",
            help="Those of this level and above: debug, info, warning, error, critical.",
        ),
    ] = None,
    as_json: AsJson = False,
    stack_name: StackName = None,
    profile: Profile = None,
    region: Region = None,
    state_dir: StateDir = None,
) -> int:
    """What the reconciler's log says of a workspace: its runs, audits and backfills, the newest last.

    On AWS it is read from CloudWatch Logs. With --json, each entry has all its keys.
    """
    from background_sync_ops.cli import logs as command

    where = _where(stack_name, profile, region, state_dir)
    return command.logs(where, workspace, since, level, limit, as_json=as_json)


@app.command(epilog=_exit_status("0 done"))
def redrive(
    timeout: Timeout = FIFTEEN_MINUTES,
    as_json: AsJson = False,
    stack_name: StackName = None,
    profile: Profile = None,
    region: Region = None,
    state_dir: StateDir = None,
) -> int:
    """Move the dead-letter queue's messages back to the work queue.

    Each is work on a workspace that failed on every attempt, and `background-sync health` or `logs` shows the
    error; or a message that cannot be read, which comes back: the runbook says how to remove it.
    """
    from background_sync_ops.cli import redrive as command

    return command.redrive(_where(stack_name, profile, region, state_dir), timeout, as_json=as_json)


@app.command(epilog=_exit_status("0 every audit is completed", "1 one failed, or did not finish in time"))
def audit(
    workspace: Annotated[
        str | None,
        typer.Argument(show_default="every active workspace", help="The workspace's id."),
    ] = None,
    timeout: Timeout = FIFTEEN_MINUTES,
    as_json: AsJson = False,
    stack_name: StackName = None,
    profile: Profile = None,
    region: Region = None,
    state_dir: StateDir = None,
) -> int:
    """Read contacts in full, and mend what the activity index does not show as it is.

    Sync does this by itself, once a day for each workspace.
    """
    from background_sync_ops.cli import audit as command

    return command.audit(_where(stack_name, profile, region, state_dir), workspace, timeout, as_json=as_json)


@app.command(
    epilog=_exit_status("0 all are active", "1 one is off, or a number has none, or nothing was changed")
)
def webhooks(
    workspace: Annotated[
        str | None,
        typer.Argument(show_default="every active workspace", help="The workspace's id."),
    ] = None,
    resume: Annotated[
        str | None,
        typer.Option(
            metavar="WORKSPACE",
            help="Switch on the webhook of this workspace that is off, after showing it and asking.",
        ),
    ] = None,
    webhook: Annotated[
        str | None,
        typer.Option(metavar="ID", help="With --resume: which one, where several are off."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="With --resume: without asking.")] = False,
    as_json: AsJson = False,
    stack_name: StackName = None,
    profile: Profile = None,
    region: Region = None,
    state_dir: StateDir = None,
) -> int:
    """The webhooks of each workspace's number, as Kapso has them, and what the last run saw of them.

    Kapso switches a webhook off when it fails, and only a person switches it on again: nothing else of it is
    changed. Each workspace is asked about with its own token, which is read from SSM and shown nowhere;
    what may be secret in a URL is shown as ***.
    """
    where = _where(stack_name, profile, region, state_dir)
    if resume is None:
        if webhook is not None or yes:
            raise typer.BadParameter("--webhook and --yes go with --resume")
        from background_sync_ops.cli import webhooks as command

        return command.webhooks(where, workspace, as_json=as_json)
    if workspace is not None:
        raise typer.BadParameter("name the workspace once: after --resume")
    from background_sync_ops.cli import resuming

    return resuming.resume(where, resume, webhook, sure=yes, as_json=as_json)


@app.command(epilog=_exit_status("0 it is completed", "1 it failed, or did not finish in time"))
def backfill(
    workspace: Annotated[str, typer.Argument(help="The workspace's id.")],
    since: Annotated[
        int,
        typer.Option(parser=time, metavar="ISO8601", help="Where it begins: 2026-01-01T10:00:00Z."),
    ],
    until: Annotated[
        int | None,
        typer.Option(
            parser=time, metavar="ISO8601", show_default="now", help="Where it ends; 30 days are the most."
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count, and write nothing.")] = False,
    timeout: Timeout = FIFTEEN_MINUTES,
    as_json: AsJson = False,
    stack_name: StackName = None,
    profile: Profile = None,
    region: Region = None,
    state_dir: StateDir = None,
) -> int:
    """Compare a workspace with Kapso over a part of the past, and repair what was missed.

    Runs look back as far as the last one; this looks further. It repairs whatever `settings.verify` says,
    and goes on by itself when this command ends before it. To repeat it changes nothing.
    """
    from background_sync_ops.cli import backfill as command

    options = command.Options(
        workspace_id=workspace,
        since=since,
        until=until,
        dry_run=dry_run,
        timeout=timeout,
        as_json=as_json,
    )
    return command.backfill(_where(stack_name, profile, region, state_dir), options)


@app.command(
    epilog=_exit_status("0 all that was missed was repaired, and nobody else was touched", "1 that is not so")
)
def demo(
    loss: Annotated[
        float,
        typer.Option(
            parser=share, metavar="PERCENT", show_default="5%", help="The share of webhooks that get lost."
        ),
    ] = 0.05,
    contacts: Annotated[
        int, typer.Option(min=MIN_PEOPLE, max=MAX_PEOPLE, help="How many contacts there are to begin with.")
    ] = 400,
    seed: Annotated[int, typer.Option(min=0, help="The same seed makes the same story.")] = 1,
    as_json: AsJson = False,
) -> int:
    """The story in under a minute: a day of messages, some webhooks lost, and what one sweep makes of it.

    Everything runs on this machine, on ports of its own: the stack of `template.yaml`, a server that behaves
    like Kapso, and a CRM that takes its webhooks. What sync found is held against what was really missed, and
    the plain rule (quiet for over an hour) beside it. Then a webhook is switched off, and on again. At the
    end all of it is gone.
    """
    from background_sync_ops.cli import demo as command

    return command.demo(loss, contacts, seed, as_json=as_json)


def run(arguments: Sequence[str]) -> int:
    """Run a command and return its exit status; what was to be expected to go wrong takes one line."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    try:
        return app(list(arguments), prog_name=NAME, standalone_mode=False) or 0
    except typer.TyperException as error:
        return _usage_error(error)
    except typer.Abort:
        return INTERRUPTED
    except Exception as error:
        return _failure(error)


def _usage_error(error: typer.TyperException) -> int:
    context, message = getattr(error, "ctx", None), error.format_message().rstrip(".")
    hint = f" (see {context.command_path} --help)" if context is not None else ""
    if message:  # none without arguments: then the help is printed
        typer.echo(f"error: {message}{hint}", err=True)
    return error.exit_code


def _failure(error: Exception) -> int:
    from background_sync_ops.cli import errors

    line = errors.explained(error)
    if line is None:
        raise error
    typer.echo(f"error: {line}", err=True)
    return errors.status_of(error)
