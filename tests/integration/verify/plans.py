"""What may happen in some hours of a workspace: in Kapso, to the webhooks, and to the sweeps."""

from dataclasses import dataclass

from hypothesis import strategies as st

from background_sync.rules.policy import MINUTE_MS
from background_sync_ops.kapso import LastPage
from background_sync_ops.kapso import faults as answers
from background_sync_ops.kapso.model import MESSAGE_EVENTS

PEOPLE = 7
SECOND_MS = 1000
FAILS: dict[str, tuple[answers.Fault, int]] = {
    "503": (answers.status(503), 3),
    "reset": (answers.reset(), 3),
    "401": (answers.status(401), 1),
    "422": (answers.status(422), 1),
    "429": (answers.status(429), 1),
    "invalid_response": (answers.broken_json(), 1),
    "redirect": (answers.redirect("https://example.com/"), 1),
    "once": (answers.status(500), 1),
}
"""How the requests for a page fail, and how many of them."""
WEBHOOKS: dict[str, tuple[bool, tuple[str, ...]]] = {
    "active": (True, MESSAGE_EVENTS),
    "incomplete": (True, MESSAGE_EVENTS[:1]),
    "off": (False, MESSAGE_EVENTS),
}
"""By its state in a run, whether the number's webhook is on, and its events."""


@dataclass(frozen=True)
class Event:
    """Something that happens to person number `who`, `age_s` before the sweep."""

    what: str
    who: int
    age_s: int


@dataclass(frozen=True)
class Hour:
    """What happens before a sweep, and what fails in it."""

    events: tuple[Event, ...]
    fails: tuple[str, int] | None = None
    dies: tuple[int, str] | None = None
    slow: bool = False
    webhook: str = "active"


@dataclass(frozen=True)
class Plan:
    """A story. `kinds` are what Kapso knows of each person: phone, bsuid or both; `known`: has a contact.

    The phone of a `spelled` person is spelled in two ways: by WhatsApp in Kapso, and as dialled in the table.
    """

    kinds: tuple[str, ...]
    known: tuple[bool, ...]
    hours: tuple[Hour, ...]
    page_size: int
    last_page: LastPage
    crowd: int = 0


MESSAGES: dict[str, int | None] = {
    "missed": None,
    "missed sent": None,
    "arrives": 2 * SECOND_MS,
    "twice": 2 * SECOND_MS,
    "late": 5 * MINUTE_MS,
}
"""How long a message's webhook takes; None is a webhook that never arrives."""
OTHERS = ("receipt", "opened", "renamed", "noted", "updated", "deleted", "identified anew")
IN_THE_FUTURE = ("flag dated ahead", "workspace dated ahead")
ages_s = st.sampled_from([0, 60, 119, 120, 121, 240]) | st.integers(0, 55 * 60)
events = st.builds(
    Event, st.sampled_from(["missed", *MESSAGES, *OTHERS, *IN_THE_FUTURE]), st.integers(0, PEOPLE - 1), ages_s
)
hours = st.builds(
    Hour,
    st.lists(events, max_size=6).map(lambda found: tuple(sorted(found, key=lambda each: -each.age_s))),
    st.none() | st.tuples(st.sampled_from(sorted(FAILS)), st.integers(1, 3)),
    st.none() | st.tuples(st.integers(1, 45), st.sampled_from(["before", "after"])),
    st.booleans(),
    st.sampled_from(sorted(WEBHOOKS)),
)
plans = st.builds(
    Plan,
    st.tuples(*[st.sampled_from(["phone", "spelled", "bsuid", "both"])] * PEOPLE),
    st.tuples(*[st.booleans()] * PEOPLE),
    st.lists(hours, min_size=1, max_size=3).map(tuple),
    st.sampled_from([2, 3, 100]),
    st.sampled_from(LastPage),
).filter(lambda plan: plan.page_size == 100 or plan.last_page is not LastPage.REPEATED_AFTER)
"""A full page that repeats its cursor defers a scan, so lists end like that only after a page with room."""
