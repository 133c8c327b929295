"""The checks in plain words, and where the runbook explains each.

`anchor` is a section of docs/operations.md. `problem` and `fix` are what the status page says about a check
that does not pass, `command` is the first command to run.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Guide:
    title: str
    anchor: str
    problem: str
    fix: str
    command: str


_SLOW_QUEUE = "Look at the reconciler's log. A higher reconciler concurrency processes messages faster."
GUIDES: Mapping[str, Guide] = {
    "sweep:age": Guide(
        title="Last finished sweep",
        anchor="no-sweep-finishes",
        problem="No sweep has finished for too long, so missed messages are not found.",
        fix="Check whether sweeps start and whether they finish. A sweep by hand does no harm.",
        command="background-sync sweep",
    ),
    "runs:failed": Guide(
        title="Failed runs",
        anchor="runs-fail",
        problem="Some workspaces could not be checked in the last sweep.",
        fix="Read the errors of the runs. Once the cause is fixed, the next sweep catches up.",
        command="background-sync health",
    ),
    "queue:age": Guide(
        title="Oldest open sweep",
        anchor="messages-wait",
        problem="A sweep has been open for longer than the time between two sweeps.",
        fix=_SLOW_QUEUE,
        command="background-sync health",
    ),
    "queue:depth": Guide(
        title="Waiting messages",
        anchor="messages-wait",
        problem="More messages are waiting than two sweeps send.",
        fix=_SLOW_QUEUE,
        command="background-sync health",
    ),
    "deadLetters:waiting": Guide(
        title="Dead letters",
        anchor="dead-letters",
        problem="Some messages failed too often, or cannot be read, and are no longer retried.",
        fix="Find the cause in the reconciler's log and fix it, then send the messages back to the queue.",
        command="background-sync redrive",
    ),
    "verification:deferred": Guide(
        title="Deferred verification",
        anchor="verification-is-deferred",
        problem="Some workspaces could not be compared with Kapso. Nothing is lost: later sweeps catch up.",
        fix="See why in the runs: a revoked key must be replaced, a spent budget only needs time.",
        command="background-sync health",
    ),
    "verification:uncompared": Guide(
        title="Workspaces not compared",
        anchor="verification-is-deferred",
        problem="Some workspaces could not be compared for a day, so quiet contacts are flagged there, too.",
        fix="See why in the runs: replace a revoked key, or give a key that many share a larger plan.",
        command="background-sync health",
    ),
    "verification:age": Guide(
        title="Last full verification",
        anchor="verification-is-deferred",
        problem="It has been long since one sweep compared every workspace with Kapso.",
        fix="Find the workspaces that are deferred in sweep after sweep, and the reason.",
        command="background-sync health",
    ),
    "verification:unreadable": Guide(
        title="Unreadable conversations",
        anchor="conversations-are-unreadable",
        problem="Some conversations in Kapso cannot be read, so nobody knows whether those people are quiet.",
        fix="The reconciler's log names each conversation and what is wrong with it.",
        command="background-sync logs",
    ),
    "webhooks:off": Guide(
        title="Webhooks off",
        anchor="a-webhook-is-off",
        problem="Some numbers have no webhook that is on and gets whatsapp.message.received and "
        "whatsapp.message.sent. Only sweeps see what it does not bring.",
        fix="Find these webhooks and put them right.",
        command="background-sync webhooks",
    ),
    "webhooks:failing": Guide(
        title="Webhooks failing",
        anchor="a-webhook-is-failing",
        problem="So many deliveries of some numbers failed at once that Kapso may switch their webhooks off.",
        fix="Find out why the CRM's endpoint does not answer 200 in time, before Kapso gives up.",
        command="background-sync webhooks",
    ),
    "numbers:moved": Guide(
        title="Moved numbers",
        anchor="a-number-has-moved",
        problem="Most people of a number have new ids at once: it may belong to another business.",
        fix="Ask whether the number was moved on purpose. If not, check the workspace's phone id and key.",
        command="background-sync health",
    ),
    "reception:lost": Guide(
        title="Reception from Meta",
        anchor="kapso-does-not-hear-meta",
        problem="Meta sends Kapso no messages of some numbers, so in Kapso everybody looks quiet.",
        fix="Connect these numbers in Kapso again. Until then, the plain rule decides who is flagged.",
        command="background-sync webhooks",
    ),
    "intake:age": Guide(
        title="Last webhook received",
        anchor="the-intake",
        problem="The intake has received nothing for long.",
        fix="See whether the webhooks are on and lead to this stack.",
        command="background-sync webhooks",
    ),
    "intake:silent": Guide(
        title="Silent intake",
        anchor="the-intake",
        problem="Kapso had messages of some numbers, and the intake received nothing of them.",
        fix="Their webhook is off, leads elsewhere, or is refused. Find it and connect it again.",
        command="background-sync webhooks",
    ),
}


def is_on_the_web(runbook_url: str) -> bool:
    return runbook_url.startswith(("https://", "http://"))


def runbook_link(url: str, check: str) -> str:
    """The address of a check's section; `url` is where docs/operations.md can be read."""
    return f"{url}#{GUIDES[check].anchor}"
