"""The story that `background-sync demo` tells: webhooks get lost, and one sweep finds and repairs it.

    play.py     the acts: in step, a day with losses, a webhook that is switched off
    stage.py    what they are played on: the local stack, Kapso, a CRM
    people.py   who takes part
    traffic.py  who writes when
    crm.py      a CRM that takes webhooks
    truth.py    what was really missed, and what a sweep is worth against it
    numbers.py  what came of it

Everything comes from a seed and is told at times that the story sets: the same seed, the same numbers.
"""

from background_sync_ops.story.numbers import Day, Found, Outage, PlainRule, Story
from background_sync_ops.story.play import Plan, Tell, play
from background_sync_ops.story.stage import StoryError

__all__ = ["Day", "Found", "Outage", "PlainRule", "Plan", "Story", "StoryError", "Tell", "play"]
