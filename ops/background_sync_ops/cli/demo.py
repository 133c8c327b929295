"""`background-sync demo`."""
# ruff: noqa: PLC0415

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from background_sync_ops.cli.command import command, exit_status
from background_sync_ops.cli.options import AsJson, share
from background_sync_ops.cli.output import console, facts, print_json, print_stderr, progress
from background_sync_ops.cli.signals import interrupted_by_signals
from background_sync_ops.cli.times import SECOND_MS, span
from background_sync_ops.errors import NOT_OK, OK, CommandError

if TYPE_CHECKING:
    from background_sync_ops.story import PlainRule, Plan, Story, SweepResult, WebhookSwitchOff

MIN_CONTACTS, MAX_CONTACTS = 50, 1000
PERCENT = 100
Rows = Iterator[tuple[str, str]]


@command(
    exit_status("0 everything that was missed was repaired, and no other contact was changed", "1 otherwise")
)
def demo(
    loss: Annotated[
        float,
        typer.Option(
            parser=share, metavar="PERCENT", show_default="5%", help="The share of webhooks to lose."
        ),
    ] = 0.05,
    contacts: Annotated[
        int, typer.Option(min=MIN_CONTACTS, max=MAX_CONTACTS, help="How many contacts there are at first.")
    ] = 400,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same story.")] = 1,
    as_json: AsJson = False,
) -> int:
    """Play a story: a day of messages, some webhooks are lost, and one sweep repairs what they missed.

    Everything runs on this machine, on ports of its own: a server that behaves like Kapso, and the stack of
    `template.yaml` with its intake, which receives the webhooks. The demo compares what sync found with what
    was really missed, and with what the plain rule (quiet for over an hour) would find. Then a webhook is
    switched off and on again. At the end, everything is removed.
    """
    from background_sync_ops.story import Plan, StoryError

    begun = time.monotonic()
    now = time.time_ns() // 1_000_000 // SECOND_MS * SECOND_MS
    try:
        with interrupted_by_signals():
            story = _play(Plan(contacts, loss, seed, now))
    except StoryError as error:
        raise CommandError(str(error)) from None
    took_ms = round((time.monotonic() - begun) * SECOND_MS)
    if as_json:
        print_json({**story.document(), "took_ms": took_ms})
    else:
        print_story(story, console())
        console().print(f"\nIt took {span(took_ms)}, and everything is removed again.")
    return OK if story.ok else NOT_OK


def _play(plan: "Plan") -> "Story":
    from background_sync_ops.story import play

    with progress() as bar:
        task = bar.add_task("", total=None)

        def report_progress(description: str, done: int, total: int | None) -> None:
            if bar.disable and description != bar.tasks[task].description:
                print_stderr(description)
            bar.update(task, description=description, completed=done, total=total)

        return play(plan, report_progress)


def print_story(story: "Story", out: Console) -> None:
    for title, rows in (
        ("A day of messages", _day(story)),
        ("One sweep", _sweep(story.sweep)),
        ("The plain rule instead: quiet for over an hour", _plain_rule(story.plain_rule)),
        ("A webhook is switched off", _webhook_switch_off(story.webhook_switch_off)),
    ):
        out.print(f"\n{title}", style="bold")
        out.print(facts(rows))
    out.print(f"\n{_verdict(story)}", style="bold green" if story.ok else "bold red")


def _day(story: "Story") -> Rows:
    day, sweep = story.day, story.sweep
    missed = sweep.behind + sweep.missing
    yield "Before", f"{story.contacts} contacts, all in step with Kapso"
    yield "Messages", f"{day.messages}, by and to {day.people} people; the others are just quiet"
    yield "Webhooks", f"{day.arrived} arrived, {day.lost} lost and never sent again"
    yield "Missed", f"{missed} people: {sweep.behind} behind, {sweep.missing} not in the CRM at all"
    if day.people_with_losses > missed:
        yield "", f"{day.people_with_losses - missed} others lost a webhook, but a later one arrived"


def _sweep(sweep: "SweepResult") -> Rows:
    yield "Kapso", f"{sweep.requests} requests about {sweep.verified} people; {sweep.in_step} are in step"
    yield "Fixed", f"{sweep.repaired} repaired, {sweep.created} created"
    yield "Flagged", f"{sweep.flagged}: {sweep.confirmed_quiet} are quiet, and Kapso confirms it"
    yield "Left behind", str(sweep.left_behind)
    yield "Recall", _percent(sweep.recall, none="no one was missed")
    precision = _percent(sweep.precision, none="no one was found")
    yield "Precision", f"{precision}; {sweep.others_changed} other contacts were changed"


def _plain_rule(rule: "PlainRule") -> Rows:
    yield "Would flag", f"{rule.flagged} contacts, but only {rule.really_missed} of them had been missed"
    if rule.not_in_crm:
        yield "Cannot see", f"the {rule.not_in_crm} people who are not in the CRM"


def _webhook_switch_off(switch_off: "WebhookSwitchOff") -> Rows:
    sweep, later = switch_off.sweep_while_off, switch_off.sweep_after_resume
    yield "Kapso", f"switched it off after {switch_off.failed_deliveries} failed deliveries"
    yield "Messages", f"{switch_off.missed_messages} by {sweep.behind} people, and none reached the CRM"
    yield "Next sweep", f"webhook {sweep.webhook}; {sweep.repaired} repaired, {sweep.left_behind} left behind"
    yield (
        "Resumed",
        f"with `background-sync webhooks --connect`; {switch_off.delivered_after_resume} messages arrived",
    )
    yield "Next sweep", f"webhook {later.webhook}; {later.repaired} repaired, {later.in_step} in step"


def _percent(share: float | None, *, none: str) -> str:
    """A share below 1 is never rounded up to 100 %. `none` is the text if there is no share."""
    if share is None:
        return none
    return "100 %" if share == 1 else f"{min(share * PERCENT, 99.9):.1f} %"


def _verdict(story: "Story") -> str:
    if story.ok:
        return "Everything that was missed was repaired, and no other contact was changed."
    return "Something is wrong: see the numbers above."
