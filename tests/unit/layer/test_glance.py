"""What a survey counts at a glance is what the rules say, whatever stands in the index."""

from collections.abc import Mapping
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from background_sync.records.typed import deserialize, serialize
from background_sync.rules.contact import (
    OWN_TIMES,
    Confirmation,
    Contact,
    Verdict,
    best,
    contact_from_index,
    judge,
)
from background_sync.rules.policy import DAY_MS, HOUR_MS, Policy
from background_sync.rules.times import future_times
from background_sync.sync.glance import bar, glance
from background_sync.sync.survey import COUNTED_AS

NOW = 1_767_225_600_000
AGES = (-2 * DAY_MS, -HOUR_MS, 0, 1, HOUR_MS, HOUR_MS + 1, DAY_MS - 1, DAY_MS, DAY_MS + 1, 9 * DAY_MS)
times = st.sampled_from([NOW - age for age in AGES])
odd = st.sampled_from([0, -1, 5, None, "soon", True, NOW * 1000])
statuses = st.sampled_from(["new", "", "archived", "converted"]) | odd
entries = st.fixed_dictionaries(
    {"contact_id": st.sampled_from("abcd"), "activity_at": times | odd},
    optional={"lead_status": statuses, **dict.fromkeys(OWN_TIMES, times | odd)},
)
contacts = st.builds(
    Contact, st.sampled_from("cdefgh"), times, st.none(), st.none() | times, st.none() | times
)
PLAIN = {"contact_id": "a", "lead_status": "new"}


@example({**PLAIN, "activity_at": NOW - DAY_MS, "flagged_at": NOW}, None, {}, [], 0)
@example({**PLAIN, "activity_at": NOW - DAY_MS, "flagged_at": -1}, None, {}, [], 0)
@given(
    entry=entries,
    verified_from=st.none() | times,
    missed=st.dictionaries(st.sampled_from("ab"), times),
    others=st.lists(contacts, max_size=4, unique_by=lambda each: each.contact_id),
    limit=st.integers(0, 4),
)
def test_it_agrees_with_the_rules(
    entry: Mapping[str, Any],
    verified_from: int | None,
    missed: dict[str, int],
    others: list[Contact],
    limit: int,
) -> None:
    confirmation = None if verified_from is None else Confirmation(verified_from)
    kept, refused = best([], others, limit, "c"), "c"
    ids = {each.contact_id for each in kept}
    item = {name: serialize(value) for name, value in entry.items()}
    counted_as = glance(now=NOW, clock_now=NOW, policy=Policy(), confirmation=confirmation, missed=missed)
    found = counted_as(item, bar(kept, limit, refused), ids)
    if found is None:
        return
    contact = contact_from_index(str(entry["contact_id"]), deserialize(item), NOW)
    assert contact.contact_id not in missed
    verdict = judge(contact, NOW, Policy(), confirmation)
    assert found == COUNTED_AS[verdict]
    assert not future_times(entry, OWN_TIMES, NOW)
    if verdict is Verdict.DUE:
        assert best(kept, [contact], limit, refused) == kept


@given(
    times,
    st.sampled_from(["new", "archived"]),
    st.none() | st.sampled_from([NOW - HOUR_MS, NOW - 2 * DAY_MS]),
    st.booleans(),
)
def test_only_plain_contacts_to_flag_need_a_look(
    at: int, lead_status: str, flagged_at: int | None, was_repaired: bool
) -> None:
    entry = {"contact_id": "a", "activity_at": at, "lead_status": lead_status, "flagged_at": flagged_at}
    entry["behind_at"] = min(at, NOW) if was_repaired else None
    item = {name: serialize(value) for name, value in entry.items() if value is not None}
    counted_as = glance(now=NOW, clock_now=NOW, policy=Policy(), confirmation=None, missed={})
    in_sight = at <= NOW + DAY_MS
    assert (counted_as(item, bar([], 0, ()), ()) is not None) == in_sight
