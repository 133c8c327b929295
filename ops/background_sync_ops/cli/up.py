"""`background-sync up`."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from background_sync_ops.cli.command import command, exit_status
from background_sync_ops.cli.options import (
    FIFTEEN_MINUTES,
    AsJson,
    At,
    KeepSecrets,
    ReportFile,
    StateDir,
    Timeout,
    duration,
)
from background_sync_ops.errors import USAGE, CommandError

DAY = timedelta(days=1)
MAX_PORT = 65535


@dataclass(frozen=True)
class UpOptions:
    """The options of `background-sync up`."""

    snapshot: Annotated[
        Path | None,
        typer.Option(
            "--import",
            metavar="PATH",
            show_default="a built-in demo",
            help="The export of `npx convex export` to load: the ZIP, its folder, or the unpacked folder.",
        ),
    ] = None
    report_file: ReportFile = None
    keep_secrets: KeepSecrets = False
    kapso_url: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            show_default="from the template: Kapso's own",
            help="The address of Kapso, for workspaces that verify: https, or http on this machine.",
        ),
    ] = None
    every: Annotated[
        timedelta,
        typer.Option(
            parser=duration,
            metavar="DURATION",
            show_default="1h",
            help="The time between two sweeps: 90s, 10m, 1h.",
        ),
    ] = timedelta(hours=1)
    once: Annotated[bool, typer.Option("--once", help="Sweep once, print the result, and exit.")] = False
    at: At = None
    api_port: Annotated[
        int, typer.Option(min=0, max=MAX_PORT, help="The port of the health API; 0: any free port.")
    ] = 8080
    aws_port: Annotated[
        int, typer.Option(min=0, max=MAX_PORT, help="The port of the AWS endpoint; 0: any free port.")
    ] = 4566
    as_json: AsJson = False
    timeout: Timeout = FIFTEEN_MINUTES
    template: Annotated[
        Path | None,
        typer.Option(
            show_default="this project's",
            help="The SAM template of the stack: this project's, or the one that `sam build` wrote.",
        ),
    ] = None
    state_dir: StateDir = None


@command(
    exit_status(
        "0 ended by Ctrl-C or, with --once, no run failed",
        "1 with --once, a run failed, the sweep did not finish, or lines of the snapshot could not be loaded",
    )
)
def up(options: UpOptions) -> int:
    """Start the local stack, load data, sweep at once and then every --every.

    The tables, queues, functions and the health API are those of `template.yaml`, all on this machine. Ctrl-C
    ends the stack and deletes its data. With `--json`, the document holds the first sweep and its runs. Lines
    of the snapshot that cannot be loaded are reported, and counted again at the end.
    """
    if options.every > DAY:
        raise CommandError("--every must be a day at most", USAGE)
    if options.snapshot is None and (options.report_file is not None or options.keep_secrets):
        raise CommandError("--report and --keep-secrets go with --import", USAGE)
    if options.api_port == options.aws_port != 0:
        raise CommandError("--api-port and --aws-port are the same: use two different ports", USAGE)
    from background_sync_ops.cli.local_stack import run_local_stack  # noqa: PLC0415

    return run_local_stack(options)
