"""The story of `background-sync demo`: webhooks are lost, and one sweep repairs what they missed.

    play.py     what happens: a day with losses, then a webhook that is switched off
    stage.py    where it happens: the local stack with its intake, and Kapso
    people.py   the contacts
    traffic.py  the messages
    truth.py    what was really missed, and what a sweep changed
    results.py  the numbers of the story

Contacts, messages and losses come from a seed, and the story sets the time, so the same seed gives the same
numbers.
"""

from background_sync_ops.story.play import Plan, ReportProgress, play
from background_sync_ops.story.results import Day, PlainRule, Story, SweepResult, WebhookSwitchOff
from background_sync_ops.story.stage import StoryError

__all__ = [
    "Day",
    "PlainRule",
    "Plan",
    "ReportProgress",
    "Story",
    "StoryError",
    "SweepResult",
    "WebhookSwitchOff",
    "play",
]
