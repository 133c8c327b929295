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
from background_sync_ops.cli.signals import INTERRUPTED, interrupted_by_signals
from background_sync_ops.cli.times import SECOND_MS, span
from background_sync_ops.errors import NOT_OK, OK, CommandError

if TYPE_CHECKING:
    from background_sync_ops.story import Found, Outage, PlainRule, Plan, Story

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
    seed: Annotated[int, typer.Option(min=0, help="The same seed plays the same story.")] = 1,
    as_json: AsJson = False,
) -> int:
    """Play a story in under a minute: a day of messages, some webhooks lost, and what one sweep repairs.

    Everything runs on this machine, on ports of its own: the stack of `template.yaml`, a server that behaves
    like Kapso, and a CRM that receives its webhooks. The demo compares what sync found with what was really
    missed, and with what the plain rule (quiet for over an hour) would find. Then a webhook is switched off
    and on again. At the end, everything is removed.
    """
    from background_sync_ops.story import Plan, StoryError

    begun = time.monotonic()
    now = time.time_ns() // 1_000_000 // SECOND_MS * SECOND_MS
    try:
        with interrupted_by_signals():
            story = _played(Plan(contacts, loss, seed, now))
    except StoryError as error:
        raise CommandError(str(error)) from None
    except KeyboardInterrupt:
        print_stderr("Ended.")
        return INTERRUPTED
    took_ms = round((time.monotonic() - begun) * SECOND_MS)
    if as_json:
        print_json({**story.document(), "took_ms": took_ms})
    else:
        print_story(story, console())
        console().print(f"\nIt took {span(took_ms)}, and everything is removed again.")
    return OK if story.well else NOT_OK


def _played(plan: "Plan") -> "Story":
    from background_sync_ops.story import play

    with progress() as bar:
        task = bar.add_task("", total=None)

        def tell(what: str, done: int, total: int | None) -> None:
            bar.update(task, description=what, completed=done, total=total)

        return play(plan, tell)


def print_story(story: "Story", out: Console) -> None:
    for title, rows in (
        ("A day of messages", _day(story)),
        ("One sweep", _sweep(story.sweep)),
        ("The plain rule instead: quiet for over an hour", _plain_rule(story.plain_rule)),
        ("A webhook is switched off", _outage(story.outage)),
    ):
        out.print(f"\n{title}", style="bold")
        out.print(facts(rows))
    out.print(f"\n{_verdict(story)}", style="bold green" if story.well else "bold red")


def _day(story: "Story") -> Rows:
    day, sweep = story.day, story.sweep
    missed = sweep.behind + sweep.missing
    yield "Before", f"{story.contacts} contacts, all in step with Kapso"
    yield "Messages", f"{day.messages}, by and to {day.people} people; the others are just quiet"
    yield "Webhooks", f"{day.arrived} arrived, {day.lost} lost and never sent again"
    yield "Missed", f"{missed} people: {sweep.behind} behind, {sweep.missing} not in the CRM at all"
    if day.people_hit > missed:
        yield "", f"{day.people_hit - missed} others lost one webhook, but a later one arrived"


def _sweep(sweep: "Found") -> Rows:
    yield "Kapso", f"asked {sweep.requests} times, about {sweep.verified} people: {sweep.in_step} in step"
    yield "Fixed", f"{sweep.repaired} repaired, {sweep.created} created"
    yield "Flagged", f"{sweep.flagged}: {sweep.confirmed_quiet} are quiet, and Kapso confirms it"
    yield "Left behind", str(sweep.left_behind)
    yield "Recall", _percent(sweep.recall, none="no one was missed")
    precision = _percent(sweep.precision, none="no one was found")
    yield "Precision", f"{precision}; {sweep.others_touched} other contacts were changed"


def _plain_rule(rule: "PlainRule") -> Rows:
    yield "Would flag", f"{rule.flagged} contacts; only {rule.really_missed} of them had been missed"
    if rule.invisible:
        yield "Cannot see", f"the {rule.invisible} people who are not in the CRM"


def _outage(outage: "Outage") -> Rows:
    sweep, later = outage.sweep, outage.later
    yield "Kapso", f"switched it off after {outage.refused} failed deliveries"
    yield "Messages", f"{outage.unheard} by {sweep.behind} people, and none reached the CRM"
    yield "Next sweep", f"webhook {sweep.webhook}; {sweep.repaired} repaired, {sweep.left_behind} left behind"
    yield "Resumed", f"as by `background-sync webhooks --resume`; {outage.heard_again} messages arrived"
    yield "Next sweep", f"webhook {later.webhook}; {later.repaired} repaired, {later.in_step} in step"


def _percent(share: float | None, *, none: str) -> str:
    """Only exactly all is 100 %; `none` is the text if there is no share."""
    if share is None:
        return none
    return "100 %" if share == 1 else f"{min(share * PERCENT, 99.9):.1f} %"


def _verdict(story: "Story") -> str:
    if story.well:
        return "Everything that was missed was repaired, and no other contact was changed."
    return "Something is wrong: see the numbers above."
