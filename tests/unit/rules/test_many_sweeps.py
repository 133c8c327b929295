"""Over many sweeps no contact is flagged twice within the cooldown, and every stale one is flagged."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from math import ceil

from hypothesis import given
from hypothesis import strategies as st

from background_sync.rules.contact import Contact, Verdict, best, judge
from background_sync.rules.policy import HOUR_MS, Policy

START = 1_767_225_600_000
Flags = dict[str, list[int]]


def sweeps(contacts: dict[str, Contact], policy: Policy, times: list[int]) -> Iterator[set[str]]:
    for now in times:
        due = [each for each in contacts.values() if judge(each, now, policy) is Verdict.DUE]
        chosen = best((), due, policy.max_flags_per_run, ())
        for each in chosen:
            contacts[each.contact_id] = replace(each, flagged_at=now)
        yield {each.contact_id for each in chosen}


def named(ages_h: list[tuple[int, int | None, str | None]]) -> dict[str, Contact]:
    return {
        f"c{number}": Contact(
            f"c{number}",
            START - age * HOUR_MS,
            status,
            None if flagged_ago is None else START - flagged_ago * HOUR_MS,
        )
        for number, (age, flagged_ago, status) in enumerate(ages_h)
    }


statuses = st.sampled_from([None, "new", "contacted", "archived", "converted"])
some_contacts = st.lists(
    st.tuples(st.integers(0, 90), st.none() | st.integers(-3, 60), statuses), min_size=1, max_size=25
).map(named)
policies = st.builds(
    Policy,
    stale_threshold_ms=st.integers(1, 10).map(lambda hours: hours * HOUR_MS),
    flag_cooldown_ms=st.integers(1, 30).map(lambda hours: hours * HOUR_MS),
    max_flags_per_run=st.integers(0, 8),
)
gaps = st.lists(st.integers(0, 20).map(lambda quarters: quarters * HOUR_MS // 4), min_size=1, max_size=40)


@given(some_contacts, policies, gaps)
def test_a_cooldown_has_one_flag(contacts: dict[str, Contact], policy: Policy, gaps: list[int]) -> None:
    flags: Flags = defaultdict(list)
    for contact in contacts.values():
        flags[contact.contact_id] += [] if contact.flagged_at is None else [contact.flagged_at]
    times = [START + sum(gaps[:number]) for number in range(len(gaps))]
    for now, flagged in zip(times, sweeps(contacts, policy, times), strict=True):
        assert len(flagged) <= policy.max_flags_per_run
        for contact_id in flagged:
            assert all(now == at or now - at >= policy.flag_cooldown_ms for at in flags[contact_id])
            flags[contact_id].append(now)


@given(st.integers(1, 120), st.integers(1, 20))
def test_all_stale_contacts_are_flagged_before_any_is_flagged_again(count: int, cap: int) -> None:
    contacts = named([(2 + number % 7, None, "new") for number in range(count)])
    needed = ceil(count / cap)
    policy = Policy(flag_cooldown_ms=(needed + 1) * HOUR_MS, max_flags_per_run=cap)
    rounds = list(sweeps(contacts, policy, [START + hour * HOUR_MS for hour in range(needed)]))
    assert sum(map(len, rounds)) == count
    assert set().union(*rounds) == set(contacts)


@given(some_contacts, st.integers(1, 5), st.integers(1, 30))
def test_all_stale_ones_are_flagged_in_time(contacts: dict[str, Contact], cap: int, cooldown_h: int) -> None:
    policy = Policy(flag_cooldown_ms=cooldown_h * HOUR_MS, max_flags_per_run=cap)
    stale = {
        each.contact_id
        for each in contacts.values()
        if judge(each, START, policy) in (Verdict.DUE, Verdict.COOLING)
    }
    # A flag may be up to 3 h ahead; after its cooldown there is time for all contacts.
    hours = 3 + cooldown_h + ceil(len(contacts) / cap)
    reached = sweeps(contacts, policy, [START + hour * HOUR_MS for hour in range(hours + 1)])
    assert stale <= set().union(*reached)
