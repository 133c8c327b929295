"""`background-sync demo`: the story, and the page of its numbers."""

import time
from collections.abc import Iterable, Iterator

from rich.console import Console
from rich.table import Table

from background_sync_ops.cli.ending import ended_by_signals
from background_sync_ops.cli.errors import NOT_WELL, WELL, CommandError
from background_sync_ops.cli.output import console, facts, print_json, progress
from background_sync_ops.cli.times import SECOND_MS, span
from background_sync_ops.story import Found, Outage, PlainRule, Plan, Story, StoryError, play

INTERRUPTED = 130
PERCENT = 100
Rows = Iterator[tuple[str, str]]


def demo(loss: float, contacts: int, seed: int, *, as_json: bool) -> int:
    """The exit status: whether all that was missed was repaired, and nobody else was touched."""
    begun = time.monotonic()
    now = time.time_ns() // 1_000_000 // SECOND_MS * SECOND_MS
    try:
        with ended_by_signals():
            story = _played(Plan(contacts, loss, seed, now))
    except StoryError as error:
        raise CommandError(str(error)) from None
    except KeyboardInterrupt:
        console(stderr=True).print("Ended.")
        return INTERRUPTED
    took_ms = round((time.monotonic() - begun) * SECOND_MS)
    if as_json:
        print_json({**story.document(), "took_ms": took_ms})
    else:
        print_story(story, console())
        console().print(f"\nIt took {span(took_ms)}, and nothing of it is left.")
    return WELL if story.well else NOT_WELL


def _played(plan: Plan) -> Story:
    with progress() as bar:
        task = bar.add_task("", total=None)

        def tell(what: str, done: int, total: int | None) -> None:
            bar.update(task, description=what, completed=done, total=total)

        return play(plan, tell)


def print_story(story: Story, out: Console) -> None:
    """The page."""
    for title, rows in (
        ("A day of messages", _day(story)),
        ("One sweep", _sweep(story.sweep)),
        ("The plain rule, quiet for over an hour, instead", _plain_rule(story.plain_rule)),
        ("A webhook that is switched off", _outage(story.outage)),
    ):
        out.print(f"\n{title}", style="bold")
        out.print(_table(rows))
    out.print(f"\n{_verdict(story)}", style="bold green" if story.well else "bold red")


def _table(rows: Iterable[tuple[str, str]]) -> Table:
    table = facts()
    for row in rows:
        table.add_row(*row)
    return table


def _day(story: Story) -> Rows:
    day, sweep = story.day, story.sweep
    missed = sweep.behind + sweep.missing
    yield "Before", f"{story.contacts} contacts, each in step with Kapso"
    yield "Messages", f"{day.messages}, by and to {day.people} people; the others are merely quiet"
    yield "Webhooks", f"{day.arrived} arrived, {day.lost} lost: nobody sends them again"
    yield "Missed", f"{missed} people: {sweep.behind} behind, {sweep.missing} not in the CRM at all"
    if day.people_hit > missed:
        yield "", f"the other {day.people_hit - missed} whom a loss hit were heard of again"


def _sweep(sweep: Found) -> Rows:
    yield "Kapso", f"asked {sweep.requests} times, about {sweep.verified} people: {sweep.in_step} in step"
    yield "Mended", f"{sweep.repaired} repaired, {sweep.created} created"
    yield "Flagged", f"{sweep.flagged}: {sweep.confirmed_quiet} are quiet, and Kapso confirms it"
    yield "Left behind", str(sweep.left_behind)
    yield "Recall", _percent(sweep.recall, none="nobody was missed")
    precision = _percent(sweep.precision, none="nobody was found")
    yield "Precision", f"{precision}; {sweep.others_touched} others were touched"


def _plain_rule(rule: PlainRule) -> Rows:
    yield "Would flag", f"{rule.flagged} contacts, of which {rule.really_missed} had really been missed"
    if rule.invisible:
        yield "Cannot see", f"the {rule.invisible} who are not in the CRM"


def _outage(outage: Outage) -> Rows:
    sweep, later = outage.sweep, outage.later
    yield "Kapso", f"switched it off after {outage.refused} failed deliveries"
    yield "Messages", f"{outage.unheard} by {sweep.behind} people, of which the CRM heard nothing"
    yield "Next sweep", f"webhook {sweep.webhook}; {sweep.repaired} repaired, {sweep.left_behind} left behind"
    yield "Resumed", f"as by `background-sync webhooks --resume`; {outage.heard_again} messages heard"
    yield "Next sweep", f"webhook {later.webhook}; {later.repaired} repaired, {later.in_step} in step"


def _percent(share: float | None, *, none: str) -> str:
    """What only rounds to 100 % is shown as less; `none` says why there is none."""
    if share is None:
        return none
    return "100 %" if share == 1 else f"{min(share * PERCENT, 99.9):.1f} %"


def _verdict(story: Story) -> str:
    if story.well:
        return "All that was missed was repaired, and nobody else was touched."
    return "Not all is as it should be: look at the numbers above."
