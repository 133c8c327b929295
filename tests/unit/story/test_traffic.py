"""Who takes part and who writes when: the same for the same seed, and no loss that could pass for none."""

import random
from itertools import pairwise

from background_sync.rules.contact import GRACE_MS
from background_sync.rules.policy import DAY_MS
from background_sync_ops.story.people import LONGEST_QUIET_MS, Somebody, cast
from background_sync_ops.story.traffic import Line, conversations, one_each

BEGIN = 1_767_261_600_000
END = BEGIN + DAY_MS


def story(seed: int) -> tuple[list[Somebody], list[Somebody], list[Line]]:
    rng = random.Random(seed)  # noqa: S311 - a story is no secret
    known, new = cast(rng, 60, 20, BEGIN)
    return known, new, conversations(rng, [*known, *new], BEGIN, END)


def test_the_same_seed_makes_the_same_story_and_another_one_another() -> None:
    assert story(1) == story(1)
    assert story(1) != story(2)


def test_everybody_is_somebody_else() -> None:
    known, new, _ = story(3)
    assert len({each.contact_id for each in (*known, *new)}) == 80


def test_whoever_is_known_wrote_before_and_whoever_is_new_did_not() -> None:
    known, new, _ = story(4)
    assert all(each.wrote_at and BEGIN - LONGEST_QUIET_MS <= each.wrote_at < BEGIN for each in known)
    assert all(each.wrote_at is None for each in new)


def test_messages_come_in_their_order_within_the_day() -> None:
    _, _, lines = story(5)
    assert all(BEGIN <= line.at < END for line in lines)
    assert all(one.at <= other.at for one, other in pairwise(lines))


def test_each_message_of_a_person_is_further_from_the_last_one_than_the_grace() -> None:
    _, _, lines = story(6)
    for contact_id in {line.who.contact_id for line in lines}:
        times = [line.at for line in lines if line.who.contact_id == contact_id]
        assert all(other - one > GRACE_MS for one, other in pairwise(times))


def test_one_each_is_spread_evenly() -> None:
    known, _, _ = story(7)
    times = [line.at for line in one_each(known[:4], BEGIN, BEGIN + 400)]
    assert times == [BEGIN, BEGIN + 100, BEGIN + 200, BEGIN + 300]
    assert one_each([], BEGIN, END) == []
