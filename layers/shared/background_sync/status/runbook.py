"""The checks of health in plain words, and where the runbook says more of each.

`anchor` is a section of docs/operations.md, a test holds it there. `wrong` and `mend` are what the page says
of a check that is not well, `command` is what to begin with.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Guide:
    """What people are told of a check."""

    title: str
    anchor: str
    wrong: str
    mend: str
    command: str


GUIDES: Mapping[str, Guide] = {
    "sweep:age": Guide(
        "Last finished sweep",
        "no-sweep-finishes",
        "No sweep has finished for too long: nobody is looking for missed messages.",
        "See whether sweeps start and whether they end. A sweep by hand does no harm.",
        "background-sync sweep",
    ),
    "runs:failed": Guide(
        "Failed runs",
        "runs-fail",
        "Some workspaces could not be checked in the last sweep.",
        "Read what the runs say. Once the cause is mended, the next sweep makes up for it.",
        "background-sync health",
    ),
    "queue:age": Guide(
        "Oldest open sweep",
        "messages-wait",
        "A sweep has been open for longer than the time between two sweeps.",
        "Look at the reconciler's log. More reconcilers at a time work the messages off faster.",
        "background-sync health",
    ),
    "queue:depth": Guide(
        "Waiting messages",
        "messages-wait",
        "More messages wait than two sweeps send.",
        "Look at the reconciler's log. More reconcilers at a time work the messages off faster.",
        "background-sync health",
    ),
    "deadLetters:waiting": Guide(
        "Dead letters",
        "dead-letters",
        "Messages were given up: each is work on a workspace that nobody does.",
        "Mend the cause, which the log of the reconciler names, then move the messages back.",
        "background-sync redrive",
    ),
    "verification:deferred": Guide(
        "Deferred verification",
        "verification-is-deferred",
        "Some workspaces could not be compared with Kapso. Nothing is lost: later sweeps go on.",
        "See what the runs say: a revoked key needs a new one, a spent budget only time.",
        "background-sync health",
    ),
    "verification:age": Guide(
        "Last full verification",
        "verification-is-deferred",
        "It has been long since one sweep compared every workspace with Kapso.",
        "See which workspaces are put off sweep after sweep, and why.",
        "background-sync health",
    ),
    "webhooks:off": Guide(
        "Webhooks off",
        "a-webhook-is-off",
        "Some numbers have no webhook, or Kapso has switched it off: only sweeps see what happens there.",
        "Find them, and switch them on again.",
        "background-sync webhooks",
    ),
}


def runbook_link(url: str, check: str) -> str:
    """The address of a check's section; `url` is where docs/operations.md can be read."""
    return f"{url}#{GUIDES[check].anchor}"
